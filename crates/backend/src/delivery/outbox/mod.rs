//! The outbox, a local SQLite file that makes an event durable before it is acknowledged, whatever the accounts'
//! database and Kafka do. Without Kafka it is the log itself.
//!
//! One [`writer`] owns the file (WAL, `synchronous=FULL`). Entries that wait while it commits share the next commit,
//! and with it one fsync. While the disk or the file fails, every append is refused at once, and the file is reopened
//! until it can be used. [`Outbox::trouble`] shows that. [`entry`] is the kept data, [`sessions`] is a copy beside it,
//! [`pages`] reads it in order, [`bulk`] has many entries at once, [`request`] is for the writer, [`file`] opens the file,
//! and [`place`] guards its path.

mod bulk;
mod entry;
mod file;
mod pages;
mod place;
mod request;
mod sessions;
mod writer;

use std::path::Path;

use domain::{CallKey, Event, Millis, Position};
use sqlx::SqlitePool;
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use bulk::{Bulk, BulkRecord};
pub use entry::{Appended, Committed, Entry, Known, LogId, Marked, Origin, Sequence};
pub use file::Purpose;
use file::{Opener, OutboxFile};
pub use pages::{PAGE, Pages, Stored};
pub(crate) use place::{LOCK, NAME};
use place::{Lock, Unopened};
use request::{Append, Change, Write};
pub use sessions::SessionCopy;
use writer::Writer;

/// The outbox cannot be used, because the disk is full, read-only or broken, or another process has the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the outbox cannot be used: {0}")]
pub struct OutboxError(String);

impl OutboxError {
    pub(crate) fn closed() -> Self {
        Self("it is closed".into())
    }

    pub(crate) fn late() -> Self {
        Self("the disk did not confirm the entry in time".into())
    }
}

impl From<sqlx::Error> for OutboxError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.to_string())
    }
}

/// The exclusive right to the outbox of a directory, for a program that puts another file in its place.
pub(crate) struct Reserved {
    _lock: Lock,
}

impl Reserved {
    /// Takes the right to `directory`, which is made if it is missing.
    ///
    /// # Errors
    /// [`OutboxError`] while a server uses the directory.
    pub(crate) fn take(directory: &Path) -> Result<Self, OutboxError> {
        Ok(Self { _lock: Lock::take(directory)? })
    }
}

/// Resolves when a note was written; nobody need wait for it.
pub type Noted = oneshot::Receiver<Result<u64, OutboxError>>;

/// The file as its readers see it.
#[derive(Clone)]
struct Readable {
    pages: Pages,
    pool: SqlitePool,
    log: LogId,
}

/// The outbox of this node.
#[derive(Clone)]
pub struct Outbox {
    writes: mpsc::Sender<Write>,
    readable: watch::Receiver<Option<Readable>>,
    trouble: watch::Receiver<Option<OutboxError>>,
    end: watch::Receiver<Sequence>,
}

impl Outbox {
    /// Opens `outbox.db` in `directory`, which no other process may be using, and sends every event that is committed
    /// from then on to `committed`, in the order of sequences. A disk or file that fails is not an error here. The file
    /// is reopened until it can be used, and [`Outbox::trouble`] shows it.
    ///
    /// # Errors
    /// [`OutboxError`] if a second server uses the directory.
    pub async fn open(
        directory: &Path,
        purpose: Purpose,
        committed: impl Fn(Committed) + Send + 'static,
    ) -> Result<Self, OutboxError> {
        let mut opener = Opener::new(directory, purpose);
        let opened = match opener.open(false).await {
            Ok(file) => Ok(file),
            Err(Unopened::InUse(error)) => return Err(error),
            Err(Unopened::Unusable(error)) => Err(error),
        };
        let (writes, queue) = mpsc::channel(4096);
        let (readable_sender, readable) = watch::channel(None);
        let (trouble_sender, trouble) = watch::channel(None);
        let (end_sender, end) = watch::channel(Sequence(0));
        let shown = writer::Shown { readable: readable_sender, trouble: trouble_sender, end: end_sender };
        let writer = Writer::new(opener, opened, shown, Box::new(committed));
        tokio::spawn(writer.run(queue));
        Ok(Self { writes, readable, trouble, end })
    }

    /// Why nothing can be appended now; `None` while all is well.
    #[must_use]
    pub fn trouble(&self) -> watch::Receiver<Option<OutboxError>> {
        self.trouble.clone()
    }

    /// The number of the last entry, or the one before the first; it changes whenever there is more to read.
    #[must_use]
    pub fn end(&self) -> watch::Receiver<Sequence> {
        self.end.clone()
    }

    /// Makes `entry` durable, which is the record of `event`, unless an entry of the same request is there. When this
    /// returns, the one or the other is on the disk.
    ///
    /// # Errors
    /// [`OutboxError`] if it is not, and must not be acknowledged on its account.
    pub async fn append(&self, entry: Entry, event: Event) -> Result<Appended, OutboxError> {
        let (reply, answer) = oneshot::channel();
        let append = Box::new(Append { entry, event, reply });
        self.writes.send(Write::Append(append)).await.map_err(|_| OutboxError::closed())?;
        answer.await.map_err(|_| OutboxError::closed())?
    }

