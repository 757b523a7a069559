//! The outbox: a local SQLite file that makes a command durable before it is acknowledged, whatever the
//! accounts' database and Kafka do.
//!
//! One writer owns the file (WAL, `synchronous=FULL`): what waits while it commits shares the next commit,
//! and with it one fsync.

mod writer;

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;
use wire::{Millis, Position};

/// Who asked for what: a key of one resident or route says nothing about another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The event's id, which is the request's `Idempotency-Key`.
    pub id: Uuid,
    /// The resident who asked.
    pub resident: String,
    /// The route, without the host, with its parameters.
    pub route: String,
}

/// A record that must reach the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who asked for it.
    pub origin: Origin,
    /// SHA-256 of the request: the same key with another request is a mistake of the client.
    pub digest: [u8; 32],
    /// The topic.
    pub topic: String,
    /// The record's key.
    pub line: String,
    /// The record's value.
    pub value: Vec<u8>,
    /// When it was received: the record's timestamp.
    pub at: Millis,
}

/// An entry's place in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sequence(pub i64);

/// What the outbox knows of a request that came before.
#[derive(Clone, Debug)]
pub struct Known {
    /// SHA-256 of that request.
    pub digest: [u8; 32],
    /// Whether Kafka has acknowledged it.
    pub published: bool,
}

/// The outbox cannot be used: the disk is full, read-only or broken, or another process has the file.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the outbox cannot be used: {0}")]
pub struct OutboxError(String);

impl From<sqlx::Error> for OutboxError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.to_string())
    }
}

enum Write {
    Append(Entry, oneshot::Sender<Result<Sequence, OutboxError>>),
    Mark(Sequence, Position),
    Close(oneshot::Sender<()>),
}

/// The outbox of this node.
#[derive(Clone)]
pub struct Outbox {
    writes: mpsc::Sender<Write>,
    reader: SqlitePool,
}

impl Outbox {
    /// Opens `outbox.db` in `directory`, which no other process may be using.
    ///
    /// # Errors
    /// [`OutboxError`] with the reason, such as a second server on the same directory.
    pub async fn open(directory: &Path) -> Result<Self, OutboxError> {
        let lock = lock(directory)?;
        let options = SqliteConnectOptions::new()
            .filename(directory.join("outbox.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        let migrations = sqlx::migrate!("./outbox_migrations");
        migrations.run(&writer).await.map_err(|error| OutboxError(error.to_string()))?;
        let reader =
            SqlitePoolOptions::new().max_connections(2).connect_with(options.read_only(true)).await?;
        let (writes, queue) = mpsc::channel(4096);
        tokio::spawn(writer::run(writer, queue, lock));
        Ok(Self { writes, reader })
    }

    /// Makes `entry` durable: when this returns, it is on the disk.
    ///
    /// # Errors
    /// [`OutboxError`] if it is not, and must not be acknowledged on its account.
    pub async fn append(&self, entry: Entry) -> Result<Sequence, OutboxError> {
        let gone = || OutboxError("it is closed".into());
        let (done, answer) = oneshot::channel();
        self.writes.send(Write::Append(entry, done)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Notes where Kafka acknowledged an entry. A mark may come late or be lost: the entry is then published
    /// once more, and the fold drops the double.
    pub async fn mark(&self, sequence: Sequence, position: Position) {
        if self.writes.send(Write::Mark(sequence, position)).await.is_err() {
            tracing::warn!(sequence = sequence.0, "the outbox closed before an entry could be marked");
        }
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
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Known { digest: digest(&row)?, published: row.try_get("published")? }))
    }

    /// The oldest entries Kafka has not acknowledged, `limit` at most, behind `after`.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn unmarked(&self, after: Sequence, limit: u32) -> Result<Vec<(Sequence, Entry)>, OutboxError> {
        let rows = sqlx::query(
            "SELECT sequence, id, resident, route, digest, topic, line, value, stored_at FROM entries
             WHERE record_offset IS NULL AND sequence > $1 ORDER BY sequence LIMIT $2",
        )
        .bind(after.0)
        .bind(limit)
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(entry).collect()
    }

    /// Commits what waits and closes the file.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.writes.send(Write::Close(done)).await.is_ok() && closed.await.is_err() {
            tracing::warn!("the outbox's writer ended before it said so");
        }
        self.reader.close().await;
    }
}

fn digest(row: &SqliteRow) -> Result<[u8; 32], OutboxError> {
    let bytes: Vec<u8> = row.try_get("digest")?;
    bytes.try_into().map_err(|_| OutboxError("a stored digest has a wrong length".into()))
}

fn entry(row: &SqliteRow) -> Result<(Sequence, Entry), OutboxError> {
    let origin =
        Origin { id: row.try_get("id")?, resident: row.try_get("resident")?, route: row.try_get("route")? };
    let entry = Entry {
        origin,
        digest: digest(row)?,
        topic: row.try_get("topic")?,
        line: row.try_get("line")?,
        value: row.try_get("value")?,
        at: row.try_get("stored_at")?,
    };
    Ok((Sequence(row.try_get("sequence")?), entry))
}

/// Two servers on one file would each publish the other's entries.
fn lock(directory: &Path) -> Result<File, OutboxError> {
    let failed = |error: std::io::Error| OutboxError(format!("{}: {error}", directory.display()));
    std::fs::create_dir_all(directory).map_err(failed)?;
    let file = File::create(directory.join("outbox.lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OutboxError(format!(
            "another server uses {}: stop it, or give this one a data directory of its own",
            directory.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
