//! Reads what the outbox has at a start, in bulk and once. Everything that is appended meanwhile comes from its writer.

use std::sync::Arc;

use domain::Millis;
use tokio::{sync::mpsc, time::sleep};

use super::local::PAUSE;
use crate::delivery::outbox::{Bulk, Outbox, OutboxError, Sequence};

/// Sends the records that the outbox has now and that were stored since a time to each of these readers, in order. Returns
/// how many there were. Keeps trying while the file cannot be read, and ends earlier if a reader has ended.
pub(crate) async fn send_past(outbox: &Outbox, since: Millis, to: &[mpsc::Sender<Arc<Bulk>>]) -> u64 {
    let mut reading = Reading { since, bounds: None, count: 0 };
    let mut failed = false;
    while let Err(error) = reading.read_to_end(outbox, to).await {
        if !failed {
            tracing::error!(%error, "the outbox cannot be read, retrying");
        }
        failed = true;
        sleep(PAUSE).await;
    }
    reading.count
}

struct Reading {
    since: Millis,
    /// The last entry that was sent, and the last one to send; `None` before the file could be read.
    bounds: Option<(Sequence, Sequence)>,
    count: u64,
}

impl Reading {
    /// Sends everything that is not sent yet.
    async fn read_to_end(
        &mut self,
        outbox: &Outbox,
        to: &[mpsc::Sender<Arc<Bulk>>],
    ) -> Result<(), OutboxError> {
        let pages = outbox.pages()?;
        let end = *outbox.end().borrow();
        let (mut after, until) = match self.bounds {
            Some(bounds) => bounds,
            None => (pages.before(self.since).await?, end),
        };
        loop {
            let bulk = Arc::new(pages.bulk(after, until).await?);
            let Some(last) = bulk.last() else { return Ok(()) };
            for reader in to {
                if reader.send(bulk.clone()).await.is_err() {
                    return Ok(());
                }
            }
            self.count += bulk.len() as u64;
            after = last;
            self.bounds = Some((after, until));
        }
    }
}
