//! One line of the hub, with its calls and its subscribers. Each has a lock of its own, so that neither a lookup nor a
//! subscription waits for the pushing of frames.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use domain::{Line, Millis, destination};
use parking_lot::{Mutex, MutexGuard};

use super::{
    Arrival, Freshness, Queue, Subscription,
    audience::{Audience, To, Towards},
    changes::Changes,
    deliveries::{Delivery, deliver},
    frames::{Message, News},
    guests::{Guests, Listener},
    line_calls::{AlertIds, LineCalls, Opened},
    viewings::{Means, Viewings},
};
use crate::traces::Delivering;

/// The octets of a snapshot that are made at once. A socket that takes more asks again; one that takes nothing keeps no
/// more.
const AT_ONCE: usize = 16 * 1024;

/// A line.
pub(super) struct Room {
    line: Line,
    /// Where its subscribers get its frames.
    destination: String,
    /// The turn of an event. It is locked before `audience`, by events alone, and held until the frames of the event
    /// are pushed, so that every subscriber gets them in the order of the fold.
    turn: Mutex<()>,
    /// These locks are fair after a while, because subscriptions that come in a flood must not keep an alarm out.
    ///
    /// Locked before `calls` where both are needed, and held from a change of the fold until it is known who gets its
    /// frames. A subscription that begins later has the change in its snapshot.
    audience: Mutex<Audience>,
    /// Locked for one event or one lookup, never while frames are encoded or pushed.
    calls: Mutex<LineCalls>,
    /// The calls by the messages of their alerts, beside `calls`, so that an ACK does not wait for a fold.
    pub(super) alert_ids: AlertIds,
    listeners: Changes,
    viewings: Viewings,
    guests: Guests,
}

/// The way by which the event behind a change arrived.
#[derive(Clone, Copy, Default)]
struct Way {
    replay: bool,
    late: bool,
    taken_here: bool,
}

impl Way {
    fn freshness(self) -> Freshness {
        match self {
            Self { replay: true, .. } => Freshness::Replayed,
            Self { late: true, .. } => Freshness::Late,
            _ => Freshness::Live,
        }
    }
}

/// The extent of a subscriber's snapshot of one line.
pub(super) struct Extent {
    /// The number of its calls.
    pub(super) calls: usize,
    /// There are more calls than a snapshot holds.
    pub(super) truncated: bool,
}

/// The next part of a snapshot.
#[derive(Default)]
pub(super) struct Listed {
    /// The number of its calls, with those that the subscriber does not get.
    pub(super) calls: usize,
    pub(super) frames: Vec<Bytes>,
    octets: usize,
}

impl Listed {
    fn add(&mut self, frame: Bytes) {
        self.octets += frame.len();
        self.frames.push(frame);
    }
}

impl Room {
    pub(super) fn new(
        line: Line,
        partitions: i32,
        listeners: Changes,
        viewings: Viewings,
        guests: Guests,
    ) -> Self {
        let destination = destination::of_line(&line);
        let calls = LineCalls::new(line.clone(), partitions);
        let (alert_ids, calls) = (calls.alert_ids(), Mutex::new(calls));
        let (turn, audience) = (Mutex::default(), Mutex::default());
        Self { line, destination, turn, audience, calls, alert_ids, listeners, viewings, guests }
    }

