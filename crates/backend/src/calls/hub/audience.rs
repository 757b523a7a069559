//! The subscribers of a line, and which of them get a message.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use domain::{AlertId, House, Line};

use super::{
    Queue, Subscription,
    deliveries::Delivery,
    frames::{Frames, Message},
    guests::Listener,
    kinds::{Kind, Kinds},
    members::{Member, Members},
    viewings::Viewer,
};
use crate::traces::Delivering;

/// The subscribers of a line.
#[derive(Default)]
pub(super) struct Audience {
    members: Members,
    /// The calls that snapshots have yet to send, by the numbers of their subscribers. News of them come with the
    /// snapshot and not by the queue.
    listed: BTreeMap<u64, VecDeque<AlertId>>,
    kinds: Kinds,
}

/// Which subscribers get a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To<'a> {
    /// Those of the line, and the guests that the call is for.
    Everybody,
    /// Those of one house of the line, for a drill of that house alone.
    House(&'a House),
    /// The guests that the message names.
    Guests,
}

/// The house that an event is from, and the delivery that its frames are a part of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Towards<'a> {
    /// The house that the event speaks for.
    pub(super) speaker: Option<&'a House>,
    /// `None` where the event is not traced.
    pub(super) delivering: Option<&'a Delivering>,
}

impl Audience {
    /// Adds a subscriber whose snapshot has these calls.
    pub(super) fn add(
        &mut self,
        number: u64,
        subscription: Arc<Subscription>,
        queue: Queue,
        listed: VecDeque<AlertId>,
    ) {
        let member = self.member(number, Listener { subscription, queue }, None);
        self.members.insert(member);
        self.list(number, listed);
    }

    /// Adds a subscriber of the line `of`, whose snapshot has these calls of this line.
    pub(super) fn add_guest(
        &mut self,
        number: u64,
        of: &Line,
        listener: Listener,
        listed: VecDeque<AlertId>,
    ) {
        let member = self.member(number, listener, Some(of));
        self.members.insert(member);
        self.list(number, listed);
    }

    /// Adds those subscribers of the line `of` that are not here.
    pub(super) fn add_guests(&mut self, of: &Line, listeners: Vec<(u64, Listener)>) {
        let mut guests = Vec::new();
        for (number, listener) in listeners {
            if !self.has(number) {
                guests.push(self.member(number, listener, Some(of)));
            }
        }
        self.members.extend(guests);
    }

    fn member(&mut self, number: u64, listener: Listener, guest: Option<&Line>) -> Member {
        let Listener { subscription, queue } = listener;
        let kind = self.kinds.add(&subscription, guest);
        Member { number, subscription, queue: Some(queue), kind, is_guest: guest.is_some() }
    }

    fn list(&mut self, number: u64, listed: VecDeque<AlertId>) {
        if !listed.is_empty() {
            self.listed.insert(number, listed);
        }
    }

    /// Returns whether nobody listens.
    pub(super) fn is_empty(&self) -> bool {
        self.members.as_slice().is_empty()
    }

    /// Returns whether a subscriber is here.
    pub(super) fn has(&self, number: u64) -> bool {
        self.members.get(number).is_some()
    }

    /// Removes the guests of all other lines.
    pub(super) fn retain_guests(&mut self, lines: &BTreeSet<Line>) {
        let Self { members, listed, kinds } = self;
        let stays = |member: &Member| kinds.get(member.kind).guest().is_none_or(|line| lines.contains(line));
        for member in members.retain(stays) {
            listed.remove(&member.number);
            kinds.remove(member.kind);
        }
    }

    pub(super) fn remove(&mut self, number: u64) {
        if let Some(member) = self.members.remove(number) {
            self.listed.remove(&number);
            self.kinds.remove(member.kind);
        }
    }

    /// Takes the next call of a subscriber's snapshot, with the subscriber's line if it is a guest. From now on, news of
    /// the call come by the queue.
    pub(super) fn next_listed(&mut self, number: u64) -> Option<(AlertId, Option<&Line>)> {
        let listed = self.listed.get_mut(&number)?;
        let call = listed.pop_front()?;
        if listed.is_empty() {
            self.listed.remove(&number);
        }
        Some((call, self.kind(number)?.guest()))
    }

    /// Returns the kind of a subscriber.
    pub(super) fn kind(&self, number: u64) -> Option<&Kind> {
        self.members.get(number).map(|member| self.kinds.get(member.kind))
    }

    /// Returns the house of a subscriber, if it is one of the line.
    pub(super) fn house(&self, number: u64) -> Option<&House> {
        self.members.get(number)?.subscription.house.as_ref()
    }

    /// Returns the person behind a subscriber.
    pub(super) fn viewer(&self, number: u64) -> Option<Arc<Viewer>> {
        self.members.get(number)?.subscription.viewer.clone()
    }

    /// Encodes a message once for each kind of subscription that gets it, and returns it for those who listen now;
    /// `None` if nobody gets it.
    pub(super) fn delivery(
        &self,
        destination: &str,
        message: &Message,
        towards: Towards<'_>,
        to: To<'_>,
    ) -> Option<Delivery> {
        if self.is_empty() {
            return None;
        }
        let (mut encoder, mut encoded, mut sockets) = (Frames::new(message, destination), 0, 0);
        let frame = |kind: Option<&Kind>| {
            let kind = kind.filter(|kind| gets(kind, message, to))?;
            encoded += 1;
            sockets += kind.subscriptions;
            Some(encoder.encode(kind))
        };
        let frames: Vec<_> = self.kinds.all().map(frame).collect();
        metrics::counter!("iutsai_frames_encoded_total").increment(encoded);
        let only = match to {
            To::House(house) => Some(house.clone()),
            To::Everybody | To::Guests => None,
        };
        (encoded > 0).then(|| Delivery {
            members: self.members.clone(),
            frames,
            sockets,
            only,
            listing: message.alert().map(|alert| self.listing(alert)).unwrap_or_default(),
            speaker: towards.speaker.cloned(),
            delivering: towards.delivering.cloned(),
        })
    }

    /// Returns the numbers of those whose snapshots have yet to send a call.
    fn listing(&self, call: AlertId) -> Vec<u64> {
        let listing = self.listed.iter().filter(|(_, listed)| listed.contains(&call));
        listing.map(|(number, _)| *number).collect()
    }

    /// Pushes nothing more to these subscribers, whose queues take no more frames.
    pub(super) fn leave(&mut self, gone: &[u64]) {
        for number in gone {
            self.members.drop_queue(*number);
            self.listed.remove(number);
        }
    }
}

/// Returns whether subscriptions of this kind get a message.
fn gets(kind: &Kind, message: &Message, to: To<'_>) -> bool {
    match (to, kind.guest()) {
        (To::Everybody | To::House(_), None) => true,
        (To::Everybody | To::Guests, Some(line)) => message.guests.contains(line),
        (To::House(_), Some(_)) | (To::Guests, None) => false,
    }
}
