//! Where a record stands in its topic, and which of two accepts came first.

use crate::{collections::SmallSet, event::Millis, partition, people::Line};

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

/// The range of plausible times, from 2000 to 2200, in milliseconds since 1970.
const PLAUSIBLE: std::ops::Range<i128> = 946_684_800_000..7_258_118_400_000;

impl Position {
    /// The timestamp as milliseconds since 1970. Producers exist that write seconds, microseconds or nanoseconds; `None` of
    /// what can be none of these, such as 0.
    #[must_use]
    pub fn time(self) -> Option<Millis> {
        let written = i128::from(self.timestamp);
        let as_millis = [written, written * 1_000, written / 1_000, written / 1_000_000];
        let found = as_millis.into_iter().find(|millis| PLAUSIBLE.contains(millis))?;
        Millis::try_from(found).ok()
    }
}

/// The order of the records of a line's accepts. The home partition comes first, by offset, then the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rank {
    home: i32,
}

impl Rank {
    /// The order of `line`, where the accepts' topic has `partitions`.
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
    pub(crate) fn first(self, places: &SmallSet<Position>) -> Option<(bool, i64, i32, i64)> {
        places.iter().map(|position| self.of(*position)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_in_another_unit_is_the_same_time_and_one_that_is_none_is_no_time() {
        let time = |timestamp| Position { timestamp, partition: 0, offset: 0 }.time();
        let now = 1_795_900_000_000;
        for timestamp in [now, now / 1_000, now * 1_000, now * 1_000_000] {
            assert_eq!(time(timestamp), Some(now), "{timestamp}");
        }
        for timestamp in [0, -1, 17, i64::MAX, i64::MIN] {
            assert_eq!(time(timestamp), None, "{timestamp}");
        }
    }
}
