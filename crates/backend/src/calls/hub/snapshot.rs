//! The beginning of a subscription. Its frames, which are those of the known calls, are made one by one as the socket
//! can hold them.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use domain::{AlertId, Line, body::Body, destination, message_id};
use uuid::Uuid;

use super::{
    Subscription,
    frames::Message,
    room::{Extent, Room},
};
use crate::clock;

/// The frames that a subscriber gets first. A few calls are looked up when the socket takes the first frame of them, so
/// that two hundred calls for a slow phone do not lie in memory; until then, news of them are part of the snapshot and
/// not pushed.
pub struct Snapshot {
    number: u64,
    subscription: Arc<Subscription>,
    /// The line; `None` for every line.
    line: Option<Line>,
    /// The rooms that still have calls to send.
    rooms: VecDeque<Arc<Room>>,
    /// The calls that are still to be looked up.
    listed: usize,
    /// The frames of the calls that are being sent.
    frames: VecDeque<Bytes>,
    /// Set while the last frame has not been sent. It is true if there were more calls than a snapshot holds.
    end: Option<bool>,
}

impl Snapshot {
    pub(super) fn new(
        number: u64,
        subscription: Arc<Subscription>,
        line: Option<Line>,
        rooms: impl IntoIterator<Item = (Arc<Room>, Extent)>,
    ) -> Self {
        let (rooms, extents): (VecDeque<_>, Vec<Extent>) = rooms.into_iter().unzip();
        let listed = extents.iter().map(|extent| extent.calls).sum();
        let truncated = extents.iter().any(|extent| extent.truncated);
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

    /// Returns whether live frames may go out before the next one of this. An alert must sound at an administrator
    /// before the calls of every line have come. The frames of a call stay together, so that an answer never comes
    /// before its call.
    #[must_use]
    pub fn lets_pass(&self) -> bool {
        self.line.is_none() && self.frames.is_empty()
    }

    /// Looks the next calls up; false if there are none.
    fn look_up(&mut self) -> bool {
        while let Some(room) = self.rooms.front() {
            let Some(listed) = room.next_listed(self.number, clock::now()) else {
                self.rooms.pop_front();
                continue;
            };
            self.listed = self.listed.saturating_sub(listed.calls);
            self.frames.extend(listed.frames);
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
            guests: BTreeSet::new(),
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
