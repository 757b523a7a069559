//! One line of the hub, with its calls and its subscribers. Each has a lock of its own, so that neither a lookup nor a
//! subscription waits for the pushing of frames.

mod snapshots;

use std::sync::Arc;

use domain::{Line, destination};
use parking_lot::{Mutex, MutexGuard};

use super::{
    Arrival, Freshness,
    audience::{Audience, To, Towards},
    changes::Changes,
    deliveries::{Delivery, deliver},
    frames::{Message, News},
    guests::Guests,
    line_calls::{LineCalls, Opened},
    viewings::{Means, Viewings},
};
use crate::traces::Delivering;
pub(super) use snapshots::Extent;

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

impl Room {
    pub(super) fn new(
        line: Line,
        partitions: i32,
        listeners: Changes,
        viewings: Viewings,
        guests: Guests,
    ) -> Self {
        let destination = destination::of_line(&line);
        let calls = Mutex::new(LineCalls::new(line.clone(), partitions));
        let (turn, audience) = (Mutex::default(), Mutex::default());
        Self { line, destination, turn, audience, calls, listeners, viewings, guests }
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
    ) -> Vec<Arc<Delivery>> {
        for line in &opened.lines {
            audience.add_guests(line, self.guests.invite(&self.line, line));
        }
        let messages = self.calls().messages_of_opened(opened);
        let towards = Towards { speaker: None, delivering };
        let of_message = |message| {
            let message = Message { replay: way.replay, late: way.late, ..message };
            self.address(audience, &message, towards, To::Guests)
        };
        messages.into_iter().filter_map(of_message).collect()
    }

    /// Returns a message for everybody who gets it, and publishes who is shown a location with it; `None` if nobody gets
    /// it.
    fn address(
        &self,
        audience: &Audience,
        message: &Message,
        towards: Towards<'_>,
        to: To<'_>,
    ) -> Option<Arc<Delivery>> {
        let delivery = Arc::new(audience.delivery(&self.destination, message, towards, to)?);
        if let Some(call) = message.located().filter(|_| !matches!(to, To::House(_))) {
            self.viewings.publish(call, Means::Alarm, || delivery.viewers());
        }
        Some(delivery)
    }

    /// Pushes messages, one after the other. Returns whether a socket of a house other than the speaker has one of
    /// them.
    fn deliver(&self, deliveries: Vec<Arc<Delivery>>) -> bool {
        let (mut is_delivered, mut gone) = (false, Vec::new());
        for delivery in &deliveries {
            let outcome = deliver(delivery);
            metrics::counter!("iutsai_frames_pushed_total").increment(outcome.pushed);
            is_delivered |= outcome.is_delivered;
            gone.extend(outcome.gone);
        }
        // The list of members would be copied for a change while a delivery has it.
        drop(deliveries);
        if !gone.is_empty() {
            self.audience().leave(&gone);
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
    ) -> Vec<Arc<Delivery>> {
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
            deliveries.extend(self.address(audience, &message, towards, to));
        }
        deliveries
    }

    pub(super) fn remove(&self, number: u64) {
        self.audience().remove(number);
    }

    /// Returns who listens, so that no event begins to be pushed while it is held.
    pub(super) fn audience(&self) -> MutexGuard<'_, Audience> {
        self.audience.lock()
    }
}
