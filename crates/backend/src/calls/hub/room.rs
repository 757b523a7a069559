//! One line of the hub, with its calls and its subscribers. Each has a lock of its own, so that neither a lookup nor a
//! subscription waits for the pushing of frames.

mod outgoing;
mod snapshots;

use domain::{Line, destination};
use parking_lot::{Mutex, MutexGuard};

use super::{
    Arrival, Freshness,
    audience::{Audience, Towards},
    changes::Changes,
    guests::Guests,
    line_calls::{AlertIds, LineCalls},
    viewings::Viewings,
};
use outgoing::Outgoing;
pub(super) use snapshots::Extent;

/// A line.
pub(super) struct Room {
    line: Line,
    /// Where its subscribers get its frames.
    destination: String,
    /// The turn of an event. It is locked before `audience`, by events alone, and held until the frames of the event
    /// are pushed and its changes published, so that everybody gets them in the order of the fold.
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

    /// Returns which line it is.
    pub(super) fn line(&self) -> &Line {
        &self.line
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
        let mut outgoing = self.outgoing(&audience, applied.news, way, to);
        for opened in &applied.opened {
            outgoing.opening.extend(self.open(&mut audience, opened, way, delivering.as_ref()));
        }
        drop(audience);
        self.send(outgoing, Some(applied.trace));
        is_new
    }

    /// Applies events of before the start, in their order. Where nobody listens, nothing is made for each of them.
    pub(super) fn replay(&self, arrivals: Vec<Arrival>) {
        let remaining = self.replay_unheard(arrivals);
        for arrival in remaining {
            self.apply(arrival);
        }
    }

    /// Applies events of before the start unless somebody listens, and returns those that are left. A call that was
    /// escalated brings the people of other lines, who get it as it is now.
    fn replay_unheard(&self, arrivals: Vec<Arrival>) -> Vec<Arrival> {
        let _turn = self.turn.lock();
        let mut audience = self.audience();
        if !audience.is_empty() {
            return arrivals;
        }
        // They came at about the same time, and a call that sounds needlessly is better than one that stays silent.
        let late = arrivals.iter().all(|arrival| arrival.late);
        let way = Way { replay: true, late, taken_here: false };
        let opened = self.calls().replay(arrivals);
        let mut outgoing = Outgoing::default();
        for opened in &opened {
            outgoing.opening.extend(self.open(&mut audience, opened, way, None));
        }
        drop(audience);
        self.send(outgoing, None);
        Vec::new()
    }

    /// Sets the number of partitions of the accepts' topic, which may settle anew whose accept was first.
    pub(super) fn set_partitions(&self, partitions: i32) {
        let _turn = self.turn.lock();
        let audience = self.audience();
        let news = self.calls().set_partitions(partitions);
        let outgoing = self.outgoing(&audience, news, Way::default(), Towards::default());
        drop(audience);
        self.send(outgoing, None);
    }

    pub(super) fn remove(&self, number: u64) {
        self.audience().remove(number);
    }

    /// Returns who listens, so that no event begins to be pushed while it is held.
    pub(super) fn audience(&self) -> MutexGuard<'_, Audience> {
        self.audience.lock()
    }
}
