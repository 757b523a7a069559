//! The pushing of one message to the subscribers of a line, after it is known who gets it.

mod helpers;

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use domain::House;

use super::{
    Queue, SharedFrame,
    members::{Member, Members},
    viewings::Viewer,
};
use crate::traces::Delivering;

/// The sockets from which on threads help, because fewer take less time than to wake a thread for them is worth. With
/// [`usize::MAX`] none ever starts, by which their use is measured.
const MANY: usize = 512;

/// A message on its way to those who listened to a line when its event came.
pub(super) struct Delivery {
    pub(super) members: Members,
    /// The frames by the numbers of kinds; `None` for a kind that does not get the message.
    pub(super) frames: Vec<Option<SharedFrame>>,
    /// A bound of the sockets that get it.
    pub(super) sockets: usize,
    /// The only house that gets it.
    pub(super) only: Option<House>,
    /// The numbers of those who get it with their snapshots instead, in ascending order.
    pub(super) listing: Vec<u64>,
    /// The house that the event speaks for.
    pub(super) speaker: Option<House>,
    /// The delivery of the event, where it is traced.
    pub(super) delivering: Option<Delivering>,
}

/// The result of a delivery.
#[derive(Default)]
pub(super) struct Outcome {
    /// The number of sockets that have the frame, or have it in a queue.
    pub(super) pushed: u64,
    /// One of them is a neighbour's.
    pub(super) is_delivered: bool,
    /// The subscribers whose queues take no more frames.
    pub(super) gone: Vec<u64>,
}

/// Hands a message over to everybody who gets it and returns the result. A socket gets the next message only after that.
pub(super) fn deliver(delivery: &Arc<Delivery>) -> Outcome {
    // A house has few sockets.
    if delivery.sockets >= MANY && delivery.only.is_none() {
        return helpers::deliver(delivery);
    }
    let mut outcome = Outcome::default();
    delivery.push(0..delivery.members.as_slice().len(), &mut outcome);
    outcome
}

impl Delivery {
    /// Returns the people behind those who get the message by their queues.
    pub(super) fn viewers(&self) -> Vec<Arc<Viewer>> {
        let members = self.members.as_slice().iter();
        let shown = members.filter(|member| self.way_to(member).is_some());
        shown.filter_map(|member| member.subscription.viewer.clone()).collect()
    }

    /// Pushes the message to the members at these places of the list. One that panics keeps the message from no other.
    fn push(&self, mut places: impl Iterator<Item = usize>, outcome: &mut Outcome) {
        let mut push = || {
            for place in places.by_ref() {
                self.push_to(&self.members.as_slice()[place], outcome);
            }
        };
        while panic::catch_unwind(AssertUnwindSafe(&mut push)).is_err() {
            tracing::error!("a socket has failed while a frame was pushed to it, the others get the frame");
        }
    }

    fn push_to(&self, member: &Member, outcome: &mut Outcome) {
        let Some((queue, frame)) = self.way_to(member) else { return };
        if queue.push_traced(frame, self.delivering.as_ref()) {
            outcome.pushed += 1;
            outcome.is_delivered = outcome.is_delivered || member.is_neighbour_of(self.speaker.as_ref());
        } else {
            outcome.gone.push(member.number);
        }
    }

    /// Returns the queue and the frame of a member that gets the message by its queue.
    fn way_to<'a>(&'a self, member: &'a Member) -> Option<(&'a Queue, &'a SharedFrame)> {
        let frame = self.frames.get(member.kind)?.as_ref()?;
        let queue = member.queue.as_ref()?;
        let is_meant = self.only.is_none() || self.only == member.subscription.house;
        let is_listing = self.listing.binary_search(&member.number).is_ok();
        (is_meant && !is_listing).then_some((queue, frame))
    }
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.pushed += other.pushed;
        self.is_delivered |= other.is_delivered;
        self.gone.extend(other.gone);
    }
}

#[cfg(test)]
mod tests;
