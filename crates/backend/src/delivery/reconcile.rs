//! What Kafka acknowledged and the log lacks all the same (a broker lost power or its disk, a topic was deleted) loses its
//! mark and is published again.
//!
//! The marks are listed before a reading of the log begins, so that what is published meanwhile is not mistaken for what
//! stood at its place before. While the log is read, the ids that are seen are noted. Then no listed mark may stand where
//! its partition ended, or behind; and what was read must have shown the others.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::{Millis, topic};

use crate::{
    clock,
    delivery::log::{
        partition::{Ends, Partition},
        reader::Record,
    },
    delivery::outbox::{Marked, Outbox, OutboxError, Sequence},
    delivery::relay::Relay,
};

/// Entries at the edge of what was read are left alone: clocks, and segments that Kafka deletes early.
const MARGIN: Millis = 60 * 60 * 1000;
const PAGE: u32 = 1024;

/// Back from an outbox that cannot be used.
const PAUSE: Duration = Duration::from_secs(1);

/// What the log is said to have, and what a reading has come upon.
pub(crate) struct Sighted {
    since: Millis,
    /// `None` while the outbox could not be read.
    marks: Option<Vec<Marked>>,
    ids: HashMap<&'static str, HashSet<Uuid>>,
}

impl Sighted {
    /// The marks of now; nothing is sighted yet. If they cannot be read now, they are when it comes to comparing: what is
    /// published meanwhile may be published once more then, which is better than not to compare.
    pub(crate) async fn list(outbox: &Outbox) -> Self {
        let marks = marks(outbox).await.inspect_err(|error| {
            tracing::warn!(%error, "what the log should have cannot be read yet");
        });
        Self { since: Millis::MAX, marks: marks.ok(), ids: HashMap::new() }
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

    /// Publishes again what is missing in the log, which was read up to `read`. While the outbox cannot be used, tries on
    /// until it is `ended`.
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
                        "the log lacked what Kafka had acknowledged: it is published again"
                    );
                }
                Err(error) if !failed => {
                    tracing::error!(%error, "the outbox cannot be compared with the log yet; trying on");
                    failed = true;
                }
                Err(_) => {}
            }
            if ended.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                return;
            }
        }
    }

    /// Tells how much was missing.
    async fn try_to_reconcile(
        &mut self,
        outbox: &Outbox,
        relay: &Relay,
        read: &Ends,
    ) -> Result<u64, OutboxError> {
        let marks = match self.marks.take() {
            Some(marks) => marks,
            None => marks(outbox).await?,
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
            // The partition is not there any more, or ends before.
            None => true,
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

/// Every mark of the outbox.
async fn marks(outbox: &Outbox) -> Result<Vec<Marked>, OutboxError> {
    let mut marks = Vec::new();
    loop {
        let last = marks.last().map_or(Sequence(0), |marked: &Marked| marked.sequence);
        let page = outbox.marked(last, PAGE).await?;
        if page.is_empty() {
            return Ok(marks);
        }
        marks.extend(page);
    }
}
