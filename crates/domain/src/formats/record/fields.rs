//! The JSON of each topic's records, field by field.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Unreadable,
    optional::{lenient, optional_flats, optional_lines, optional_millis, optional_name, words},
};
use crate::{
    collections::BTreeSet,
    event::{
        Accept, Actor, Alert, AlertId, Escalation, Event, EventId, Kind, Millis, Moved, Progress, Receipt,
        Status,
    },
    location::location,
    people::{Flats, House, Line},
};

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
    /// In the log the topic names the type.
    #[serde(skip)]
    pub(crate) drill: bool,
    /// It is written for a drill only, and only where it is true.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    alone: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    pub(super) at: Option<Millis>,
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
    pub(super) id: Option<Uuid>,
    #[serde(deserialize_with = "words")]
    line: Option<String>,
    #[serde(deserialize_with = "words")]
    accept: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "words")]
    accept_line: Option<String>,
    #[serde(deserialize_with = "words")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alert: Option<AlertId>,
    #[serde(deserialize_with = "lenient")]
    pub(super) at: Option<Millis>,
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

/// `an-receipt`.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReceiptFields {
    line: Line,
    alert: AlertId,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_name")]
    target: Option<House>,
    #[serde(default, skip_serializing_if = "Flats::is_empty", deserialize_with = "optional_flats")]
    pushed: Flats,
    reached: Flats,
    #[serde(default, skip_serializing_if = "Flats::is_empty", deserialize_with = "optional_flats")]
    sounded: Flats,
    seen: Flats,
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
