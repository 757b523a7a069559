//! One line of the hub, with its calls and its subscribers. Each has a lock of its own, so that a lookup never waits
//! for the pushing of frames.

use std::{collections::VecDeque, sync::Arc};

use domain::{Line, Millis, destination};
use parking_lot::{Mutex, MutexGuard};

use super::{
    Arrival, Freshness, Queue, Subscription,
    audience::{Audience, To, Towards},
    changes::Changes,
    frames::{Message, News},
    guests::{Guests, Listener},
    line_calls::{LineCalls, Opened},
    viewings::{Means, Viewings},
};
use crate::traces::Delivering;

/// A line.
pub(super) struct Room {
    line: Line,
    /// Where its subscribers get its frames.
    destination: String,
    /// These locks are fair after a while, because subscriptions that come in a flood must not keep an alarm out.
    ///
    /// Locked before `calls` where both are needed, and held until the frames of an event are pushed, so that every
    /// subscriber gets them in the order of the fold.
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

/// The extent of a subscriber's snapshot of one line.
pub(super) struct Extent {
    /// The number of its calls.
    pub(super) calls: usize,
    /// There are more calls than a snapshot holds.
    pub(super) truncated: bool,
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
        Self { line, destination, audience: Mutex::default(), calls, listeners, viewings, guests }
    }

    /// Returns the destination of its frames.
    pub(super) fn destination(&self) -> &str {
        &self.destination
    }

    /// Returns what is known of its calls, for a lookup.
    pub(super) fn calls(&self) -> MutexGuard<'_, LineCalls> {
        self.calls.lock()
    }

    /// Applies an event and pushes what is new; returns whether anything was.
    pub(super) fn apply(&self, arrival: Arrival) -> bool {
        let way = Way { replay: arrival.replay, late: arrival.late, taken_here: arrival.taken_here };
        let traced = arrival.trace.clone().map(|trace| (trace, arrival.event.clone()));
        let mut audience = self.audience();
        let applied = self.calls().apply(arrival);
        let is_new = !applied.news.is_empty();
        // An event that is known is delivered already.
        let traced = traced.filter(|_| is_new);
        let delivering = traced.and_then(|(trace, event)| trace.deliver(&event, way.taken_here));
        let to = Towards { speaker: applied.speaker.as_ref(), delivering: delivering.as_ref() };
        if self.publish(&mut audience, applied.news, way, to) {
            self.calls().record_delivery(applied.trace);
        }
        for opened in &applied.opened {
            self.open(&mut audience, opened, way, delivering.as_ref());
        }
        is_new
    }

    /// Sends a call, as a whole, to the subscribers of the lines that get it from now on.
    fn open(&self, audience: &mut Audience, opened: &Opened, way: Way, delivering: Option<&Delivering>) {
        for line in &opened.lines {
            for (number, listener) in self.guests.invite(&self.line, line) {
                audience.add_guest(number, line, listener, VecDeque::new());
            }
        }
        let messages = self.calls().messages_of_opened(opened);
        for message in messages {
            let message = Message { replay: way.replay, late: way.late, ..message };
            self.push(audience, &message, Towards { speaker: None, delivering }, To::Guests);
        }
    }

    /// Pushes a message, and publishes who is shown a location with it. Returns whether a socket of a house other than
    /// the speaker has it.
    fn push(&self, audience: &mut Audience, message: &Message, towards: Towards<'_>, to: To<'_>) -> bool {
        let is_delivered = audience.push(&self.destination, message, towards, to);
        if let Some(call) = message.located().filter(|_| !matches!(to, To::House(_))) {
            self.viewings.publish(call, Means::Alarm, || audience.viewers(message, to));
        }
        is_delivered
    }

    /// Sets the number of partitions of the accepts' topic, which may settle anew whose accept was first.
    pub(super) fn set_partitions(&self, partitions: i32) {
        let mut audience = self.audience();
        let news = self.calls().set_partitions(partitions);
        self.publish(&mut audience, news, Way::default(), Towards::default());
    }

    /// Publishes and pushes changes; returns whether a socket of a house other than the speaker has one of them.
    fn publish(&self, audience: &mut Audience, news: Vec<News>, way: Way, towards: Towards<'_>) -> bool {
        let mut is_delivered = false;
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
            is_delivered |= self.push(audience, &message, towards, to);
        }
        is_delivered
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

    /// Takes the next call of a subscriber's snapshot and returns it as messages; `None` after the last.
    pub(super) fn next_listed(&self, number: u64, now: Millis) -> Option<Vec<Message>> {
        let mut audience = self.audience();
        loop {
            let (call, guest) = audience.next_listed(number)?;
            let guest = guest.cloned();
            let calls = self.calls();
            if calls.is_of_another_alone(call, audience.house(number)) {
                continue;
            }
            let messages = calls.messages_of(call, guest.as_ref(), now);
            let located = calls.located(&messages);
            drop(calls);
            if !messages.is_empty() {
                for call in located {
                    let viewer = || audience.viewer(number).into_iter().collect::<Vec<_>>();
                    self.viewings.publish(call, Means::Snapshot, viewer);
                }
                return Some(messages);
            }
        }
    }

    pub(super) fn remove(&self, number: u64) {
        self.audience().remove(number);
    }

    /// Returns who listens, so that nothing is pushed while it is held.
    pub(super) fn audience(&self) -> MutexGuard<'_, Audience> {
        self.audience.lock()
    }
}
