//! The part of the log that a node reads and keeps. It is everything, or the lines of one shard.
//!
//! A node with a shard also reads every progress of calls, because a call of another shard may be escalated to a line
//! of its own. The line of such a call is *borrowed*: all of its records are read from then on, so that the call comes
//! as a whole.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{Event, Line, Shard, Shards, topic};
use tokio::{sync::watch, time::Instant};

/// A line is borrowed for this long at least, so that its calls are read before they are looked at.
const BORROWED_FOR: Duration = Duration::from_secs(60 * 60);

/// The part of the log that a node reads and keeps. Clones are the same.
#[derive(Clone, Debug)]
pub struct Share(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shards: Shards,
    /// `None` for a node that keeps every line.
    own: Option<Shard>,
    /// The lines of other shards that are kept, too, and since when.
    borrowed: watch::Sender<BTreeMap<Line, Instant>>,
}

impl Default for Share {
    /// Everything, of lines that are not divided.
    fn default() -> Self {
        Self::new(Shards::ONE, None)
    }
}

impl Share {
    /// The lines of `own`, or every line, where they are divided into `shards`.
    #[must_use]
    pub fn new(shards: Shards, own: Option<Shard>) -> Self {
        Self(Arc::new(Inner { shards, own, borrowed: watch::Sender::new(BTreeMap::new()) }))
    }

    /// Returns the shards into which the lines are divided.
    #[must_use]
    pub fn shards(&self) -> Shards {
        self.0.shards
    }

    /// Returns the shard that the node keeps; `None` if it keeps every line.
    #[must_use]
    pub fn own(&self) -> Option<Shard> {
        self.0.own
    }

    /// Returns whether the node keeps a line for its subscribers.
    #[must_use]
    pub fn serves(&self, line: &Line) -> bool {
        self.0.own.is_none_or(|own| own.has(line))
    }

    /// Returns whether the node applies an event.
    pub(crate) fn keeps(&self, event: &Event) -> bool {
        matches!(event, Event::Status(_))
            || self.serves(event.line())
            || self.borrowed_lines().contains_key(event.line())
    }

    /// Borrows the line of a call of another shard that `event` escalates to a line of this node; returns whether it
    /// was not borrowed before.
    pub(crate) fn borrow_for(&self, event: &Event) -> bool {
        let Event::Status(status) = event else { return false };
        let Some(escalation) = &status.escalation else { return false };
        if self.serves(&status.line) || !escalation.lines.iter().any(|line| self.serves(line)) {
            return false;
        }
        self.0.borrowed.send_if_modified(|lines| lines.insert(status.line.clone(), Instant::now()).is_none())
    }

    /// Gives back the lines that were borrowed for a while and that nobody here `needs` any more.
    pub(crate) fn give_back(&self, needs: impl Fn(&Line) -> bool) {
        self.0.borrowed.send_if_modified(|lines| {
            let before = lines.len();
            lines.retain(|line, since| since.elapsed() < BORROWED_FOR || needs(line));
            lines.len() != before
        });
    }

    /// Returns which lines are borrowed now, and since when.
    pub(super) fn borrowed_lines(&self) -> watch::Ref<'_, BTreeMap<Line, Instant>> {
        self.0.borrowed.borrow()
    }

    /// Follows which lines are borrowed, and since when.
    pub(crate) fn borrowed(&self) -> watch::Receiver<BTreeMap<Line, Instant>> {
        self.0.borrowed.subscribe()
    }

    /// Returns whether a record of `line` stands where the fan-outs of its shard do not read, in a topic of so many
    /// partitions. Another program may have chosen the partition.
    pub(crate) fn is_misplaced(&self, line: &Line, topic: &str, partition: i32, partitions: i32) -> bool {
        self.0.shards.is_divided()
            && topic::is_of_lines(topic)
            && !self.0.shards.of(line).reads(partition, [partitions])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_misplaced_where_the_fan_outs_of_its_shard_do_not_read() {
        let (first, shards) = (Line::new("101-1").unwrap(), Shards::new(2).unwrap());
        assert_eq!(shards.of(&first).number(), 1);
        let share = Share::new(shards, None);
        let is_misplaced = |topic, partition| share.is_misplaced(&first, topic, partition, 4);
        let of_calls: Vec<bool> = (0..4).map(|partition| is_misplaced(topic::ALERT, partition)).collect();
        assert_eq!(of_calls, [false, true, false, true]);
        assert!(!is_misplaced(topic::STATUS, 1), "every fan-out reads all of it");
        assert!(!Share::default().is_misplaced(&first, topic::ALERT, 1, 4));
    }
}
