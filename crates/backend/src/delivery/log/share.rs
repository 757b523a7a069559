//! The part of the log that a node reads and keeps. It is everything, or the lines of one shard.
//!
//! A node with a shard also reads every progress of calls, because a call of another shard may be escalated to a line
//! of its own. The line of such a call is *borrowed*: all of its records are read from then on, so that the call comes
//! as a whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use domain::{Event, Line, Shard, Shards, partition, topic};
use tokio::{sync::watch, time::Instant};

use super::Partition;

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
            || self.0.borrowed.borrow().contains_key(event.line())
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

    /// Follows which lines are borrowed, and since when.
    pub(crate) fn borrowed(&self) -> watch::Receiver<BTreeMap<Line, Instant>> {
        self.0.borrowed.subscribe()
    }

    /// Returns whether a record of `line` stands where the fan-outs of its shard do not read, in a topic of so many
    /// partitions. Another program may have chosen the partition.
    pub(crate) fn is_misplaced(&self, line: &Line, topic: &str, partition: i32, partitions: i32) -> bool {
        self.0.shards.is_divided()
            && is_of_lines(topic)
            && !self.0.shards.of(line).reads(partition, [partitions])
    }
}

/// Returns whether a node with a shard reads only some partitions of a topic.
fn is_of_lines(topic: &str) -> bool {
    matches!(topic, topic::ALERT | topic::ACCEPT | topic::DRILL | topic::LOCATION | topic::RECEIPT)
}

/// The choice of the partitions that a reader reads.
#[derive(Debug)]
pub(super) struct Selection {
    share: Share,
    /// The numbers of partitions that each topic has and had. A record stays in the partition that was its line's then.
    counts: BTreeMap<String, BTreeSet<i32>>,
    /// The borrowed lines whose partitions are read.
    borrowed: BTreeSet<Line>,
}

impl Selection {
    pub(super) fn new(share: Share) -> Self {
        Self { share, counts: BTreeMap::new(), borrowed: BTreeSet::new() }
    }

    /// Returns whether every partition is read.
    pub(super) fn is_whole(&self) -> bool {
        self.share.own().is_none()
    }

    /// Takes in which partitions there are. Returns whether a topic has another number of them than before.
    pub(super) fn learn(&mut self, all: &[Partition]) -> bool {
        let mut has_changed = false;
        for (topic, count) in counts(all) {
            let known = self.counts.entry(topic).or_default();
            has_changed |= known.insert(count) && known.len() > 1;
        }
        has_changed
    }

    /// Returns a topic whose partitions cannot be divided among the shards, of which a node reads more than its lines
    /// need.
    pub(super) fn undivided(&self) -> Option<&str> {
        let shards = self.share.shards().count();
        let mut counts = self.counts.iter().filter(|(name, _)| is_of_lines(name));
        let found = counts.find(|(_, counts)| counts.iter().any(|count| count % shards != 0));
        found.filter(|_| !self.is_whole()).map(|(name, _)| name.as_str())
    }

    /// Returns whether a partition is read.
    pub(super) fn wants(&self, (name, number): &Partition) -> bool {
        let Some(own) = self.share.own() else { return true };
        if !is_of_lines(name) {
            return name == topic::STATUS;
        }
        let counts = self.counts.get(name).into_iter().flatten().copied();
        own.reads(*number, counts) || self.borrowed.iter().any(|line| self.homes(line, name).contains(number))
    }

    /// Returns the lines that are borrowed now, but not read yet.
    pub(super) fn newly_borrowed(&self) -> BTreeSet<Line> {
        let lines = self.share.0.borrowed.borrow();
        lines.keys().filter(|line| !self.borrowed.contains(*line)).cloned().collect()
    }

    /// Returns the partitions in which records of these lines can stand.
    pub(super) fn of_lines(&self, lines: &BTreeSet<Line>) -> BTreeSet<Partition> {
        let names = self.counts.keys().filter(|name| is_of_lines(name));
        let mut partitions = BTreeSet::new();
        for name in names {
            let homes = lines.iter().flat_map(|line| self.homes(line, name));
            partitions.extend(homes.map(|home| (name.clone(), home)));
        }
        partitions
    }

    /// Records that these lines are read from now on.
    pub(super) fn add(&mut self, lines: BTreeSet<Line>) {
        self.borrowed.extend(lines);
    }

    /// Forgets lines that are not borrowed any more; returns whether there were any.
    pub(super) fn drop_returned(&mut self) -> bool {
        let lines = self.share.0.borrowed.borrow();
        let before = self.borrowed.len();
        self.borrowed.retain(|line| lines.contains_key(line));
        self.borrowed.len() != before
    }

    /// Returns the partitions of a topic that are or were a line's.
    fn homes(&self, line: &Line, topic: &str) -> BTreeSet<i32> {
        let counts = self.counts.get(topic).into_iter().flatten();
        counts.map(|count| partition::of_key(line.as_str().as_bytes(), *count)).collect()
    }
}

