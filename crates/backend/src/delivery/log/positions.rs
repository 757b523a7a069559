//! Positions in a log, at which readers go on and partitions end.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::delivery::outbox::{LogId, Sequence};

/// A partition of a topic.
pub type Partition = (String, i32);

/// Per partition the offset behind its last record.
pub type Ends = HashMap<Partition, i64>;

/// The part of a log that a reader has read, to go on behind it later. It is of use only with the same kind of log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Positions {
    /// The last entry of the local log that was read, by its number and its event's id.
    Local {
        /// Which file.
        log: LogId,
        /// The entry's number.
        sequence: Sequence,
        /// The id of its event. A file restored from a backup can give the number to another one.
        event: Uuid,
    },
    /// Per partition the next offset to read.
    Kafka(BTreeMap<Partition, i64>),
}

/// Where a reader begins.
#[derive(Clone, Debug)]
pub enum Start {
    /// At what was recorded since this time, in milliseconds since 1970.
    Since(domain::Millis),
    /// Behind these positions. A log that does not have them is read from its beginning.
    Behind(Positions),
}
