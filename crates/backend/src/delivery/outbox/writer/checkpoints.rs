//! Moves the write-ahead log into the file while nobody waits for the disk.

use std::time::Duration;

use crate::delivery::outbox::file::OutboxFile;

/// So many writes are moved together, because each time costs two fsyncs.
const TOGETHER: usize = 100;
/// The time without a write after which a moment counts as quiet. Calls come in bursts of answers and receipts.
const QUIET: Duration = Duration::from_millis(50);

/// The writes that only the write-ahead log has, as far as they are counted.
#[derive(Default)]
pub(super) struct Checkpoints {
    writes: usize,
}

impl Checkpoints {
    /// Counts writes that were committed.
    pub(super) fn add(&mut self, writes: usize) {
        self.writes += writes;
    }

    /// Returns how long nothing must be written before a checkpoint begins; `None` if there is too little to move.
    pub(super) fn due_after(&self) -> Option<Duration> {
        (self.writes >= TOGETHER).then_some(QUIET)
    }

    /// Begins a checkpoint in a quiet moment, if there is enough to move. A press that comes meanwhile is committed beside
    /// it, because a passive checkpoint keeps nobody waiting (SQLite, "Checkpoint a database").
    pub(super) fn begin_if_due(&mut self, file: &OutboxFile) {
        if self.due_after().is_none() {
            return;
        }
        self.writes = 0;
        let checkpointer = file.checkpointer.clone();
        tokio::spawn(async move {
            let done = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&checkpointer).await;
            if let Err(error) = done {
                // A later one moves the same pages. A disk that fails shows at the next commit.
                tracing::debug!(%error, "the outbox's write-ahead log is not moved into its file yet");
            }
        });
    }
}
