//! Kafka records, which hold an event as JSON. The original service's five strings are read as they are, and the
//! missing parts are made up the same way everywhere.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::topic;
use crate::{
    event::{
        Accept, Actor, Alert, AlertId, Escalation, Event, EventId, Kind, Millis, Moved, Progress, Receipt,
        Status,
    },
    people::{House, InvalidName, Line, Neighbour},
    position::Position,
};

pub use crate::location::location;

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
    /// A STOMP body of a type that is not known here.
    #[error("messages of the type '{0}' are not known")]
    Type(String),
}

/// Returns the event of a record whose timestamp is its time, as [`read_at`] does.
///
/// # Errors
/// [`Unreadable`], with the reason.
pub fn read(topic: &str, value: &[u8], position: Position) -> Result<Event, Unreadable> {
    read_at(topic, value, position, position.timestamp)
}

/// The event of a record.
///
/// A record of the original service has no id and no time. Its id becomes a UUIDv8 (RFC 9562, section 5.8) of where the
/// record stands and a hash of its value (as any accept's that names no call), and it happened at `time`.
///
/// # Errors [`Unreadable`], with the reason. An unusable location is dropped and never makes a call unreadable.
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

/// Reads an optional field. A missing, null or malformed value is `None`, so it never makes a call unreadable.
fn lenient<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).ok())
}

/// Text without white space around it, also where a producer wrote a number; anything else is `None`.
fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A name of a line or a house that may be absent. One that cannot be read counts as absent.
pub(crate) fn optional_name<'de, D: Deserializer<'de>, T: TryFrom<String>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Ok(words(from)?.and_then(|name| T::try_from(name).ok()))
}

fn line(value: Option<String>, field: &'static str) -> Result<Line, Unreadable> {
    let value = value.ok_or(Unreadable::Missing(field))?;
    Line::new(value).map_err(|reason| Unreadable::Invalid { field, reason })
}

fn house(value: Option<String>, field: &'static str) -> Result<House, Unreadable> {
    let value = value.ok_or(Unreadable::Missing(field))?;
    House::new(value).map_err(|reason| Unreadable::Invalid { field, reason })
}

/// `an-alert` and `an-drill`. `lat` and `lng` are written as text, as the original service's fields are.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AlertFields {
    #[serde(deserialize_with = "lenient")]
    pub(crate) id: Option<Uuid>,
    #[serde(deserialize_with = "words")]
    line: Option<String>,
    #[serde(deserialize_with = "words")]
    house: Option<String>,
    #[serde(deserialize_with = "lenient")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lat: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lng: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    kind: Option<Kind>,
    /// Only in STOMP bodies, because in the log the topic names the type.
    #[serde(skip)]
    pub(crate) drill: bool,
    /// Only of a drill, and only where it is true.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    alone: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    at: Option<Millis>,
}

impl From<&Alert> for AlertFields {
    fn from(alert: &Alert) -> Self {
        let degrees = |number: f64| Value::String(number.to_string());
        Self {
            id: Some(alert.id.0),
            line: Some(alert.line.to_string()),
            house: Some(alert.house.to_string()),
            text: Some(alert.text.clone()),
            lat: alert.location.map(|location| degrees(location.lat)),
            lng: alert.location.map(|location| degrees(location.lng)),
            accuracy: alert.location.and_then(|location| location.accuracy).map(Value::from),
            kind: alert.kind,
            drill: alert.drill,
            alone: alert.alone.then_some(true),
            at: Some(alert.at),
        }
    }
}

impl AlertFields {
    pub(crate) fn into_event(self) -> Result<Event, Unreadable> {
        Ok(Event::Alert(Alert {
            id: AlertId(self.id.ok_or(Unreadable::Missing("id"))?),
            line: line(self.line, "line")?,
            house: house(self.house, "house")?,
            text: self.text.unwrap_or_default(),
            location: location(self.lat.as_ref(), self.lng.as_ref(), self.accuracy.as_ref()),
            kind: self.kind,
            drill: self.drill,
            // An emergency is everybody's.
            alone: self.drill && self.alone == Some(true),
            at: self.at.ok_or(Unreadable::Missing("at"))?,
        }))
    }
}

/// `an-accept`.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AcceptFields {
    #[serde(deserialize_with = "lenient")]
    id: Option<Uuid>,
    #[serde(deserialize_with = "words")]
    line: Option<String>,
    #[serde(deserialize_with = "words")]
    accept: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "words")]
    accept_line: Option<String>,
    #[serde(deserialize_with = "words")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<AlertId>,
    #[serde(deserialize_with = "lenient")]
    at: Option<Millis>,
}

impl From<&Accept> for AcceptFields {
    fn from(accept: &Accept) -> Self {
        Self {
            id: Some(accept.id.0),
            line: Some(accept.line.to_string()),
            accept: Some(accept.accept.to_string()),
            accept_line: accept.accept_line.as_ref().map(Line::to_string),
            target: Some(accept.target.to_string()),
            alert: accept.alert,
            at: Some(accept.at),
        }
    }
}

