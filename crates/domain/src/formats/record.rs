//! Kafka records, which hold an event as JSON. The original service's five strings are read as they are, and the
//! missing parts are made up the same way everywhere.

mod fields;
mod optional;
mod text;

use sha2::{Digest, Sha256};
use uuid::Uuid;

pub(crate) use self::{
    fields::{AcceptFields, AlertFields, MovedFields, ReceiptFields, StatusFields},
    text::text,
};
use super::topic;
pub use crate::location::location;
use crate::{
    event::{Event, Millis},
    people::InvalidName,
    position::Position,
};

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The value is no JSON object of the topic's shape.
    #[error("the value is not the JSON object this topic holds: {0}")]
    Json(#[from] serde_json::Error),
    /// A field that every record needs is absent or null.
    #[error("the field '{0}' is missing")]
    Missing(&'static str),
    /// A field holds what it cannot.
    #[error("the field '{field}' {reason}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// The rule that it breaks.
        reason: InvalidName,
    },
    /// A topic the service does not know.
    #[error("records of the topic '{0}' are not known")]
    Topic(String),
}

/// Returns the event of a record whose timestamp is its time, as [`read_at`] does.
///
/// # Errors
/// [`Unreadable`], with the reason.
pub fn read(topic: &str, value: &[u8], position: Position) -> Result<Event, Unreadable> {
    read_at(topic, value, position, position.timestamp)
}

/// Returns the event of a record.
///
/// A record of the original service has no id and no time. Its id becomes a UUIDv8 (RFC 9562, section 5.8) of where the
/// record stands and a hash of its value (as any accept's that names no call), and it happened at `time`.
///
/// An unusable location is dropped and never makes a call unreadable.
///
/// # Errors
/// [`Unreadable`], with the reason.
pub fn read_at(topic: &str, value: &[u8], position: Position, time: Millis) -> Result<Event, Unreadable> {
    let made_up = || identify(topic, value, position);
    match topic {
        topic::ALERT | topic::DRILL => {
            let mut fields: AlertFields = serde_json::from_slice(value)?;
            fields.id = fields.id.or_else(|| Some(made_up()));
            fields.at = fields.at.or(Some(time));
            fields.drill = topic == topic::DRILL;
            fields.into_event()
        }
        topic::ACCEPT => {
            let mut fields: AcceptFields = serde_json::from_slice(value)?;
            // Where no call is named it depends on the place which one is meant, so the place is its name.
            fields.id = fields.id.filter(|_| fields.alert.is_some()).or_else(|| Some(made_up()));
            fields.at = fields.at.or(Some(time));
            fields.into_event()
        }
        topic::STATUS => serde_json::from_slice::<StatusFields>(value)?.into_event(),
        topic::LOCATION => serde_json::from_slice::<MovedFields>(value)?.into_event(),
        topic::RECEIPT => {
            serde_json::from_slice::<ReceiptFields>(value).map(ReceiptFields::into_event).map_err(Into::into)
        }
        _ => Err(Unreadable::Topic(topic.to_owned())),
    }
}

/// The topic and the value of an event's record.
#[must_use]
pub fn write(event: &Event) -> (&'static str, Vec<u8>) {
    let value = match event {
        Event::Alert(alert) => serde_json::to_vec(&AlertFields::from(alert)),
        Event::Accept(accept) => serde_json::to_vec(&AcceptFields::from(accept)),
        Event::Status(status) => serde_json::to_vec(&StatusFields::from(status)),
        Event::Moved(moved) => serde_json::to_vec(&MovedFields::from(moved)),
        Event::Receipt(receipt) => serde_json::to_vec(&ReceiptFields::from(receipt)),
    };
    (event.topic(), value.expect("maps with text keys are always JSON"))
}

fn identify(topic: &str, value: &[u8], position: Position) -> Uuid {
    let hash = Sha256::new()
        .chain_update(topic.as_bytes())
        .chain_update([0])
        .chain_update(position.partition.to_be_bytes())
        .chain_update(position.offset.to_be_bytes())
        .chain_update(position.timestamp.to_be_bytes())
        .chain_update(Sha256::digest(value))
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Uuid::new_v8(bytes)
}
