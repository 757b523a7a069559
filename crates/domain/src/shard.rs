//! The shards of a large complex. A shard is a part of the lines, which fan-outs of its own keep. Without the setting
//! there is one shard with every line.

use std::fmt;

use crate::{
    partition,
    people::{Line, Resident, Role},
};

/// The path of the socket. The nodes that a proxy sends it to keep every line.
pub const SOCKET: &str = "/an-ws";

/// The number of shards among which the lines are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards(i32);

impl Default for Shards {
    fn default() -> Self {
        Self::ONE
    }
}

impl Shards {
    /// Every line is in one shard.
    pub const ONE: Self = Self(1);
    /// The greatest number of shards.
    pub const MOST: i32 = 64;

    /// Returns so many shards; `None` for a number below one or above [`Shards::MOST`].
    #[must_use]
    pub fn new(count: i32) -> Option<Self> {
        (1..=Self::MOST).contains(&count).then_some(Self(count))
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn count(self) -> i32 {
        self.0
    }

    /// Returns whether there is more than one.
    #[must_use]
    pub const fn is_divided(self) -> bool {
        self.0 > 1
    }

    /// Returns the shard of a line. It depends on no topic's number of partitions, so every process names the same one.
    #[must_use]
    pub fn of(self, line: &Line) -> Shard {
        Shard { index: partition::of_key(line.as_str().as_bytes(), self.0), of: self }
    }

    /// Returns the shard of this number, counted from one.
    #[must_use]
    pub fn shard(self, number: i32) -> Option<Shard> {
        (1..=self.0).contains(&number).then_some(Shard { index: number - 1, of: self })
    }

    /// Returns the address of the socket for a person, if the lines are divided. Administrators, who get the calls of
    /// every line, have the one of the nodes that keep every line.
    #[must_use]
    pub fn address_for(self, person: &Resident) -> Option<String> {
        if !self.is_divided() {
            return None;
        }
        let line = person.line.as_ref().filter(|_| person.role == Role::Resident);
        Some(line.map_or_else(|| SOCKET.to_owned(), |line| self.of(line).address()))
    }

    /// Returns the smallest number of partitions from `least` on by which each shard has partitions of its own.
    #[must_use]
    pub const fn partitions(self, least: i32) -> i32 {
        // Both are small and positive.
        (least + self.0 - 1) / self.0 * self.0
    }
}

/// One of the shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: i32,
    of: Shards,
}

impl Shard {
    /// Returns its number, counted from one.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.index + 1
    }

    /// Returns whether it has this line.
    #[must_use]
    pub fn has(self, line: &Line) -> bool {
        self.of.of(line) == self
    }

    /// Returns the address of the socket at the nodes that keep it.
    #[must_use]
    pub fn address(self) -> String {
        format!("{SOCKET}?shard={}", self.number())
    }

    /// Returns whether records of its lines may stand in this partition of a topic, which has or had these numbers of
    /// partitions.
    ///
    /// A line's partition is its hash modulo the number of partitions, and its shard the same hash modulo the number of
    /// shards, so the two are alike modulo every common divisor of both numbers. Where they have none but one, every
    /// partition may have records of every shard.
    #[must_use]
    pub fn reads(self, partition: i32, counts: impl IntoIterator<Item = i32>) -> bool {
        let step = counts.into_iter().fold(self.of.0, common_divisor);
        partition % step == self.index % step
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.number(), self.of.0)
    }
}

/// Returns the greatest common divisor, which is one at least. `partitions` below one count as one.
fn common_divisor(shards: i32, partitions: i32) -> i32 {
    let (mut a, mut b) = (shards, partitions.max(1));
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn lines() -> impl Iterator<Item = Line> {
        let names = (101..=120).flat_map(|building| (1..=10).map(move |stair| format!("{building}-{stair}")));
        names.map(|name| Line::new(name).expect("a name of a line"))
    }

    fn home(line: &Line, partitions: i32) -> i32 {
        partition::of_key(line.as_str().as_bytes(), partitions)
    }

    #[test]
    fn a_shard_reads_every_partition_in_which_a_record_of_its_lines_can_stand() {
        for count in 1..=7 {
            let shards = Shards::new(count).expect("a number of shards");
            for partitions in 1..=12 {
                for line in lines() {
                    assert!(shards.of(&line).reads(home(&line, partitions), [partitions]), "{line}");
                }
            }
        }
    }

    #[test]
    fn a_shard_reads_its_part_of_the_partitions_where_the_shards_divide_them() {
        let shards = Shards::new(3).expect("a number of shards");
        let read = |number, partitions: i32| {
            let shard = shards.shard(number).expect("a shard");
            (0..partitions).filter(|partition| shard.reads(*partition, [partitions])).collect::<Vec<_>>()
        };
        assert_eq!((read(1, 6), read(2, 6), read(3, 6)), (vec![0, 3], vec![1, 4], vec![2, 5]));
        assert_eq!(read(2, 4), [0, 1, 2, 3], "no partition is one shard's alone");
        assert_eq!(read(1, 9), [0, 3, 6]);
    }

    #[test]
    fn a_topic_that_gains_partitions_is_read_where_its_records_of_before_and_of_now_stand() {
        let shards = Shards::new(4).expect("a number of shards");
        for (before, now) in [(4, 8), (4, 6), (2, 5), (8, 9)] {
            for line in lines() {
                let shard = shards.of(&line);
                for partition in [home(&line, before), home(&line, now)] {
                    assert!(shard.reads(partition, [before, now]), "{line}: {before} to {now}");
                }
            }
        }
    }

    #[test]
    fn every_shard_has_lines_and_every_line_one_shard() {
        let shards = Shards::new(3).expect("a number of shards");
        let numbers: BTreeSet<i32> = lines().map(|line| shards.of(&line).number()).collect();
        assert_eq!(numbers, BTreeSet::from([1, 2, 3]));
        for line in lines() {
            let having = (1..=3).filter_map(|number| shards.shard(number)).filter(|shard| shard.has(&line));
            assert_eq!(having.count(), 1, "{line}");
        }
    }

    #[test]
    fn only_a_resident_of_divided_lines_has_the_address_of_a_shard() {
        let line = Line::new("101-1").expect("a name of a line");
        let person = |role| Resident { name: "a".into(), line: Some(line.clone()), house: None, role };
        let shards = Shards::new(2).expect("a number of shards");
        let own = format!("/an-ws?shard={}", shards.of(&line).number());
        assert_eq!(shards.address_for(&person(Role::Resident)), Some(own));
        assert_eq!(shards.address_for(&person(Role::Administrator)).as_deref(), Some("/an-ws"));
        assert_eq!(Shards::ONE.address_for(&person(Role::Resident)), None);
    }

    #[test]
    fn numbers_out_of_bounds_are_none() {
        assert_eq!((Shards::new(0), Shards::new(65), Shards::new(1)), (None, None, Some(Shards::ONE)));
        let shards = Shards::new(2).expect("a number of shards");
        assert!(shards.shard(0).is_none() && shards.shard(3).is_none() && shards.shard(2).is_some());
    }

    #[test]
    fn topics_are_made_with_partitions_for_every_shard() {
        let partitions = |count| Shards::new(count).expect("a number of shards").partitions(2);
        assert_eq!((partitions(1), partitions(2), partitions(3), partitions(5)), (2, 2, 3, 5));
    }
}
