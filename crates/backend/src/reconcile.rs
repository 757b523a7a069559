//! What Kafka acknowledged and the log lacks all the same (a broker lost power or its disk, a topic was deleted) loses its
//! mark and is published again.
//!
//! While the log is read from a rebuild's beginning, the ids that are seen are noted. Then every entry that is marked in
//! what was read must have been among them; and no mark may stand where its partition ends, or behind.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;
use wire::{Millis, topic};

use crate::{
    clock,
    log::{
        LogError,
        reader::{Ends, Partition, Record},
    },
    outbox::{Outbox, OutboxError, Sequence},
    relay::Relay,
};

/// Entries at the edge of what was read are left alone: clocks, and segments that Kafka deletes early.
const MARGIN: Millis = 60 * 60 * 1000;
const PAGE: u32 = 1024;

/// The ids a reading has come upon.
pub(crate) struct Sighted {
    since: Millis,
    ids: HashMap<&'static str, HashSet<Uuid>>,
}

/// Why it could not be compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReconcileError {
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Sighted {
    /// Nothing yet, of what is in the log since then.
    pub(crate) fn new(since: Millis) -> Self {
        Self { since, ids: HashMap::new() }
    }

    pub(crate) fn note(&mut self, record: &Record) {
        let known = topic::ALL.iter().find(|topic| topic.name == record.topic);
        if let Some((topic, id)) = known.zip(record.id) {
            self.ids.entry(topic.name).or_default().insert(id);
        }
    }

    fn has(&self, topic: &str, id: &Uuid) -> bool {
        self.ids.get(topic).is_some_and(|ids| ids.contains(id))
    }

    /// Compares the outbox's marks with what was sighted in the log up to `read`, and publishes again what is missing;
    /// tells how much that is.
    pub(crate) async fn reconcile(
        self,
        outbox: &Outbox,
        relay: &Relay,
        read: &Ends,
    ) -> Result<u64, ReconcileError> {
        let (mut missing, mut partitions) = (Vec::new(), BTreeSet::new());
        let mut last = Sequence(0);
        loop {
            let page = outbox.marked(0, last, PAGE).await?;
            let Some(end) = page.last() else { break };
            last = end.sequence;
            for marked in page {
                let partition: Partition = (marked.topic, marked.position.partition);
                let was_read = read.get(&partition).is_some_and(|end| marked.position.offset < *end)
                    && marked.position.timestamp >= self.since_for(&partition.0);
                if was_read && !self.has(&partition.0, &marked.id) {
                    missing.push(marked.sequence);
                }
                partitions.insert(partition);
            }
        }
        let mut lost = 0;
        if !missing.is_empty() {
            lost += outbox.unmark(missing).await?;
        }
        // A partition that was not read is not there any more.
        let (known, gone): (Vec<_>, Vec<_>) =
            partitions.into_iter().partition(|partition| read.contains_key(partition));
        let ends = relay.ends(known).await?;
        for (partition, end) in ends.into_iter().chain(gone.into_iter().map(|partition| (partition, 0))) {
            lost += outbox.unmark_from(&partition, end, last).await?;
        }
        if lost > 0 {
            metrics::counter!("iutsai_reconciled_total").increment(lost);
            relay.renew();
        }
        Ok(lost)
    }

    /// From when on a record must be in the log, if it was ever there.
    fn since_for(&self, name: &str) -> Millis {
        let kept = topic::retention(name).map_or(Millis::MAX, |retention| clock::now() - retention);
        self.since.max(kept) + MARGIN
    }
}
