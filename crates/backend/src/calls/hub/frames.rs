//! MESSAGE frames: what all subscribers get alike, what a subscription adds, and the snapshot.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{AlertId, Line, body::Body, destination, header, message_id};
use stomp::{Command, Frame};
use uuid::Uuid;

use super::{
    Subscription, lock,
    room::{Listing, Room},
};
use crate::clock;

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

/// The frames that a subscriber gets first. A call is looked up when the socket takes its first frame, so that two hundred
/// calls for a slow phone do not lie in memory; until then, news of it are part of the snapshot and not pushed.
pub struct Snapshot {
    number: u64,
    subscription: Arc<Subscription>,
    /// The line; `None` for every line.
    line: Option<Line>,
    /// The rooms that still have calls to send.
    rooms: VecDeque<Arc<Mutex<Room>>>,
    /// The calls that are still to be looked up.
    listed: usize,
    /// The frames of the call that is being sent.
    frames: VecDeque<Bytes>,
    /// The last frame has not been sent, and says whether there were more calls than a snapshot holds.
    end: Option<bool>,
}

impl Snapshot {
    pub(super) fn new(
        number: u64,
        subscription: Arc<Subscription>,
        line: Option<Line>,
        rooms: impl IntoIterator<Item = (Arc<Mutex<Room>>, Listing)>,
    ) -> Self {
        let (rooms, listings): (VecDeque<_>, Vec<Listing>) = rooms.into_iter().unzip();
        let listed = listings.iter().map(|listing| listing.calls).sum();
        let truncated = listings.iter().any(|listing| listing.truncated);
        Self { number, subscription, line, rooms, listed, frames: VecDeque::new(), end: Some(truncated) }
    }

    /// Returns the subscription's `id`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.subscription.id
    }

    /// Returns how many octets it holds.
    #[must_use]
    pub fn octets(&self) -> usize {
        let frames: usize = self.frames.iter().map(Bytes::len).sum();
        frames + self.listed * size_of::<AlertId>()
    }

    /// Tells if live frames may go out before the next one of this: an administrator must not wait for the calls of every
    /// line before an alert sounds. The frames of one call stay together, so that an answer never comes before its call.
    #[must_use]
    pub fn lets_pass(&self) -> bool {
        self.line.is_none() && self.frames.is_empty()
    }

    /// Looks the next call up; false if there is none.
    fn look_up(&mut self) -> bool {
        while let Some(room) = self.rooms.front() {
            let listed = lock(room).next_listed(self.number, clock::now());
            let Some((line, messages)) = listed else {
                self.rooms.pop_front();
                continue;
            };
            let destination = destination::of_line(&line);
            self.listed = self.listed.saturating_sub(1);
            self.frames
                .extend(messages.iter().map(|message| message.encode(&destination, &self.subscription)));
            return true;
        }
        self.listed = 0;
        false
    }

    fn end(&mut self) -> Option<Bytes> {
        let truncated = self.end.take()?;
        let destination =
            self.line.as_ref().map_or_else(|| destination::LINES.to_owned(), destination::of_line);
        let end = Message {
            body: Body::SnapshotEnd { line: self.line.clone(), truncated },
            message_id: message_id::direct("snapshot-end", Uuid::now_v7()),
            replay: true,
            late: false,
            received: None,
        };
        Some(end.encode(&destination, &self.subscription))
    }
}

impl Iterator for Snapshot {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        while self.frames.is_empty() {
            if !self.look_up() {
                return self.end();
            }
        }
        self.frames.pop_front()
    }
}
