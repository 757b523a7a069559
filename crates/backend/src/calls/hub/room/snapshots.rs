//! The subscribers of a line and of the lines that it has calls for, and the calls of their snapshots.

use std::sync::Arc;

use bytes::Bytes;
use domain::{Line, Millis};

use super::Room;
use crate::calls::hub::{Queue, Subscription, guests::Listener, viewings::Means};

/// The octets of a snapshot that are made at once. A socket that takes more asks again; one that takes nothing keeps no
/// more.
const AT_ONCE: usize = 16 * 1024;

/// The extent of a subscriber's snapshot of one line.
pub(in crate::calls::hub) struct Extent {
    /// The number of its calls.
    pub(in crate::calls::hub) calls: usize,
    /// There are more calls than a snapshot holds.
    pub(in crate::calls::hub) truncated: bool,
}

/// The next part of a snapshot.
#[derive(Default)]
pub(in crate::calls::hub) struct Listed {
    /// The number of its calls, with those that the subscriber does not get.
    pub(in crate::calls::hub) calls: usize,
    pub(in crate::calls::hub) frames: Vec<Bytes>,
    octets: usize,
}

impl Listed {
    fn add(&mut self, frame: Bytes) {
        self.octets += frame.len();
        self.frames.push(frame);
    }
}

impl Room {
    /// Adds a subscriber, and lists the calls of its snapshot. [`Room::next_listed`] returns them one by one.
    pub(in crate::calls::hub) fn subscribe(
        &self,
        number: u64,
        subscription: Arc<Subscription>,
        queue: Queue,
        now: Millis,
    ) -> Extent {
        let mut audience = self.audience();
        let listing = self.calls().list(&subscription, None, now);
        let extent = Extent { calls: listing.calls.len(), truncated: listing.truncated };
        audience.add(number, subscription, queue, listing.calls);
        extent
    }

    /// Adds a subscriber of another line, and lists the calls that its line gets. One that an escalation has just added
    /// has them by its queue.
    pub(in crate::calls::hub) fn subscribe_guest(
        &self,
        number: u64,
        of: &Line,
        listener: Listener,
        now: Millis,
    ) -> Extent {
        let mut audience = self.audience();
        if audience.has(number) {
            return Extent { calls: 0, truncated: false };
        }
        let listing = self.calls().list(&listener.subscription, Some(of), now);
        // The line may have been dismissed since the subscriber learned of it.
        self.guests.invite(&self.line, of);
        let extent = Extent { calls: listing.calls.len(), truncated: listing.truncated };
        audience.add_guest(number, of, listener, listing.calls);
        extent
    }

    /// Ends the subscriptions of guests whose line has no call here any more.
    pub(in crate::calls::hub) fn dismiss_guests(&self) {
        if !self.guests.is_host(&self.line) {
            return;
        }
        let mut audience = self.audience();
        let lines = self.calls().index.guests();
        audience.retain_guests(&lines);
        self.guests.dismiss_all_but(&self.line, &lines);
    }

    /// Takes the next calls of a subscriber's snapshot, until their frames have about [`AT_ONCE`] octets; `None` after
    /// the last.
    pub(in crate::calls::hub) fn next_listed(&self, number: u64, now: Millis) -> Option<Listed> {
        let mut audience = self.audience();
        let mut listed = Listed::default();
        while listed.octets < AT_ONCE
            && let Some((call, guest)) = audience.next_listed(number)
        {
            let guest = guest.cloned();
            listed.calls += 1;
            let Some(kind) = audience.kind(number) else { break };
            let mut calls = self.calls();
            if calls.is_of_another_alone(call, audience.house(number)) {
                continue;
            }
            let shown = calls.shown(call, guest.as_ref(), &self.destination, kind.form(), now);
            drop(calls);
            shown.frames(kind).for_each(|frame| listed.add(frame));
            for call in &shown.located {
                let viewer = || audience.viewer(number).into_iter().collect::<Vec<_>>();
                self.viewings.publish(call.clone(), Means::Snapshot, viewer);
            }
        }
        (listed.calls > 0).then_some(listed)
    }
}
