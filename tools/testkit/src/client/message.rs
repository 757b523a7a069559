//! A MESSAGE with its body read, and a snapshot of them.

use domain::{AlertId, Event, body::Body, header};
use serde_json::Value;
use stomp::Frame;
use uuid::Uuid;

use crate::Error;

/// A MESSAGE of a subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// As it came.
    pub frame: Frame,
    /// Its content.
    pub body: Body,
}

impl Message {
    /// Reads a MESSAGE.
    ///
    /// # Errors
    /// [`Error::Body`] when the body is none that `domain` knows.
    pub fn read(frame: Frame) -> Result<Self, Error> {
        match Body::parse(&frame.body) {
            Ok(body) => Ok(Self { frame, body }),
            Err(reason) => Err(Error::Body { frame: format!("{frame:?}"), reason }),
        }
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.frame.get(name)
    }

    /// The body as the JSON it was on the wire, for fields and types that [`Body`] does not show.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.frame.body).expect("`read` has parsed it")
    }

    /// Sent as a part of a snapshot, or by a rebuild that took long.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.header(header::REPLAY) == Some(header::YES)
    }

    /// To be shown and not sounded.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.header(header::LATE) == Some(header::YES)
    }

    /// Returns the event, if it has one.
    #[must_use]
    pub const fn event(&self) -> Option<&Event> {
        match &self.body {
            Body::Event { event, .. } => Some(event),
            _ => None,
        }
    }

    /// The call this is about.
    #[must_use]
    pub fn alert(&self) -> Option<AlertId> {
        match &self.body {
            Body::Event { event, .. } => event.alert(),
            Body::First { alert, .. } => Some(*alert),
            Body::SnapshotEnd { .. } => None,
        }
    }

    /// The `alert` frame of this call.
    #[must_use]
    pub fn is_alert(&self, id: Uuid) -> bool {
        matches!(self.event(), Some(Event::Alert(alert)) if alert.id == AlertId(id))
    }

    /// The `accept` frame of this accept.
    #[must_use]
    pub fn is_accept(&self, id: Uuid) -> bool {
        matches!(self.event(), Some(Event::Accept(accept)) if accept.id.0 == id)
    }

    /// The `status` frame of this event.
    #[must_use]
    pub fn is_status(&self, id: Uuid) -> bool {
        matches!(self.event(), Some(Event::Status(status)) if status.id.0 == id)
    }
}

/// The frames of a subscription before live events.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The frames in their order, without the one that ends the snapshot.
    pub messages: Vec<Message>,
    /// There was more than a snapshot holds.
    pub truncated: bool,
}

impl Snapshot {
    /// The `alert` frame of a call, if it is listed.
    #[must_use]
    pub fn alert(&self, id: Uuid) -> Option<&Message> {
        self.messages.iter().find(|message| message.is_alert(id))
    }
}
