//! Where a record stands in its topic, and which of two accepts came first.

use std::collections::BTreeSet;

use crate::{event::Millis, partition, people::Line};

/// Where a record stands in its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The record's timestamp (Kafka `CreateTime`).
    pub timestamp: Millis,
    /// The partition.
    pub partition: i32,
    /// The offset in the partition.
    pub offset: i64,
}

/// How the records of a line's accepts are ordered: its home partition by offset, then the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rank {
    home: i32,
}

impl Rank {
    /// Of `line`, where the accepts' topic has `partitions`.
    pub(crate) fn new(line: &Line, partitions: i32) -> Self {
        Self { home: partition::of_key(line.as_str().as_bytes(), partitions) }
    }

    /// Smaller is earlier.
    fn of(self, position: Position) -> (bool, i64, i32, i64) {
        if position.partition == self.home {
            (false, position.offset, position.partition, position.offset)
        } else {
            (true, position.timestamp, position.partition, position.offset)
        }
    }

    /// The place that ranks first, of those one record stands at.
    pub(crate) fn first(self, places: &BTreeSet<Position>) -> Option<(bool, i64, i32, i64)> {
        places.iter().map(|position| self.of(*position)).min()
    }
}
