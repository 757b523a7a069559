//! Publishes again what Kafka acknowledged and has lost (a broker lost power or its disk, a topic was deleted).
//!
//! The marks are listed before a reading of the log begins, so that a record published meanwhile is not mistaken for the one
//! that stood at its place before. While the log is read, its ids are collected. Then no listed mark may stand at or behind
//! the end of its partition, and every other one must be among the ids.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use domain::{Millis, topic};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    clock,
    delivery::log::{Ends, Partition, Record},
    delivery::outbox::{Marked, Outbox, OutboxError, Sequence},
    delivery::relay::Relay,
};

/// Entries at the edge of what was read are left alone, because clocks differ and Kafka deletes whole segments.
const MARGIN: Millis = 60 * 60 * 1000;
/// The pause before an outbox that cannot be used is used again.
const PAUSE: Duration = Duration::from_secs(1);

/// The marks that the log should have, and the ids that a reading found in it.
pub(crate) struct Comparison {
    since: Millis,
    /// `None` while the outbox could not be read.
    marks: Option<Vec<Marked>>,
    ids: HashMap<&'static str, HashSet<Uuid>>,
    /// The reading leaves partitions out, of whose records it shows nothing.
    is_part: bool,
}

impl Comparison {
    /// Begins with the present marks, and no id yet. Marks that cannot be read now are read before the comparison. An
    /// entry that is published meanwhile may be published once more then, which is better than not to compare.
    /// `is_part` is whether only some partitions are read.
    pub(crate) async fn begin(outbox: &Outbox, relay: &Relay, is_part: bool) -> Self {
        let marks = present_marks(outbox, relay).await.inspect_err(|error| {
            tracing::warn!(%error, "the outbox's marks cannot be read, retrying");
        });
        Self { since: Millis::MAX, marks: marks.ok(), ids: HashMap::new(), is_part }
    }

    /// Sets the time since which everything in the log follows.
    pub(crate) fn covers(&mut self, since: Millis) {
        self.since = since;
    }

    /// Collects the id of a record that was read.
    pub(crate) fn add(&mut self, record: &Record) {
        let known = topic::ALL.iter().find(|topic| topic.name == record.topic);
        if let Some((topic, id)) = known.zip(record.id) {
            self.ids.entry(topic.name).or_default().insert(id);
        }
    }

    /// Publishes again what is missing in the log, which was read up to `read`. While the outbox cannot be used, it keeps
    /// trying until `ended`.
    pub(crate) async fn reconcile(
        mut self,
        outbox: Outbox,
        relay: Relay,
        read: Ends,
        ended: CancellationToken,
    ) {
        let mut failed = false;
        loop {
            match self.try_to_reconcile(&outbox, &relay, &read).await {
                Ok(0) => return,
                Ok(lost) => {
                    return tracing::warn!(
                        lost,
                        "the log lacks records that Kafka had acknowledged, publishing them again"
                    );
                }
                Err(error) if !failed => {
                    tracing::error!(%error, "the outbox cannot be compared with the log yet, retrying");
                    failed = true;
                }
                Err(_) => {}
            }
            if ended.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                return;
            }
        }
    }

    /// Returns how much was missing.
    async fn try_to_reconcile(
        &mut self,
        outbox: &Outbox,
        relay: &Relay,
        read: &Ends,
    ) -> Result<u64, OutboxError> {
        let marks = match self.marks.take() {
            Some(marks) => marks,
            None => present_marks(outbox, relay).await?,
        };
        let missing = marks.iter().filter(|marked| self.is_missing(marked, read));
        let missing: Vec<Sequence> = missing.map(|marked| marked.sequence).collect();
        self.marks = Some(marks);
        if missing.is_empty() {
            return Ok(0);
        }
        let lost = outbox.unmark(missing).await?;
        metrics::counter!("iutsai_reconciled_total").increment(lost);
        relay.renew();
        Ok(lost)
    }

    fn is_missing(&self, marked: &Marked, read: &Ends) -> bool {
        if self.ids.get(marked.topic.as_str()).is_some_and(|ids| ids.contains(&marked.id)) {
            return false;
        }
        let partition: Partition = (marked.topic.clone(), marked.position.partition);
        match read.get(&partition) {
            // The partition is not there any more.
            None => !self.is_part,
            // It ends before.
            Some(end) if marked.position.offset >= *end => true,
            Some(_) => marked.position.timestamp >= self.since_for(&marked.topic),
        }
    }

    /// From when on a record must be in the log, if it was ever there.
    fn since_for(&self, name: &str) -> Millis {
        let kept = topic::retention(name).map_or(Millis::MAX, |retention| clock::now() - retention);
        self.since.max(kept).saturating_add(MARGIN)
    }
}

/// Every mark of the outbox that speaks of this cluster.
async fn present_marks(outbox: &Outbox, relay: &Relay) -> Result<Vec<Marked>, OutboxError> {
    relay.adopt_marks().await?;
    let mut marks = Vec::new();
    loop {
        let last = marks.last().map_or(Sequence(0), |marked: &Marked| marked.sequence);
        let page = outbox.pages()?.marked(last).await?;
        if page.is_empty() {
            return Ok(marks);
        }
        marks.extend(page);
    }
}

#[cfg(test)]
mod tests {
    use domain::Position;

    use super::*;

    #[test]
    fn a_reading_of_a_part_shows_no_loss_in_partitions_that_it_leaves_out() {
        let comparison = |is_part| Comparison { since: 0, marks: None, ids: HashMap::new(), is_part };
        let marked = |partition, offset| Marked {
            sequence: Sequence(1),
            id: Uuid::from_u128(1),
            topic: topic::ALERT.to_owned(),
            position: Position { timestamp: clock::now(), partition, offset },
        };
        let read: Ends = [((topic::ALERT.to_owned(), 0), 5)].into();
        assert!(comparison(false).is_missing(&marked(1, 2), &read), "the partition is gone");
        assert!(!comparison(true).is_missing(&marked(1, 2), &read), "nobody has read it");
        for is_part in [false, true] {
            assert!(comparison(is_part).is_missing(&marked(0, 5), &read), "the partition ends before it");
            assert!(comparison(is_part).is_missing(&marked(0, 2), &read), "it was read, and had no such id");
        }
    }
}
