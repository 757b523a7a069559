//! MESSAGE frames: what all subscribers get alike, and what a subscription adds.

use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::{AlertId, body::Body, header};
use stomp::{Command, Frame};

use super::Subscription;

/// A message before a subscription makes it its own.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) body: Body,
    pub(super) message_id: String,
    pub(super) replay: bool,
    pub(super) late: bool,
    /// When the call that this is about was received.
    pub(super) received: Option<Received>,
}

/// When a call was received, by this node's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    /// When this node learned of it.
    pub(super) known_since: Instant,
    /// How old it was then.
    pub(super) age: Duration,
}

impl Received {
    /// Returns how long ago the call was received.
    pub(super) fn ago(self) -> Duration {
        self.age + self.known_since.elapsed()
    }
}

impl Message {
    /// Returns the frame of this message for a subscription, and for every other that is equal to it.
    pub(super) fn encode(&self, destination: &str, subscription: &Subscription) -> Bytes {
        let mut frame = Frame::new(Command::Message)
            .header("destination", destination)
            .header("subscription", subscription.id.as_str())
            .header("message-id", self.message_id.as_str())
            .header("content-type", "application/json")
            .header(header::TYPE, self.body.type_name());
        if subscription.acknowledges {
            frame = frame.header("ack", self.message_id.as_str());
        }
        if let Some(received) = self.received {
            frame = frame.header(header::AGE, received.ago().as_millis().to_string());
        }
        if self.replay {
            frame = frame.header(header::REPLAY, header::YES);
        }
        if self.late {
            frame = frame.header(header::LATE, header::YES);
        }
        let frame = frame.body(self.body.to_json());
        Bytes::from(stomp::encode(&frame, subscription.version))
    }

    /// Returns the call that the message is about.
    pub(super) fn alert(&self) -> Option<AlertId> {
        match &self.body {
            Body::Event { event, .. } => event.alert(),
            Body::First { alert, .. } => Some(*alert),
            Body::SnapshotEnd { .. } => None,
        }
    }
}