    /// Returns what is known of its calls, for a lookup.
    pub(super) fn calls(&self) -> MutexGuard<'_, LineCalls> {
        self.calls.lock()
    }

    /// Applies an event and pushes what is new; returns whether anything was.
    pub(super) fn apply(&self, arrival: Arrival) -> bool {
        let way = Way { replay: arrival.replay, late: arrival.late, taken_here: arrival.taken_here };
        let traced = arrival.trace.clone().map(|trace| (trace, arrival.event.clone()));
        let _turn = self.turn.lock();
        let mut audience = self.audience();
        let applied = self.calls().apply(arrival);
        let is_new = !applied.news.is_empty();
        // An event that is known is delivered already.
        let traced = traced.filter(|_| is_new);
        let delivering = traced.and_then(|(trace, event)| trace.deliver(&event, way.taken_here));
        let to = Towards { speaker: applied.speaker.as_ref(), delivering: delivering.as_ref() };
        let deliveries = self.publish(&audience, applied.news, way, to);
        let mut opening = Vec::new();
        for opened in &applied.opened {
            opening.extend(self.open(&mut audience, opened, way, delivering.as_ref()));
        }
        drop(audience);
        if self.deliver(deliveries) {
            self.calls().record_delivery(applied.trace);
        }
        self.deliver(opening);
        is_new
    }

    /// Adds the subscribers of the lines that get a call from now on, and returns the call, as a whole, for them.
    fn open(
        &self,
        audience: &mut Audience,
        opened: &Opened,
        way: Way,
        delivering: Option<&Delivering>,
    ) -> Vec<Vec<Delivery>> {
        for line in &opened.lines {
            for (number, listener) in self.guests.invite(&self.line, line) {
                audience.add_guest(number, line, listener, VecDeque::new());
            }
        }
        let messages = self.calls().messages_of_opened(opened);
        let towards = Towards { speaker: None, delivering };
        let of_message = |message| {
            let message = Message { replay: way.replay, late: way.late, ..message };
            self.address(audience, &message, towards, To::Guests)
        };
        messages.into_iter().map(of_message).collect()
    }

    /// Returns a message for everybody who gets it, and publishes who is shown a location with it.
    fn address(
        &self,
        audience: &Audience,
        message: &Message,
        towards: Towards<'_>,
        to: To<'_>,
    ) -> Vec<Delivery> {
        let deliveries = audience.deliveries(&self.destination, message, towards, to);
        if let Some(call) = message.located().filter(|_| !matches!(to, To::House(_))) {
            self.viewings.publish(call, Means::Alarm, || audience.viewers(message, to));
        }
        deliveries
    }

    /// Pushes messages, one after the other. Returns whether a socket of a house other than the speaker has one of
    /// them.
    fn deliver(&self, messages: Vec<Vec<Delivery>>) -> bool {
        let mut is_delivered = false;
        for deliveries in messages {
            let outcome = deliver(deliveries);
            metrics::counter!("iutsai_frames_pushed_total").increment(outcome.pushed);
            is_delivered |= outcome.is_delivered;
            if !outcome.gone.is_empty() {
                self.audience().leave(&outcome.gone);
            }
        }
        is_delivered
    }

    /// Sets the number of partitions of the accepts' topic, which may settle anew whose accept was first.
    pub(super) fn set_partitions(&self, partitions: i32) {
        let _turn = self.turn.lock();
        let audience = self.audience();
        let news = self.calls().set_partitions(partitions);
        let deliveries = self.publish(&audience, news, Way::default(), Towards::default());
        drop(audience);
        self.deliver(deliveries);
    }

    /// Publishes changes, and returns their messages for everybody who gets them.
    fn publish(
        &self,
        audience: &Audience,
        news: Vec<News>,
        way: Way,
        towards: Towards<'_>,
    ) -> Vec<Vec<Delivery>> {
        let mut deliveries = Vec::new();
        for news in news {
            // Nothing reacts to a drill of a house alone.
            if news.only.is_none() {
                self.listeners.publish(&self.line, &news.change, way.freshness(), way.taken_here);
            }
            if news.is_withheld {
                continue;
            }
            let only = news.only.clone();
            let message = news.into_message(way.replay, way.late);
            let to = only.as_ref().map_or(To::Everybody, To::House);
            deliveries.push(self.address(audience, &message, towards, to));
        }
        deliveries
    }

    /// Adds a subscriber, and lists the calls of its snapshot. [`Room::next_listed`] returns them one by one.
    pub(super) fn subscribe(
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
    pub(super) fn subscribe_guest(&self, number: u64, of: &Line, listener: Listener, now: Millis) -> Extent {
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
    pub(super) fn dismiss_guests(&self) {
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
    pub(super) fn next_listed(&self, number: u64, now: Millis) -> Option<Listed> {
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

    pub(super) fn remove(&self, number: u64) {
        self.audience().remove(number);
    }

    /// Returns who listens, so that no event begins to be pushed while it is held.
    pub(super) fn audience(&self) -> MutexGuard<'_, Audience> {
        self.audience.lock()
    }
}
