//! The outbox: a local SQLite file that makes a command durable before it is acknowledged, whatever the
//! accounts' database and Kafka do.
//!
//! One [`writer`] owns the file (WAL, `synchronous=FULL`): what waits while it commits shares the next commit, and with
//! it one fsync. While the disk or the file fails, every append is refused at once, and the file is tried again until it
//! can be used: [`Outbox::trouble`] says so. [`entry`] is what is kept, [`file`] how the file is opened.

mod entry;
mod file;
mod writer;

use std::path::Path;

use sqlx::{Row, SqlitePool};
use tokio::sync::{mpsc, oneshot, watch};
use wire::{Millis, Position, Resident};

use crate::people::accounts;
use entry::digest;
pub use entry::{Entry, Known, Marked, Origin, Sequence};
use file::{OutboxFile, Unopened};
use writer::{Change, Write, Writer};

/// The outbox cannot be used: the disk is full, read-only or broken, or another process has the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the outbox cannot be used: {0}")]
pub struct OutboxError(String);

impl OutboxError {
    pub(crate) fn closed() -> Self {
        Self("it is closed".into())
    }
}

impl From<sqlx::Error> for OutboxError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.to_string())
    }
}

/// A session as the accounts' database told it, kept beside the entries.
#[derive(Clone, Debug)]
pub struct SessionCopy {
    /// The token's hash.
    pub token_hash: String,
    /// Whose it is; `None` once it has ended.
    pub resident: Option<Resident>,
    /// Until when it holds.
    pub expires_at: Millis,
}

/// Tells when something was noted; nobody need wait for it.
pub type Noted = oneshot::Receiver<Result<u64, OutboxError>>;

/// The outbox of this node.
#[derive(Clone)]
pub struct Outbox {
    writes: mpsc::Sender<Write>,
    reader: watch::Receiver<Option<SqlitePool>>,
    trouble: watch::Receiver<Option<OutboxError>>,
}

impl Outbox {
    /// Opens `outbox.db` in `directory`, which no other process may be using. A disk or file that fails is no error here:
    /// it is tried again, and [`Outbox::trouble`] tells.
    ///
    /// # Errors
    /// [`OutboxError`] if a second server uses the directory.
    pub async fn open(directory: &Path) -> Result<Self, OutboxError> {
        let opened = match OutboxFile::open(directory).await {
            Ok(file) => Ok(file),
            Err(Unopened::InUse(error)) => return Err(error),
            Err(Unopened::Unusable(error)) => Err(error),
        };
        let (writes, queue) = mpsc::channel(4096);
        let (tell_reader, reader) = watch::channel(None);
        let (tell_trouble, trouble) = watch::channel(None);
        let writer = Writer::new(directory.to_owned(), opened, tell_reader, tell_trouble);
        tokio::spawn(writer.run(queue));
        Ok(Self { writes, reader, trouble })
    }

    /// Why nothing can be appended now; `None` while all is well.
    #[must_use]
    pub fn trouble(&self) -> watch::Receiver<Option<OutboxError>> {
        self.trouble.clone()
    }

    /// Makes `entry` durable: when this returns, it is on the disk.
    ///
    /// # Errors
    /// [`OutboxError`] if it is not, and must not be acknowledged on its account.
    pub async fn append(&self, entry: Entry) -> Result<Sequence, OutboxError> {
        let (done, answer) = oneshot::channel();
        self.writes.send(Write::Append(entry, done)).await.map_err(|_| OutboxError::closed())?;
        answer.await.map_err(|_| OutboxError::closed())?
    }

    /// Notes where Kafka acknowledged an entry. A mark may come late or be lost: the entry is then published
    /// once more, and the fold drops the double.
    pub async fn mark(&self, sequence: Sequence, position: Position) -> Noted {
        self.note(Change::Mark(sequence, position)).await
    }

    /// Sets an entry aside that Kafka refuses for good: it is not published again by itself.
    pub async fn refuse(&self, sequence: Sequence, reason: String) -> Noted {
        self.note(Change::Refuse(sequence, reason)).await
    }

    /// Takes back the marks of entries that the log has lost: they are to be published again.
    ///
    /// # Errors
    /// [`OutboxError`] if that could not be written.
    pub async fn unmark(&self, sequences: Vec<Sequence>) -> Result<u64, OutboxError> {
        self.change(Change::Unmark(sequences)).await
    }

    /// Forgets what is published, or set aside, and was stored before `before`; of `topic` only, if one is named.
    ///
    /// # Errors
    /// [`OutboxError`] if that could not be written.
    pub async fn forget(&self, topic: Option<&'static str>, before: Millis) -> Result<u64, OutboxError> {
        self.change(Change::Forget { topic, before }).await
    }

    /// Keeps a copy of sessions; those without a resident are dropped. `synced_at` is when the database told them.
    ///
    /// # Errors
    /// [`OutboxError`] if that could not be written.
    pub async fn keep_sessions(
        &self,
        sessions: Vec<SessionCopy>,
        synced_at: Millis,
    ) -> Result<u64, OutboxError> {
        self.change(Change::Sessions(sessions, synced_at)).await
    }