    /// Appends a note, which is an entry without a waiter. It is lost if the node fails before the next fsync.
    pub async fn append_note(&self, entry: Entry) -> Noted {
        self.note(Change::Append(Box::new(entry))).await
    }

    /// Records where the Kafka cluster with this id acknowledged an entry. A mark may come late or be lost. The entry
    /// is then published once more, and the fold drops the double.
    pub async fn mark(&self, sequence: Sequence, position: Position, cluster: &str) -> Noted {
        self.note(Change::Mark(sequence, position, cluster.into())).await
    }

    /// Sets an entry aside that Kafka refuses finally, so it is not published again.
    pub async fn refuse(&self, sequence: Sequence, reason: String) -> Noted {
        self.note(Change::Refuse(sequence, reason)).await
    }

    /// Removes the marks of entries that the log has lost, so they are published again.
    ///
    /// # Errors
    /// [`OutboxError`] if that could not be written.
    pub async fn unmark(&self, sequences: Vec<Sequence>) -> Result<u64, OutboxError> {
        self.change(Change::Unmark(sequences)).await
    }

    /// Takes back every mark of another cluster than `cluster`. Marks that name none become this cluster's; if there is no
    /// `cluster`, they are of the broker that earlier versions embedded, and are taken back.
    ///
    /// # Errors
    /// [`OutboxError`] if that could not be written; calling it again goes on.
    pub async fn adopt_marks(&self, cluster: Option<&str>) -> Result<u64, OutboxError> {
        let mut changed = 0;
        loop {
            let slice = self.change(Change::Adopt(cluster.map(Into::into))).await?;
            changed += slice;
            if slice == 0 {
                return Ok(changed);
            }
        }
    }

    /// Deletes entries of `topic` that were stored before `before` and have a smaller number than `below`. It deletes
    /// all of them, or only those that Kafka has acknowledged or refused. Each call deletes a slice, so that no press
    /// waits behind a month.
    ///
    /// # Errors
    /// [`OutboxError`] if that could not be written.
    pub async fn forget(
        &self,
        topic: &'static str,
        before: Millis,
        below: Sequence,
        done_only: bool,
    ) -> Result<u64, OutboxError> {
        self.change(Change::Forget { topic, before, below, done_only }).await
    }

    /// Takes the coordinates out of entries of `topic` that were stored from `since` on and before `before`. Returns how many
    /// changed, a slice at most.
    ///
    /// # Errors
    /// [`OutboxError`] if that could not be written.
    pub async fn forget_coordinates(
        &self,
        topic: &'static str,
        since: Millis,
        before: Millis,
    ) -> Result<u64, OutboxError> {
        self.change(Change::ForgetCoordinates { topic, since, before }).await
    }

    /// Destroys where the callers of these calls were, whatever their age. Returns how many entries changed.
    ///
    /// # Errors
    /// [`OutboxError`] if that could not be written.
    pub async fn forget_locations(&self, calls: Vec<CallKey>) -> Result<u64, OutboxError> {
        self.change(Change::ForgetLocations(calls)).await
    }

    /// Returns what is known of a request, if it was stored before.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn find(&self, origin: &Origin) -> Result<Option<Known>, OutboxError> {
        let mut reader = self.readable()?.pool.acquire().await?;
        entry::find(&mut reader, origin).await
    }

    /// The entries in order.
    ///
    /// # Errors
    /// [`OutboxError`] while the file is not open.
    pub fn pages(&self) -> Result<Pages, OutboxError> {
        Ok(self.readable()?.pages)
    }

    /// The id of the log that the open file is.
    ///
    /// # Errors
    /// [`OutboxError`] while the file is not open.
    pub fn log(&self) -> Result<LogId, OutboxError> {
        Ok(self.readable()?.log)
    }

    /// Commits what waits and closes the file.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.writes.send(Write::Close(done)).await.is_ok() && closed.await.is_err() {
            tracing::warn!("the outbox's writer ended before it had closed the file");
        }
    }

    fn readable(&self) -> Result<Readable, OutboxError> {
        let readable = self.readable.borrow().clone();
        readable.ok_or_else(|| self.trouble.borrow().clone().unwrap_or_else(OutboxError::closed))
    }

    async fn note(&self, change: Change) -> Noted {
        let (done, noted) = oneshot::channel();
        // A writer that has ended drops the sender, which the receiver of `noted` sees.
        let _ = self.writes.send(Write::Note(change, done)).await;
        noted
    }

    async fn change(&self, change: Change) -> Result<u64, OutboxError> {
        let (done, answer) = oneshot::channel();
        self.writes.send(Write::Change(change, done)).await.map_err(|_| OutboxError::closed())?;
        answer.await.map_err(|_| OutboxError::closed())?
    }
}

impl Readable {
    fn of(file: &OutboxFile) -> Self {
        Self { pages: Pages::new(file.reader.clone()), pool: file.reader.clone(), log: file.log }
    }
}
