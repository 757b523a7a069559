//! The value of a record in `an-dead-letter`, which keeps a record that could not be read.

use serde::{Deserialize, Serialize};

use crate::event::Millis;

/// A record that could not be read, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// `topic-partition-offset`, which is also the letter's key.
    pub place: String,
    /// The record's topic.
    pub topic: String,
    /// The record's partition.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
    /// The record's timestamp.
    pub timestamp: Millis,
    /// Why it could not be read.
    pub reason: String,
    /// The record's value as text, with replacements for octets that are not UTF-8; `null` for a tombstone.
    pub value: Option<String>,
    /// The value was longer.
    pub truncated: bool,
}
