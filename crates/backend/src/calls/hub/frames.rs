//! MESSAGE frames: what all subscribers get alike, what a subscription adds, and the snapshot.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{Line, body::Body, destination, header, message_id};
use stomp::{Command, Frame};
use uuid::Uuid;

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
    fn ago(self) -> Duration {
        self.age + self.known_since.elapsed()
    }
}

impl Message {
    /// The frame of this message for a subscription, and for every other that is equal to it.
    pub(super) fn encode(&self, line: &Line, subscription: &Subscription) -> Bytes {
        let mut frame = Frame::new(Command::Message)
            .header("destination", destination::of_line(line))
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
}

/// What a subscriber gets first. Frames are made one by one as the socket takes them, so that two hundred
/// calls for a slow phone do not lie in memory, encoded.
pub struct Snapshot {
    line: Line,
    subscription: Arc<Subscription>,
    messages: VecDeque<Message>,
}

impl Snapshot {
    pub(super) fn new(
        line: Line,
        subscription: Arc<Subscription>,
        messages: impl IntoIterator<Item = Message>,
        truncated: bool,
    ) -> Self {
        let mut messages: VecDeque<_> = messages.into_iter().collect();
        messages.push_back(Message {
            body: Body::SnapshotEnd { line: line.clone(), truncated },
            message_id: message_id::direct("snapshot-end", Uuid::now_v7()),
            replay: true,
            late: false,
            received: None,
        });
        Self { line, subscription, messages }
    }
}

impl Iterator for Snapshot {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        Some(self.messages.pop_front()?.encode(&self.line, &self.subscription))
    }
}
