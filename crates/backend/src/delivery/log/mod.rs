//! The log, from which events are read in order. Without Kafka a node's outbox is its log ([`local`]); with Kafka the
//! topics are ([`kafka`]). Readers use [`Log`] and do not know which one they have.

pub mod kafka;
mod local;
mod past;
mod positions;
mod selection;
mod share;

use std::{collections::BTreeMap, time::Duration};

use domain::{Millis, Position};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{clock, delivery::outbox::Outbox};
pub use kafka::{Kafka, KafkaSettings};
pub use local::position;
pub(crate) use local::record as record_of_entry;
pub(crate) use past::send_past;
pub use positions::{Ends, Partition, Positions, Start};
pub use share::Share;

/// A record as it stands in the log.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its topic.
    pub topic: String,
    /// Where it stands there.
    pub position: Position,
    /// Its time, where its timestamp is usable; else when it was read or the time of a record before it.
    pub time: Millis,
    /// Its `id` header, which records of the original service lack.
    pub id: Option<Uuid>,
    /// Its value; `None` for a tombstone.
    pub value: Option<Vec<u8>>,
    /// True if it was published again to refill a log, or is about a call that is over. It is shown, and does not
    /// sound.
    pub republished: bool,
    /// The time from the receipt of the event to its publication, as the publisher wrote it.
    pub age: Option<Duration>,
    /// Its `traceparent` header.
    pub traceparent: Option<String>,
    /// It stood in its partition before that was read, also where the reading of the partition began later than that of
    /// the log.
    pub stood_before: bool,
}

/// A message to a reader of the log.
#[derive(Debug)]
pub enum Read {
    /// Reading is about to begin, or to begin again, and waits for an answer.
    Opening(oneshot::Sender<()>),
    /// Everything since this time follows.
    Begun(Millis),
    /// The next record of some partition.
    Record(Record),
    /// The topics have these numbers of partitions, whether all of them are read or not.
    Partitions(BTreeMap<String, i32>),
    /// All records from before the reading began have been read. They stood before these ends.
    CaughtUp(Ends),
    /// The health of the reading.
    Health(Health),
}

/// The health of a reader of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The log can be reached.
    pub connected: bool,
    /// Records that are in the log and were not read yet, as far as is known.
    pub lag: i64,
}

/// A record to append. It has no waiter and is worth one attempt.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The key.
    pub key: &'a str,
    /// The value.
    pub value: &'a [u8],
    /// The record's timestamp; one that lies ahead of the clock is replaced by the present.
    pub timestamp: Millis,
    /// The `id` header, where the record has an identity.
    pub id: Option<Uuid>,
    /// It is shown, and does not sound.
    pub republished: bool,
    /// The time since the event was received.
    pub age: Duration,
    /// The `traceparent` header, where the event is traced.
    pub traceparent: Option<&'a str>,
}

impl<'a> Outgoing<'a> {
    /// A record of the present that has no identity.
    #[must_use]
    pub fn new(topic: &'a str, key: &'a str, value: &'a [u8]) -> Self {
        Self {
            topic,
            key,
            value,
            timestamp: clock::now(),
            id: None,
            republished: false,
            age: Duration::ZERO,
            traceparent: None,
        }
    }
}

/// The log did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct LogError(pub(in crate::delivery) String);

impl LogError {
    /// It failed for this reason.
    pub(crate) fn because(reason: &str) -> Self {
        Self(reason.to_owned())
    }

    /// Something other than the log went wrong on the way.
    pub(crate) fn of(error: &dyn std::error::Error) -> Self {
        Self(error.to_string())
    }
}

/// The log of this node. Clones are the same log.
#[derive(Clone)]
pub enum Log {
    /// The node's own outbox.
    Local(Outbox),
    /// A Kafka cluster.
    Kafka(Kafka),
}

impl Log {
    /// Returns whether this node's own events come back by reading. In the local log they do not need to, because they
    /// have their position when they are committed.
    #[must_use]
    pub fn is_read_back(&self) -> bool {
        matches!(self, Self::Kafka(_))
    }

    /// Sends what stands in the log to `to`, from `start` on, and goes on with what is appended later. Ends when the
    /// receiver is closed.
    pub async fn follow(&self, start: Start, to: mpsc::Sender<Read>) {
        match self {
            Self::Local(outbox) => local::follow(outbox, start, &to).await,
            Self::Kafka(kafka) => kafka.follow(start, to).await,
        }
    }

    /// Appends a record that nobody waits for, such as a receipt.
    ///
    /// # Errors
    /// [`LogError`] if the log did not take it; it is not tried again.
    pub async fn append(&self, outgoing: Outgoing<'_>) -> Result<(), LogError> {
        match self {
            Self::Local(outbox) => local::append(outbox, outgoing).await,
            Self::Kafka(kafka) => kafka.publish_once(outgoing).await.map(drop),
        }
    }

    /// Where each partition ends now.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be reached.
    pub async fn ends(&self) -> Result<Ends, LogError> {
        match self {
            Self::Local(outbox) => Ok(local::ends(*outbox.end().borrow())),
            Self::Kafka(kafka) => kafka.ends().await,
        }
    }
}