    /// The kept copy of the sessions, and when it was last true.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn kept_sessions(&self) -> Result<(Vec<SessionCopy>, Millis), OutboxError> {
        let reader = self.reader()?;
        let rows = sqlx::query("SELECT token_hash, resident, line, house, role, expires_at FROM sessions")
            .fetch_all(&reader)
            .await?;
        let copies = rows.iter().map(|row| {
            let stored = |error: accounts::AccountError| OutboxError(error.to_string());
            let parts = accounts::Stored {
                name: row.try_get("resident")?,
                line: row.try_get("line")?,
                house: row.try_get("house")?,
                role: row.try_get("role")?,
            };
            Ok(SessionCopy {
                token_hash: row.try_get("token_hash")?,
                resident: Some(parts.resident().map_err(stored)?),
                expires_at: row.try_get("expires_at")?,
            })
        });
        let copies = copies.collect::<Result<_, OutboxError>>()?;
        let node = sqlx::query("SELECT sessions_synced_at FROM node").fetch_one(&reader).await?;
        Ok((copies, node.try_get(0)?))
    }

    /// What is known of a request, if it was stored before.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn find(&self, origin: &Origin) -> Result<Option<Known>, OutboxError> {
        let row = sqlx::query(
            "SELECT digest, record_offset IS NOT NULL AS published FROM entries
             WHERE id = $1 AND resident = $2 AND route = $3",
        )
        .bind(origin.id)
        .bind(&origin.resident)
        .bind(&origin.route)
        .fetch_optional(&self.reader()?)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Known { digest: digest(&row)?, published: row.try_get("published")? }))
    }

    /// The oldest entries that wait to be published, `limit` at most, behind `after`.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn waiting(&self, after: Sequence, limit: u32) -> Result<Vec<(Sequence, Entry)>, OutboxError> {
        self.entries("record_offset IS NULL AND refused IS NULL", None, after, limit).await
    }

    /// The oldest entries that were stored since then, or that the log does not have (those set aside included), `limit`
    /// at most, behind `after`.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn recent(
        &self,
        since: Millis,
        after: Sequence,
        limit: u32,
    ) -> Result<Vec<(Sequence, Entry)>, OutboxError> {
        self.entries("record_offset IS NULL OR stored_at >= $3", Some(since), after, limit).await
    }

    /// The oldest of all entries, published or not, `limit` at most, behind `after`.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn all(&self, after: Sequence, limit: u32) -> Result<Vec<(Sequence, Entry)>, OutboxError> {
        self.entries("TRUE", None, after, limit).await
    }

    /// The oldest published entries, `limit` at most, behind `after`.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn marked(&self, after: Sequence, limit: u32) -> Result<Vec<Marked>, OutboxError> {
        let rows = sqlx::query(
            "SELECT sequence, id, topic, partition_id, record_offset, record_timestamp FROM entries
             WHERE record_offset IS NOT NULL AND sequence > $1 ORDER BY sequence LIMIT $2",
        )
        .bind(after.0)
        .bind(limit)
        .fetch_all(&self.reader()?)
        .await?;
        rows.iter().map(entry::marked).collect()
    }

    /// Commits what waits and closes the file.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.writes.send(Write::Close(done)).await.is_ok() && closed.await.is_err() {
            tracing::warn!("the outbox's writer ended before it said so");
        }
    }

    fn reader(&self) -> Result<SqlitePool, OutboxError> {
        let reader = self.reader.borrow().clone();
        reader.ok_or_else(|| self.trouble.borrow().clone().unwrap_or_else(OutboxError::closed))
    }

    async fn entries(
        &self,
        which: &'static str,
        since: Option<Millis>,
        after: Sequence,
        limit: u32,
    ) -> Result<Vec<(Sequence, Entry)>, OutboxError> {
        let query = format!(
            "SELECT sequence, id, resident, route, digest, topic, line, value, stored_at FROM entries
             WHERE ({which}) AND sequence > $1 ORDER BY sequence LIMIT $2"
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(after.0).bind(limit);
        if let Some(since) = since {
            query = query.bind(since);
        }
        let rows = query.fetch_all(&self.reader()?).await?;
        rows.iter().map(entry::entry).collect()
    }

    async fn note(&self, change: Change) -> Noted {
        let (done, noted) = oneshot::channel();
        // Of a writer that has ended, who waits learns by `noted`.
        let _ = self.writes.send(Write::Note(change, done)).await;
        noted
    }

    async fn change(&self, change: Change) -> Result<u64, OutboxError> {
        let (done, answer) = oneshot::channel();
        self.writes.send(Write::Change(change, done)).await.map_err(|_| OutboxError::closed())?;
        answer.await.map_err(|_| OutboxError::closed())?
    }
}
