//! The bodies of STOMP MESSAGE frames. Each is a record's value with its `type`, and the parts that only listeners
//! receive.

mod read;

use serde::Serialize;
use serde_json::Value;

use super::record::{AcceptFields, AlertFields, MovedFields, ReceiptFields, StatusFields};
use crate::{
    event::{Alert, AlertId, Event, EventId},
    people::{House, Line},
};

/// Why a body cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON.
    #[error("it is not JSON")]
    NotJson,
    /// A field that the body needs is absent, or is not what it must be.
    #[error("the field '{0}' is missing or cannot be read")]
    Field(&'static str),
    /// A type that is not known here.
    #[error("messages of the type '{0}' are not known")]
    Type(String),
}

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

#[derive(Serialize)]
struct FirstFields {
    line: Line,
    alert: AlertId,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<House>,
    accept: House,
    id: EventId,
}

#[derive(Serialize)]
struct SnapshotEndFields {
    #[serde(skip_serializing_if = "Option::is_none")]
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
