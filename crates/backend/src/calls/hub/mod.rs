//! The hub: per line one fold, its snapshot and its subscribers. It encodes a frame once for all subscriptions that are
//! alike and knows of a socket only its queue.

mod alerts;
mod arrival;
mod changes;
mod everywhere;
mod frames;
mod known;
mod locations;
mod queue;
mod room;
mod snapshot;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::{Accept, Actor, Alert, AlertId, CallKey, Event, EventId, House, Incident, Line, Millis};
use stomp::Version;
use tokio::sync::broadcast;

use alerts::Alerts;
pub(crate) use arrival::Arrival;
use changes::Changes;
pub(crate) use changes::{Changed, Freshness};
use everywhere::Everywhere;
pub(crate) use known::Known;
pub use queue::{Queue, QueueReceiver, queue};
use room::Room;
pub use snapshot::Snapshot;

use crate::clock;

/// How a client listens to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The client's own name for it: the `id` header of SUBSCRIBE.
    pub id: String,
    /// The version its frames are written in.
    pub version: Version,
    /// It acknowledges messages (`ack:client` or `ack:client-individual`): they carry an `ack` header.
    pub acknowledges: bool,
    /// It also wants the calls that ended in the last day (`replay:24h`).
    pub replay_ended: bool,
    /// The listener's house, if it is one of the line.
    pub house: Option<House>,
}

impl Subscription {
    /// Tells if both subscriptions receive the same frames.
    fn has_frames_of(&self, other: &Self) -> bool {
        (self.version, self.acknowledges) == (other.version, other.acknowledges) && self.id == other.id
    }
}

/// A subscription that has begun.
pub struct Subscribed {
    /// Ends the subscription when it is dropped.
    pub handle: SubscriptionHandle,
    /// The frames of what is known, with a snapshot-end last. What happens later comes by the queue, except news of calls
    /// that the snapshot has yet to send.
    pub snapshot: Snapshot,
}

/// Ends its subscription when it is dropped.
pub struct SubscriptionHandle {
    hub: Hub,
    /// `None` for every line.
    line: Option<Line>,
    number: u64,
}

