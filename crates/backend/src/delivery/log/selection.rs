//! The choice of the partitions that a reader of the log reads, which follows from the lines of its [`Share`].

use std::collections::{BTreeMap, BTreeSet};

use domain::{Line, partition, topic};

use super::{Partition, share::Share};

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
        let mut counts = self.counts.iter().filter(|(name, _)| topic::is_of_lines(name));
        let found = counts.find(|(_, counts)| counts.iter().any(|count| count % shards != 0));
        found.filter(|_| !self.is_whole()).map(|(name, _)| name.as_str())
    }

    /// Returns whether a partition is read.
    pub(super) fn wants(&self, (name, number): &Partition) -> bool {
        let Some(own) = self.share.own() else { return true };
        if !topic::is_of_lines(name) {
            return name == topic::STATUS;
        }
        let counts = self.counts.get(name).into_iter().flatten().copied();
        own.reads(*number, counts) || self.borrowed.iter().any(|line| self.homes(line, name).contains(number))
    }

    /// Returns the lines that are borrowed now, but not read yet.
    pub(super) fn newly_borrowed(&self) -> BTreeSet<Line> {
        let lines = self.share.borrowed_lines();
        lines.keys().filter(|line| !self.borrowed.contains(*line)).cloned().collect()
    }

    /// Returns the partitions in which records of these lines can stand.
    pub(super) fn of_lines(&self, lines: &BTreeSet<Line>) -> BTreeSet<Partition> {
        let names = self.counts.keys().filter(|name| topic::is_of_lines(name));
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
        let lines = self.share.borrowed_lines();
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
    use domain::{Actor, AlertId, Escalation, Event, EventId, House, Progress, Shards, Status};

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
}
