//! The Kafka topics, by name. The first two are those of the original service.

use crate::event::Event;

/// Calls.
pub const ALERT: &str = "an-alert";
/// Accepts.
pub const ACCEPT: &str = "an-accept";
/// The progress of calls.
pub const STATUS: &str = "an-status";
/// Exercises. They have a topic of their own, so that no original client mistakes one for an emergency.
pub const DRILL: &str = "an-drill";
/// Where the caller is now.
pub const LOCATION: &str = "an-location";

/// Which houses a call has reached.
pub const RECEIPT: &str = "an-receipt";
/// Calls that are over, as statistics keep them, in rows without coordinates and without texts.
pub const HISTORY: &str = "an-history";
/// Silent calls of the service to itself, which show that calls are recorded and delivered. They are nobody's.
pub const CANARY: &str = "an-canary";
/// Records that could not be read, with the reason.
pub const DEAD_LETTER: &str = "an-dead-letter";

const DAY: i64 = 24 * 60 * 60 * 1000;
/// Records that are never deleted.
const ALWAYS: i64 = i64::MAX;

/// A topic the service reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: &'static str,
    /// The time for which its records are kept (`retention.ms`).
    pub retention: i64,
    /// True if a fan-out with a shard reads only the partitions of its lines. It reads all of [`STATUS`], and no other.
    pub is_of_lines: bool,
}

impl Topic {
    const fn of_lines(name: &'static str, retention: i64) -> Self {
        Self { name, retention, is_of_lines: true }
    }

    const fn of_all(name: &'static str, retention: i64) -> Self {
        Self { name, retention, is_of_lines: false }
    }
}

/// Every topic the service reads and writes.
pub const ALL: [Topic; 9] = [
    Topic::of_lines(ALERT, 30 * DAY),
    Topic::of_lines(ACCEPT, 30 * DAY),
    // A call of another shard may be escalated to a line of the fan-out.
    Topic::of_all(STATUS, 30 * DAY),
    Topic::of_lines(DRILL, 30 * DAY),
    Topic::of_lines(LOCATION, DAY),
    Topic::of_lines(RECEIPT, 30 * DAY),
    Topic::of_all(HISTORY, ALWAYS),
    Topic::of_all(CANARY, DAY),
    Topic::of_all(DEAD_LETTER, 30 * DAY),
];

/// The topics whose records are alerts. Their coordinates are deleted after a day, so each place that reads, shows,
/// counts or deletes alerts goes by this list. All are kept for one time, because statistics take a missing record for
/// a deleted one.
pub const OF_ALERTS: [&str; 2] = [ALERT, DRILL];

/// Returns how long records of the topic with this name are kept, in milliseconds; `None` of a topic that is not the service's.
#[must_use]
pub fn retention(name: &str) -> Option<i64> {
    ALL.iter().find(|topic| topic.name == name).map(|topic| topic.retention)
}

/// Returns [`Topic::is_of_lines`] of the topic with this name; false of a topic that is not the service's.
#[must_use]
pub fn is_of_lines(name: &str) -> bool {
    ALL.iter().any(|topic| topic.is_of_lines && topic.name == name)
}

/// Returns whether the topic's records go after a day and belong to no statistics.
#[must_use]
pub fn is_passing(name: &str) -> bool {
    name == LOCATION || name == CANARY
}

impl Event {
    /// Returns the topic of the event's record.
    #[must_use]
    pub fn topic(&self) -> &'static str {
        match self {
            Self::Alert(alert) if alert.line.is_canary() => CANARY,
            Self::Alert(alert) if alert.drill => DRILL,
            Self::Alert(_) => ALERT,
            Self::Accept(_) => ACCEPT,
            Self::Status(_) => STATUS,
            Self::Moved(_) => LOCATION,
            Self::Receipt(_) => RECEIPT,
        }
    }
}