impl Drop for SubscriptionHandle {
    fn drop(&mut self) {
        let rooms: Vec<Arc<Mutex<Room>>> = match &self.line {
            Some(line) => self.hub.existing(line).into_iter().collect(),
            None => {
                // No room that is made from now on has it.
                self.hub.everywhere().remove(&self.number);
                self.hub.rooms()
            }
        };
        for room in rooms {
            lock(&room).remove(self.number);
        }
        self.hub.0.subscribers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The lines of the complex and who listens to them. Clones share it.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    /// Apart from the rooms, whose locks are held while frames are pushed: a press must not wait for them.
    alerts: Alerts,
    rooms: RwLock<HashMap<Line, Arc<Mutex<Room>>>>,
    /// The subscribers to every line, which each new room gets, too. Locked after `rooms` where both are needed.
    everywhere: Mutex<BTreeMap<u64, Everywhere>>,
    partitions: AtomicI32,
    numbers: AtomicU64,
    subscribers: AtomicUsize,
    changes: Changes,
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
            partitions: AtomicI32::new(1),
            numbers: AtomicU64::new(0),
            subscribers: AtomicUsize::new(0),
            changes: Changes::default(),
        }))
    }

    /// Applies an event and pushes what is new to everybody who listens to its line; returns whether anything was.
    pub(crate) fn apply(&self, arrival: Arrival) -> bool {
        if let Event::Alert(alert) = &arrival.event {
            self.0.alerts.insert(alert);
        }
        let room = self.room(arrival.event.line());
        lock(&room).apply(arrival)
    }

    /// Applies an event that is not recorded; returns whether it was pushed to a socket of another house, now or before.
    pub(crate) fn apply_unrecorded(&self, event: Event) -> bool {
        let (line, name) = (event.line().clone(), room::name(&event));
        self.apply(Arrival::direct(event).taken_here());
        let room = self.room(&line);
        name.is_some_and(|name| lock(&room).was_pushed(name))
    }

    /// Subscribes to whatever changes from now on, on any line. A listener that lags loses the oldest changes and learns so;
    /// it then looks at the calls anew.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Changed> {
        self.0.changes.subscribe()
    }

    /// Returns the calls of every line that nobody has ended and that were received at least `age` ago, by the monotonic clock.
    pub(crate) fn unended(&self, age: Duration) -> Vec<Alert> {
        self.rooms().iter().flat_map(|room| lock(room).unended(age)).collect()
    }

    /// The accepts' topic has this many partitions.
    pub(crate) fn set_partitions(&self, partitions: i32) {
        self.0.partitions.store(partitions.max(1), Ordering::Relaxed);
        for room in self.rooms() {
            lock(&room).set_partitions(partitions.max(1));
        }
    }

    /// Forgets the calls that began before `before`.
    pub(crate) fn forget(&self, before: Millis) {
        self.0.alerts.forget(before);
        for room in self.rooms() {
            lock(&room).forget(before);
        }
    }

    /// Begins a subscription: what is known so far, and from then on everything by `queue`, without a gap
    /// and without a double.
    #[must_use]
    pub fn subscribe(&self, line: &Line, subscription: Subscription, queue: Queue) -> Subscribed {
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        let (room, subscription) = (self.room(line), Arc::new(subscription));
        let listing = lock(&room).subscribe(number, subscription.clone(), queue, clock::now());
        self.0.subscribers.fetch_add(1, Ordering::Relaxed);
        let handle = SubscriptionHandle { hub: self.clone(), line: Some(line.clone()), number };
        let snapshot = Snapshot::new(number, subscription, Some(line.clone()), [(room, listing)]);
        Subscribed { handle, snapshot }
    }

    /// Begins a subscription to every line, those that appear later included. `own` is the line of the listener's house.
    #[must_use]
    pub fn subscribe_everywhere(
        &self,
        own: Option<&Line>,
        subscription: Subscription,
        queue: Queue,
    ) -> Subscribed {
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        let subscriber = Everywhere::new(own, subscription, queue);
        let rooms: BTreeMap<Line, Arc<Mutex<Room>>> = {
            // Rooms are made under this lock, so each of them is either listed here or finds the subscriber.
            let rooms = self.0.rooms.read().unwrap_or_else(PoisonError::into_inner);
            self.everywhere().insert(number, subscriber.clone());
            rooms.iter().map(|(line, room)| (line.clone(), room.clone())).collect()
        };
        let list = |(line, room): (Line, Arc<Mutex<Room>>)| {
            let listing = subscriber.enter(number, &line, &mut lock(&room));
            (room, listing)
        };
        let rooms: Vec<_> = rooms.into_iter().map(list).collect();
        self.0.subscribers.fetch_add(1, Ordering::Relaxed);
        let handle = SubscriptionHandle { hub: self.clone(), line: None, number };
        let snapshot = Snapshot::new(number, subscriber.subscription(), None, rooms);
        Subscribed { handle, snapshot }
    }

    /// The call that the message with this id told of; `None` if it told of something else.
    #[must_use]
    pub fn acknowledged(&self, line: &Line, message_id: &str) -> Option<CallKey> {
        let room = self.existing(line)?;
        lock(&room).acknowledged(message_id)
    }

    /// Every call known on a line, the oldest first.
    #[must_use]
    pub fn incidents(&self, line: &Line) -> Vec<Incident> {
        self.existing(line).map(|room| lock(&room).incidents.incidents()).unwrap_or_default()
    }

    /// The calls with this id: one, unless two houses used the same.
    #[must_use]
    pub fn named(&self, alert: AlertId) -> Vec<Incident> {
        self.rooms().iter().flat_map(|room| lock(room).incidents.named(alert)).collect()
    }

    /// Looks the event's id up. An alert has an index, so its lookup does not wait for the lock of a room.
    #[must_use]
    pub(crate) fn known(&self, event: &Event) -> Known {
        if let Event::Alert(alert) = event {
            return self.0.alerts.known(alert);
        }
        self.existing(event.line())
            .map_or_else(|| Known::Nothing(event.clone()), |room| Known::of(&lock(&room).incidents, event))
    }

    /// Returns when the flat's call of this id began. Like [`Hub::known`] it does not wait for the lock of a room.
    #[must_use]
    pub(crate) fn began(&self, line: &Line, house: &House, id: AlertId) -> Option<Millis> {
        self.0.alerts.began(line, house, id)
    }

    /// Returns the flat's call of this id. It takes the lock of the line's room only if the id is known.
    #[must_use]
    pub(crate) fn call_of(&self, line: &Line, house: &House, id: AlertId) -> Option<Incident> {
        self.began(line, house, id)?;
        let room = self.existing(line)?;
        let named = lock(&room).incidents.named(id);
        named.into_iter().find(|incident| incident.alert.house == *house)
    }

    /// The accept with this id of a house of the line.
    #[must_use]
    pub(crate) fn accept(&self, line: &Line, id: EventId, house: &House) -> Option<Accept> {
        let room = self.existing(line)?;
        let room = lock(&room);
        room.incidents.said(id, &Actor::House(house.clone()), None).find_map(|said| match said {
            Event::Accept(accept) => Some(accept),
            _ => None,
        })
    }

    /// The newest open call of a house.
    #[must_use]
    pub fn newest_open_of(&self, line: &Line, house: &House) -> Option<Incident> {
        let room = self.existing(line)?;
        let mut open = lock(&room).incidents.open(clock::now());
        open.retain(|incident| incident.alert.house == *house);
        open.pop()
    }

    /// How many subscriptions there are.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.0.subscribers.load(Ordering::Relaxed)
    }

    fn existing(&self, line: &Line) -> Option<Arc<Mutex<Room>>> {
        self.0.rooms.read().unwrap_or_else(PoisonError::into_inner).get(line).cloned()
    }

    fn room(&self, line: &Line) -> Arc<Mutex<Room>> {
        if let Some(room) = self.existing(line) {
            return room;
        }
        let partitions = self.0.partitions.load(Ordering::Relaxed);
        let mut rooms = self.0.rooms.write().unwrap_or_else(PoisonError::into_inner);
        let room = || {
            let mut room = Room::new(line.clone(), partitions, self.0.changes.clone());
            for (number, subscriber) in self.everywhere().iter() {
                subscriber.enter(*number, line, &mut room);
            }
            Arc::new(Mutex::new(room))
        };
        rooms.entry(line.clone()).or_insert_with(room).clone()
    }

    fn everywhere(&self) -> MutexGuard<'_, BTreeMap<u64, Everywhere>> {
        self.0.everywhere.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rooms(&self) -> Vec<Arc<Mutex<Room>>> {
        self.0.rooms.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// What stands behind a subscription: takes whole frames, shared by all that are alike.
trait Push {
    /// Hands a frame over without waiting; false if there is no room for it any more.
    fn push(&self, frame: &Bytes) -> bool;
}

/// A std mutex: it is held for a fold and some pushes, never across an await. Poisoned is still whole: the
/// fold changes its sets one by one.
fn lock(room: &Mutex<Room>) -> MutexGuard<'_, Room> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}
