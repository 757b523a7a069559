//! The hub. Each line has one fold, its snapshot and its subscribers. The hub encodes a frame once for all
//! subscriptions that are alike and knows of a socket only its queue, and the end of it that the system has.

mod alerts;
mod arrival;
mod audience;
mod changes;
mod deliveries;
mod everywhere;
mod frames;
mod guests;
mod index;
mod kinds;
mod known;
mod line_calls;
mod listing;
mod locations;
mod lookups;
mod members;
mod open_calls;
mod queue;
mod room;
mod shown;
mod snapshot;
mod subscription;
#[cfg(test)]
mod tests;
mod viewings;

use std::{
    collections::{BTreeMap, HashMap},
    iter,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering},
    },
};

use domain::{CallKey, Event, Line, Millis};
use tokio::sync::{broadcast, mpsc};

use alerts::Alerts;
pub(crate) use arrival::Arrival;
use changes::Changes;
pub use changes::Wakes;
pub(crate) use changes::{Changed, Freshness};
use everywhere::Everywhere;
use guests::Guests;
pub(crate) use known::Known;
pub use open_calls::{OpenCall, OpenCalls};
#[cfg(test)]
pub(crate) use queue::Slow;
pub use queue::{End, Outlet, Polled, Queue, QueueReceiver, Written, queue, queue_before};
pub(crate) use queue::{Push, SharedFrame};
use room::Room;
pub use snapshot::Snapshot;
pub use subscription::{Subscribed, Subscription, SubscriptionHandle};
use viewings::Viewings;
pub use viewings::{Means, Viewer, Viewing, display};

/// The most events from before the start that a line applies before another event gets its turn, such as a press.
const AT_ONCE: usize = 64;