impl AcceptFields {
    pub(crate) fn into_event(self) -> Result<Event, Unreadable> {
        let accept_line = self.accept_line.map(|name| line(Some(name), "acceptLine")).transpose()?;
        Ok(Event::Accept(Accept {
            id: EventId(self.id.ok_or(Unreadable::Missing("id"))?),
            line: line(self.line, "line")?,
            accept: house(self.accept, "accept")?,
            accept_line,
            target: house(self.target, "target")?,
            alert: self.alert,
            at: self.at.ok_or(Unreadable::Missing("at"))?,
        }))
    }
}

/// `an-status`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusFields {
    id: EventId,
    line: Line,
    alert: AlertId,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_name")]
    target: Option<House>,
    status: Progress,
    by: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_name")]
    by_line: Option<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    note: Option<String>,
    /// This and the next two belong to `escalated` only.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    round: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    step: Option<u8>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "optional_lines")]
    lines: BTreeSet<Line>,
    at: Millis,
}

/// Reads a list of lines. A name that cannot be read is left out, so that the other lines count.
fn optional_lines<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<Line>, D::Error> {
    let Value::Array(names) = Value::deserialize(from)? else { return Ok(BTreeSet::new()) };
    Ok(names.into_iter().filter_map(|name| serde_json::from_value(name).ok()).collect())
}

impl From<&Status> for StatusFields {
    fn from(status: &Status) -> Self {
        let escalation = status.escalation.as_ref();
        Self {
            id: status.id,
            line: status.line.clone(),
            alert: status.alert,
            target: status.target.clone(),
            status: status.status,
            by: status.by.clone(),
            by_line: status.by_line.clone(),
            note: status.note.clone(),
            round: escalation.map(|escalation| escalation.round),
            step: escalation.map(|escalation| escalation.step),
            lines: escalation.map(|escalation| escalation.lines.clone()).unwrap_or_default(),
            at: status.at,
        }
    }
}

impl StatusFields {
    pub(crate) fn into_event(self) -> Result<Event, Unreadable> {
        let Self { id, line, alert, target, status, by, by_line, note, round, step, lines, at } = self;
        let step = round.zip(step).filter(|_| status == Progress::Escalated);
        let escalation = step.map(|(round, step)| Escalation { round, step, lines });
        Ok(Event::Status(Status { id, line, alert, target, status, by, by_line, note, escalation, at }))
    }
}

/// `an-location`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MovedFields {
    line: Line,
    alert: AlertId,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_name")]
    target: Option<House>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_name")]
    house: Option<House>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_name")]
    house_line: Option<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lat: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lng: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accuracy: Option<Value>,
    at: Millis,
}

impl From<&Moved> for MovedFields {
    fn from(moved: &Moved) -> Self {
        Self {
            line: moved.line.clone(),
            alert: moved.alert,
            target: moved.target.clone(),
            house: moved.house.clone(),
            house_line: moved.house_line.clone(),
            lat: moved.location.map(|location| location.lat.into()),
            lng: moved.location.map(|location| location.lng.into()),
            accuracy: moved.location.and_then(|location| location.accuracy).map(Value::from),
            at: moved.at,
        }
    }
}

impl MovedFields {
    pub(crate) fn into_event(self) -> Result<Event, Unreadable> {
        let location = location(self.lat.as_ref(), self.lng.as_ref(), self.accuracy.as_ref());
        // Only a flat that names itself may stop showing where it is, because no caller does.
        let stops = self.house.is_some() && self.lat.is_none() && self.lng.is_none();
        if location.is_none() && !stops {
            return Err(Unreadable::Missing("lat and lng"));
        }
        let Self { line, alert, target, house, house_line, at, .. } = self;
        Ok(Event::Moved(Moved { line, alert, target, house, house_line, location, at }))
    }
}

/// A set of flats; an empty one where the field cannot be read, so that the rest of the record counts.
fn optional_flats<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Neighbour>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// A time that is not negative; none where the field cannot be read.
fn optional_millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Millis>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_i64().filter(|millis| *millis >= 0))
}

/// `an-receipt`.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReceiptFields {
    line: Line,
    alert: AlertId,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_name")]
    target: Option<House>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "optional_flats")]
    pushed: BTreeSet<Neighbour>,
    reached: BTreeSet<Neighbour>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "optional_flats")]
    sounded: BTreeSet<Neighbour>,
    seen: BTreeSet<Neighbour>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_millis")]
    after: Option<Millis>,
}

impl From<&Receipt> for ReceiptFields {
    fn from(receipt: &Receipt) -> Self {
        let Receipt { line, alert, target, pushed, reached, sounded, seen, after } = receipt.clone();
        Self { line, alert, target, pushed, reached, sounded, seen, after }
    }
}

impl ReceiptFields {
    pub(crate) fn into_event(self) -> Event {
        let Self { line, alert, target, pushed, reached, sounded, seen, after } = self;
        Event::Receipt(Receipt { line, alert, target, pushed, reached, sounded, seen, after })
    }
}
