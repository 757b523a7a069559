//! The part of the events that this node applies, where the lines are divided into shards.

use std::collections::BTreeSet;

use domain::{Event, Line, event::OPEN_FOR};

use super::{Fanout, progress::Progress};
use crate::{
    clock,
    delivery::{
        handover::Handover,
        log::{Record, Share},
    },
};

/// Returns whether an event is applied here. A step of an escalation makes this node borrow the call's line before.
pub(super) fn has_part_in(share: &Share, event: &Event) -> bool {
    share.borrow_for(event);
    share.keeps(event)
}

/// Brings what other processes handed over of each line that this node borrows, because Kafka may be away.
pub(crate) async fn complete_borrowed(share: Share, handover: Handover) {
    let mut borrowed = share.borrowed();
    let mut known: BTreeSet<Line> = BTreeSet::new();
    while borrowed.changed().await.is_ok() {
        let lines: BTreeSet<Line> = borrowed.borrow_and_update().keys().cloned().collect();
        let new = &lines - &known;
        known = lines;
        if !new.is_empty() {
            handover.queue_about(&new).await;
        }
    }
}

impl Fanout {
    /// Applies a record of the log, as part of a rebuild or as news.
    pub(super) fn apply_logged(&self, record: &Record, progress: &mut Progress) {
        let Some(event) = self.event_of(record) else { return };
        self.hand_over_misplaced(record, &event, progress);
        if !has_part_in(&self.share, &event) {
            return;
        }
        // The partitions of a borrowed line are read from before, when everything else is read already.
        let is_of_before = record.stood_before && !self.share.serves(event.line());
        self.apply(record, event, !progress.rebuilt || is_of_before, progress.behind_for());
    }

    /// Hands a record over past the log that stands where the fan-outs of its line do not read. Those of before the
    /// start are handed over as well, because nobody may have been there to do it.
    fn hand_over_misplaced(&self, record: &Record, event: &Event, progress: &mut Progress) {
        let (line, partition) = (event.line(), record.position.partition);
        let partitions = progress.partitions.get(&record.topic).copied().unwrap_or(1);
        let is_misplaced = self.share.own().is_none()
            && self.share.is_misplaced(line, &record.topic, partition, partitions)
            && record.time >= clock::now() - OPEN_FOR;
        if !is_misplaced {
            return;
        }
        metrics::counter!("iutsai_records_misplaced_total").increment(1);
        if !progress.is_misplaced {
            progress.is_misplaced = true;
            tracing::warn!(
                %line,
                topic = record.topic,
                partition,
                "a record stands in a partition that its shard does not read, handing it and later ones over"
            );
        }
        let age = if progress.rebuilt {
            record.age.unwrap_or_default() + progress.behind_for()
        } else {
            clock::since(event.at().unwrap_or(record.time))
        };
        self.handover.hand_over_logged(event, &record.topic, record.position, age);
    }
}