/// The lines of the complex and who listens to them. Clones share it.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    /// The calls of every line by id, so that a lookup by id takes no more locks than it needs.
    alerts: Alerts,
    rooms: RwLock<HashMap<Line, Arc<Room>>>,
    /// The subscribers to every line, which each new room gets, too. Locked after `rooms` where both are needed.
    everywhere: Mutex<BTreeMap<u64, Everywhere>>,
    /// The subscribers to single lines, which are guests of other lines' calls.
    guests: Guests,
    partitions: AtomicI32,
    numbers: AtomicU64,
    subscribers: AtomicUsize,
    changes: Changes,
    viewings: Viewings,
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// A hub that knows of no call yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            alerts: Alerts::default(),
            rooms: RwLock::default(),
            everywhere: Mutex::default(),
            guests: Guests::default(),
            partitions: AtomicI32::new(1),
            numbers: AtomicU64::new(0),
            subscribers: AtomicUsize::new(0),
            changes: Changes::default(),
            viewings: Viewings::default(),
        }))
    }

    /// Applies an event and pushes what is new to everybody who listens to its line; returns whether anything was.
    pub(crate) fn apply(&self, arrival: Arrival) -> bool {
        self.index(&arrival.event);
        self.room(arrival.event.line()).apply(arrival)
    }

    /// Adds an alert to those of every line.
    fn index(&self, event: &Event) {
        // Nobody looks a silent call up.
        if let Event::Alert(alert) = event
            && !alert.line.is_canary()
        {
            self.0.alerts.insert(alert);
        }
    }

    /// Applies events of before the start, in their order. While nobody listens to a line, nothing is made for listeners, and
    /// one wake of [`Hub::wakes`] stands for all events.
    pub(crate) fn replay(&self, arrivals: impl IntoIterator<Item = Arrival>) {
        let mut arrivals = arrivals.into_iter().peekable();
        while let Some(line) = arrivals.peek().map(|arrival| arrival.event.line().clone()) {
            let of_line = iter::from_fn(|| arrivals.next_if(|arrival| *arrival.event.line() == line));
            let some: Vec<Arrival> = of_line.take(AT_ONCE).collect();
            for arrival in &some {
                self.index(&arrival.event);
            }
            self.room(&line).replay(some);
        }
        self.0.changes.wake();
    }

    /// Applies an event as one that came past the log; returns whether anything was pushed. The service has other ways,
    /// and benchmarks this one.
    pub fn deliver(&self, event: Event) -> bool {
        self.apply(Arrival::direct(event))
    }

    /// Applies an event that is not recorded; returns whether it was pushed to a socket of another house, now or before.
    pub(crate) fn apply_unrecorded(&self, event: Event, traceparent: Option<&str>) -> bool {
        let (line, name) = (event.line().clone(), line_calls::name(&event));
        self.apply(Arrival::direct(event).taken_here().traced(traceparent));
        name.is_some_and(|name| self.room(&line).calls().was_pushed(name))
    }

    /// Subscribes to whatever changes from now on, on any line. A listener that lags loses the oldest changes and learns so;
    /// it then looks at the calls anew.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Changed> {
        self.0.changes.subscribe()
    }

    /// Returns who is shown a location from now on. There is one such queue; a second request gets an empty
    /// one.
    pub(crate) fn viewings(&self) -> mpsc::Receiver<Viewing> {
        self.0.viewings.receiver()
    }

    /// Records that a page or a board showed where the caller of a call is. It never waits.
    pub fn showed(&self, call: CallKey, means: Means, viewer: &Arc<Viewer>) {
        self.0.viewings.publish(call, means, || vec![viewer.clone()]);
    }

    /// Drops where the people of a flat were who called by this id, or went to help. The call stays.
    pub(crate) fn forget_location(&self, flat: &CallKey) {
        self.0.alerts.forget_location(flat);
        // A helper's line may be another one than the call's.
        let mut lines = self.0.alerts.lines(flat.id);
        lines.insert(flat.line.clone());
        for room in lines.iter().filter_map(|line| self.existing(line)) {
            room.calls().forget_location(flat);
        }
    }

    /// The accepts' topic has this many partitions.
    pub(crate) fn set_partitions(&self, partitions: i32) {
        self.0.partitions.store(partitions.max(1), Ordering::Relaxed);
        for room in self.rooms() {
            room.set_partitions(partitions.max(1));
        }
    }

    /// Forgets the calls that began before `before`.
    pub(crate) fn forget(&self, before: Millis) {
        self.0.alerts.forget(before);
        for room in self.rooms() {
            room.calls().forget(before);
            room.dismiss_guests();
        }
    }

    /// Forgets the silent calls that began before `before`.
    pub(crate) fn forget_canaries(&self, before: Millis) {
        if let Some(room) = self.existing(&Line::canary()) {
            room.calls().forget(before);
        }
    }

    fn existing(&self, line: &Line) -> Option<Arc<Room>> {
        self.0.rooms.read().unwrap_or_else(PoisonError::into_inner).get(line).cloned()
    }

    fn room(&self, line: &Line) -> Arc<Room> {
        if let Some(room) = self.existing(line) {
            return room;
        }
        let partitions = self.0.partitions.load(Ordering::Relaxed);
        let mut rooms = self.0.rooms.write().unwrap_or_else(PoisonError::into_inner);
        let room = || {
            let (viewings, guests) = (self.0.viewings.clone(), self.0.guests.clone());
            // Nothing reacts to silent calls, and nobody who listens to every line gets them.
            if line.is_canary() {
                return Arc::new(Room::new(line.clone(), partitions, Changes::default(), viewings, guests));
            }
            let room = Room::new(line.clone(), partitions, self.0.changes.clone(), viewings, guests);
            for (number, subscriber) in self.everywhere().iter() {
                subscriber.enter(*number, line, &room);
            }
            Arc::new(room)
        };
        rooms.entry(line.clone()).or_insert_with(room).clone()
    }

    fn everywhere(&self) -> MutexGuard<'_, BTreeMap<u64, Everywhere>> {
        self.0.everywhere.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the rooms of the lines that people live on.
    fn rooms(&self) -> Vec<Arc<Room>> {
        let rooms = self.0.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.iter().filter(|(line, _)| !line.is_canary()).map(|(_, room)| room.clone()).collect()
    }
}
