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
}

/// Every topic the service reads and writes.
pub const ALL: [Topic; 9] = [
    Topic { name: ALERT, retention: 30 * DAY },
    Topic { name: ACCEPT, retention: 30 * DAY },
    Topic { name: STATUS, retention: 30 * DAY },
    Topic { name: DRILL, retention: 30 * DAY },
    Topic { name: LOCATION, retention: DAY },
    Topic { name: RECEIPT, retention: 30 * DAY },
    Topic { name: HISTORY, retention: ALWAYS },
    Topic { name: CANARY, retention: DAY },
    Topic { name: DEAD_LETTER, retention: 30 * DAY },
];

/// Returns how long records of the topic with this name are kept, in milliseconds; `None` of a topic that is not the service's.
#[must_use]
pub fn retention(name: &str) -> Option<i64> {
    ALL.iter().find(|topic| topic.name == name).map(|topic| topic.retention)
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
