//! Collects the writes that share a commit.

use std::time::Duration;

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{Append, Change, Reply, Write};

/// The most writes that share a commit.
const BATCH: usize = 512;
/// Notes have no waiter, so they are delayed this long to share the fsync of the next entry.
const NOTES_WAIT: Duration = Duration::from_millis(200);

/// Writes that share a commit.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) appends: Vec<Append>,
    pub(super) changes: Vec<(Change, Reply<u64>)>,
    /// Somebody waits for it.
    is_urgent: bool,
    pub(super) closing: Option<oneshot::Sender<()>>,
}

impl Batch {
    fn add(&mut self, write: Write) {
        self.is_urgent |= !matches!(write, Write::Note(..));
        match write {
            Write::Append(append) => self.appends.push(*append),
            Write::Change(change, reply) | Write::Note(change, reply) => self.changes.push((change, reply)),
            Write::Close(done) => self.closing = Some(done),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.appends.len() + self.changes.len()
    }
}

/// Returns the next batch, which is an empty one at `until` if nothing has come by then.
pub(super) async fn gather(queue: &mut mpsc::Receiver<Write>, until: Instant) -> Batch {
    let mut batch = Batch::default();
    let mut deadline = until;
    while !batch.is_urgent && batch.len() < BATCH {
        let next = tokio::select! {
            biased;
            next = queue.recv() => next,
            () = sleep_until(deadline) => return batch,
        };
        let Some(write) = next else {
            batch.closing = Some(oneshot::channel().0);
            return batch;
        };
        batch.add(write);
        deadline = deadline.min(Instant::now() + NOTES_WAIT);
    }
    while batch.len() < BATCH {
        let Ok(write) = queue.try_recv() else { break };
        batch.add(write);
    }
    batch
}
