//! What Kafka acknowledged and the log lacks all the same (a broker lost power or its disk, a topic was deleted) loses its
//! mark and is published again.
//!
//! The marks are listed before a reading of the log begins, so that what is published meanwhile is not mistaken for what
//! stood at its place before. While the log is read, the ids that are seen are noted. Then no listed mark may stand where
//! its partition ended, or behind; and what was read must have shown the others.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;
use wire::{Millis, topic};

use crate::{
    clock,
    log::{
        partition::{Ends, Partition},
        reader::Record,
    },
    outbox::{Marked, Outbox, OutboxError, Sequence},
    relay::Relay,
};

/// Entries at the edge of what was read are left alone: clocks, and segments that Kafka deletes early.
const MARGIN: Millis = 60 * 60 * 1000;
const PAGE: u32 = 1024;

/// What the log is said to have, and what a reading has come upon.
pub(crate) struct Sighted {
    since: Millis,
    marks: Vec<Marked>,
    ids: HashMap<&'static str, HashSet<Uuid>>,
}

impl Sighted {
    /// The marks of now; nothing is sighted yet.
    pub(crate) async fn list(outbox: &Outbox) -> Result<Self, OutboxError> {
        let mut marks = Vec::new();
        loop {
            let last = marks.last().map_or(Sequence(0), |marked: &Marked| marked.sequence);
            let page = outbox.marked(last, PAGE).await?;
            if page.is_empty() {
                return Ok(Self { since: Millis::MAX, marks, ids: HashMap::new() });
            }
            marks.extend(page);
        }
    }

    /// Everything in the log since then follows.
    pub(crate) fn begin(&mut self, since: Millis) {
        self.since = since;
    }

    pub(crate) fn note(&mut self, record: &Record) {
        let known = topic::ALL.iter().find(|topic| topic.name == record.topic);
        if let Some((topic, id)) = known.zip(record.id) {
            self.ids.entry(topic.name).or_default().insert(id);
        }
    }

    /// Publishes again what is missing in the log, which was read up to `read`; tells how much that is.
    pub(crate) async fn reconcile(
        self,
        outbox: &Outbox,
        relay: &Relay,
        read: &Ends,
    ) -> Result<u64, OutboxError> {
        let missing = self.marks.iter().filter(|marked| self.is_missing(marked, read));
        let missing: Vec<Sequence> = missing.map(|marked| marked.sequence).collect();
        if missing.is_empty() {
            return Ok(0);
        }
        let lost = outbox.unmark(missing).await?;
        metrics::counter!("iutsai_reconciled_total").increment(lost);
        relay.renew();
        Ok(lost)
    }

    fn is_missing(&self, marked: &Marked, read: &Ends) -> bool {
        let partition: Partition = (marked.topic.clone(), marked.position.partition);
        match read.get(&partition) {
            // The partition is not there any more, or ends before.
            None => true,
            Some(end) if marked.position.offset >= *end => true,
            Some(_) => {
                let ids = self.ids.get(marked.topic.as_str());
                marked.position.timestamp >= self.since_for(&marked.topic)
                    && !ids.is_some_and(|ids| ids.contains(&marked.id))
            }
        }
    }

    /// From when on a record must be in the log, if it was ever there.
    fn since_for(&self, name: &str) -> Millis {
        let kept = topic::retention(name).map_or(Millis::MAX, |retention| clock::now() - retention);
        self.since.max(kept).saturating_add(MARGIN)
    }
}
