//! The Kafka topics, by name. The first two are those of the original service.

/// Calls.
pub const ALERT: &str = "an-alert";
/// Accepts.
pub const ACCEPT: &str = "an-accept";
/// What else happens to a call.
pub const STATUS: &str = "an-status";
/// Exercises: a topic of its own, so that no original client takes one for real.
pub const DRILL: &str = "an-drill";
/// Where the caller is now.
pub const LOCATION: &str = "an-location";

const DAY: i64 = 24 * 60 * 60 * 1000;

/// A topic the service reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: &'static str,
    /// `retention.ms`: how long its records are kept.
    pub retention: i64,
}

/// Every topic the service reads and writes.
pub const ALL: [Topic; 5] = [
    Topic { name: ALERT, retention: 30 * DAY },
    Topic { name: ACCEPT, retention: 30 * DAY },
    Topic { name: STATUS, retention: 30 * DAY },
    Topic { name: DRILL, retention: 30 * DAY },
    Topic { name: LOCATION, retention: DAY },
];