/// Returns how many partitions each topic has.
pub(super) fn counts(all: &[Partition]) -> BTreeMap<String, i32> {
    let mut counts = BTreeMap::new();
    for (topic, _) in all {
        *counts.entry(topic.clone()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use domain::{Actor, AlertId, Escalation, EventId, House, Progress, Status};

    use super::*;

    /// The first line of each of two shards.
    fn lines() -> (Line, Line, Shards) {
        let shards = Shards::new(2).unwrap();
        let of = |number| {
            let mut names = (1..).map(|stair| Line::new(format!("101-{stair}")).unwrap());
            names.find(|line| shards.of(line).number() == number).unwrap()
        };
        (of(1), of(2), shards)
    }

    fn escalated(from: &Line, to: &Line) -> Event {
        let alert = AlertId::generate();
        let lines = BTreeSet::from([to.clone()]);
        Event::Status(Status {
            id: EventId(alert.0),
            line: from.clone(),
            alert,
            target: Some(House::new("1203").unwrap()),
            status: Progress::Escalated,
            by: Actor::Service,
            by_line: None,
            note: None,
            escalation: Some(Escalation { round: alert.0, step: 1, lines }),
            at: 0,
        })
    }

    fn all(partitions: i32) -> Vec<Partition> {
        let of = |topic: &domain::topic::Topic| {
            let name = topic.name.to_owned();
            (0..partitions).map(move |partition| (name.clone(), partition))
        };
        topic::ALL.iter().flat_map(of).collect()
    }

    fn wanted(selection: &Selection, name: &str, partitions: i32) -> Vec<i32> {
        (0..partitions).filter(|partition| selection.wants(&(name.to_owned(), *partition))).collect()
    }

    #[test]
    fn a_shard_reads_its_partitions_of_calls_and_all_of_their_progress() {
        let (_, _, shards) = lines();
        let mut selection = Selection::new(Share::new(shards, shards.shard(2)));
        assert!(!selection.learn(&all(4)));
        assert_eq!(wanted(&selection, topic::ALERT, 4), [1, 3]);
        assert_eq!(wanted(&selection, topic::RECEIPT, 4), [1, 3]);
        assert_eq!(wanted(&selection, topic::STATUS, 4), [0, 1, 2, 3]);
        for name in [topic::HISTORY, topic::CANARY, topic::DEAD_LETTER] {
            assert_eq!(wanted(&selection, name, 4), [0; 0], "{name}");
        }
        let mut whole = Selection::new(Share::new(shards, None));
        whole.learn(&all(4));
        assert_eq!(wanted(&whole, topic::DEAD_LETTER, 4), [0, 1, 2, 3]);
    }

    #[test]
    fn a_topic_that_gains_partitions_is_read_more_widely() {
        let (_, _, shards) = lines();
        let mut selection = Selection::new(Share::new(shards, shards.shard(1)));
        assert!(!selection.learn(&all(4)) && !selection.learn(&all(4)));
        assert_eq!(selection.undivided(), None);
        assert!(selection.learn(&all(5)), "a new number is noticed");
        assert!(selection.undivided().is_some());
        assert_eq!(wanted(&selection, topic::ALERT, 5), [0, 1, 2, 3, 4]);
        assert!(!selection.learn(&all(5)), "and noticed once");
    }

    #[test]
    fn a_call_that_is_escalated_from_another_shard_borrows_its_line() {
        let (first, second, shards) = lines();
        let share = Share::new(shards, shards.shard(1));
        let mut selection = Selection::new(share.clone());
        selection.learn(&all(4));
        assert!(share.serves(&first) && !share.serves(&second));
        assert!(!share.borrow_for(&escalated(&first, &second)), "the own line is not borrowed");
        assert!(!share.borrow_for(&escalated(&second, &second)), "nobody of the own lines gets it");
        assert!(selection.newly_borrowed().is_empty());

        assert!(share.borrow_for(&escalated(&second, &first)));
        assert!(!share.borrow_for(&escalated(&second, &first)), "once");
        let lines = selection.newly_borrowed();
        assert_eq!(lines, BTreeSet::from([second.clone()]));
        let home = partition::of_key(second.as_str().as_bytes(), 4);
        assert!(selection.of_lines(&lines).contains(&(topic::ACCEPT.to_owned(), home)));
        selection.add(lines);
        let read = wanted(&selection, topic::ALERT, 4);
        assert!(read.len() == 3 && read.contains(&home), "{read:?}");

        share.give_back(|_| false);
        assert!(!selection.drop_returned(), "it was borrowed just now");
    }

    #[test]
    fn a_record_is_misplaced_where_the_fan_outs_of_its_shard_do_not_read() {
        let (first, _, shards) = lines();
        let share = Share::new(shards, None);
        let is_misplaced = |topic, partition| share.is_misplaced(&first, topic, partition, 4);
        let of_calls: Vec<bool> = (0..4).map(|partition| is_misplaced(topic::ALERT, partition)).collect();
        assert_eq!(of_calls, [false, true, false, true]);
        assert!(!is_misplaced(topic::STATUS, 1), "every fan-out reads all of it");
        assert!(!Share::default().is_misplaced(&first, topic::ALERT, 1, 4));
    }
}
