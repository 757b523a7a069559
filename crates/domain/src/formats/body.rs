//! The bodies of STOMP MESSAGE frames. Each is a record's value with its `type`, and the parts that only listeners
//! receive.

use serde::{Deserialize, Serialize, de::Error};
use serde_json::Value;

use super::record::{
    AcceptFields, AlertFields, MovedFields, ReceiptFields, StatusFields, Unreadable, optional_name,
};
use crate::{
    event::{Alert, AlertId, Event, EventId},
    people::{House, Line},
};

/// The content of a MESSAGE.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Something happened to a call.
    Event {
        /// The event.
        event: Event,
        /// True if an accept is the call's first; `None` until the log knows.
        first: Option<bool>,
    },
    /// Which accept was the first of its call.
    First {
        /// The call's line.
        line: Line,
        /// The call.
        alert: AlertId,
        /// The house that called. `None` in frames of former versions.
        target: Option<House>,
        /// The house whose accept was first.
        accept: House,
        /// That accept.
        id: EventId,
    },
    /// All that was open has been sent.
    SnapshotEnd {
        /// The line; `None` on a subscription to every line.
        line: Option<Line>,
        /// True if there was more than a snapshot holds. A call that is not listed may still be open.
        truncated: bool,
    },
}

#[derive(Serialize, Deserialize)]
struct FirstFields {
    line: Line,
    alert: AlertId,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_name")]
    target: Option<House>,
    accept: House,
    id: EventId,
}

#[derive(Serialize, Deserialize)]
struct SnapshotEndFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<Line>,
    truncated: bool,
}

impl Body {
    /// Every word of [`Body::type_name`].
    pub const TYPES: [&str; 7] =
        ["alert", "accept", "status", "location", "receipt", "first", "snapshot-end"];

    /// The word in the body's `type` field and the frame's `type` header.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Event { event: Event::Alert(_), .. } => "alert",
            Self::Event { event: Event::Accept(_), .. } => "accept",
            Self::Event { event: Event::Status(_), .. } => "status",
            Self::Event { event: Event::Moved(_), .. } => "location",
            Self::Event { event: Event::Receipt(_), .. } => "receipt",
            Self::First { .. } => "first",
            Self::SnapshotEnd { .. } => "snapshot-end",
        }
    }

    /// The body as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let fields = match self {
            Self::Event { event, first } => event_fields(event, *first),
            Self::First { line, alert, target, accept, id } => {
                let (line, target, accept) = (line.clone(), target.clone(), accept.clone());
                serde_json::to_value(FirstFields { line, alert: *alert, target, accept, id: *id })
            }
            Self::SnapshotEnd { line, truncated } => {
                serde_json::to_value(SnapshotEndFields { line: line.clone(), truncated: *truncated })
            }
        };
        let mut fields = fields.expect("maps with text keys are always JSON");
        fields["type"] = Value::from(self.type_name());
        fields.to_string().into_bytes()
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Unreadable`] if it is none of a type that is known here.
    pub fn parse(json: &[u8]) -> Result<Self, Unreadable> {
        let json = str::from_utf8(json).map_err(serde_json::Error::custom)?;
        let fields: Value = serde_json::from_str(json)?;
        let of = |event| Self::Event { event, first: None };
        match fields["type"].as_str().ok_or(Unreadable::Missing("type"))? {
            "alert" => {
                let drill = fields["drill"].as_bool().unwrap_or(false);
                let mut fields: AlertFields = serde_json::from_value(fields)?;
                fields.drill = drill;
                fields.into_event().map(of)
            }
            "accept" => {
                let first = fields["first"].as_bool();
                let event = serde_json::from_value::<AcceptFields>(fields)?.into_event()?;
                Ok(Self::Event { event, first })
            }
            "status" => serde_json::from_value::<StatusFields>(fields)?.into_event().map(of),
            "location" => serde_json::from_value::<MovedFields>(fields)?.into_event().map(of),
            "receipt" => Ok(of(serde_json::from_value::<ReceiptFields>(fields)?.into_event())),
            "first" => {
                let FirstFields { line, alert, target, accept, id } = serde_json::from_value(fields)?;
                Ok(Self::First { line, alert, target, accept, id })
            }
            "snapshot-end" => {
                let SnapshotEndFields { line, truncated } = serde_json::from_value(fields)?;
                Ok(Self::SnapshotEnd { line, truncated })
            }
            other => Err(Unreadable::Type(other.to_owned())),
        }
    }
}

fn event_fields(event: &Event, first: Option<bool>) -> serde_json::Result<Value> {
    match event {
        Event::Alert(alert) => alert_fields(alert),
        Event::Accept(accept) => {
            let mut fields = serde_json::to_value(AcceptFields::from(accept))?;
            // The original service's clients read the target from `text`.
            fields["text"] = Value::from(accept.target.as_str());
            fields["first"] = Value::from(first);
            Ok(fields)
        }
        Event::Status(status) => serde_json::to_value(StatusFields::from(status)),
        Event::Moved(moved) => serde_json::to_value(MovedFields::from(moved)),
        Event::Receipt(receipt) => serde_json::to_value(ReceiptFields::from(receipt)),
    }
}

fn alert_fields(alert: &Alert) -> serde_json::Result<Value> {
    let mut fields = serde_json::to_value(AlertFields::from(alert))?;
    fields["drill"] = Value::from(alert.drill);
    Ok(fields)
}
