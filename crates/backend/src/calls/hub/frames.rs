//! MESSAGE frames: what all subscribers get alike, what a subscription adds, and the snapshot.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use domain::{Line, body::Body, destination};
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
}

impl Message {
    /// The frame of this message for a subscription, and for every other that is equal to it.
    pub(super) fn encode(&self, line: &Line, subscription: &Subscription) -> Bytes {
        let mut frame = Frame::new(Command::Message)
            .header("destination", destination::of_line(line))
            .header("subscription", subscription.id.as_str())
            .header("message-id", self.message_id.as_str())
            .header("content-type", "application/json")
            .header("type", self.body.type_name());
        if subscription.acknowledges {
            frame = frame.header("ack", self.message_id.as_str());
        }
        if self.replay {
            frame = frame.header("replay", "true");
        }
        if self.late {
            frame = frame.header("late", "true");
        }
        let frame = frame.body(self.body.to_json());
        Bytes::from(stomp::encode(&frame, subscription.version))
    }
}

/// The id of a message that no record stands behind.
pub(super) fn direct_id(topic: &str, id: Uuid) -> String {
    format!("{topic}-direct-{id}")
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
            message_id: direct_id("snapshot-end", Uuid::now_v7()),
            replay: true,
            late: false,
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
