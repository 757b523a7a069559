//! The beginning and the end of a subscription, to a line or to every line.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, atomic::Ordering},
};

use domain::{CallKey, House, Line};
use stomp::Version;

use super::{Hub, Queue, Snapshot, everywhere::Everywhere, guests::Listener, room::Room, viewings::Viewer};
use crate::clock;

/// A client's subscription to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The client's own name for it, which is the `id` header of SUBSCRIBE.
    pub id: Arc<str>,
    /// The version its frames are written in.
    pub version: Version,
    /// True if it acknowledges messages (`ack:client` or `ack:client-individual`), which then carry an `ack` header.
    pub acknowledges: bool,
    /// It also wants the calls that ended in the last day (`replay:24h`).
    pub replay_ended: bool,
    /// The listener's house, if it is one of the line.
    pub house: Option<House>,
    /// The person who listens, for the record of who was shown a location.
    pub viewer: Option<Arc<Viewer>>,
}

/// A subscription that has begun.
pub struct Subscribed {
    /// Ends the subscription when it is dropped.
    pub handle: SubscriptionHandle,
    /// The frames of the known calls, with a snapshot-end last. Later events come by the queue, except news of calls
    /// that the snapshot has yet to send.
    pub snapshot: Snapshot,
}

/// Ends its subscription when it is dropped.
pub struct SubscriptionHandle {
    hub: Hub,
    /// The room of its line, which is there for as long as the hub; `None` for every line.
    home: Option<Arc<Room>>,
    pub(super) number: u64,
}

impl SubscriptionHandle {
    /// Returns the same call as [`Hub::acknowledged`]. The room of a subscription to `line` is not looked up again.
    #[must_use]
    pub fn acknowledged(&self, line: &Line, message_id: &str) -> Option<Arc<CallKey>> {
        match &self.home {
            Some(room) if room.line() == line => {
                let own = room.acknowledged(message_id);
                own.or_else(|| self.hub.acknowledged_of_others(line, message_id))
            }
            _ => self.hub.acknowledged(line, message_id),
        }
    }
}

impl Drop for SubscriptionHandle {
    fn drop(&mut self) {
        let rooms: Vec<Arc<Room>> = match &self.home {
            Some(room) => {
                let hosts = self.hub.0.guests.leave(room.line(), self.number);
                let hosts = hosts.iter().filter_map(|host| self.hub.existing(host));
                hosts.chain([room.clone()]).collect()
            }
            None => {
                // No room that is made from now on has it.
                self.hub.everywhere().remove(&self.number);
                self.hub.rooms()
            }
        };
        for room in rooms {
            room.remove(self.number);
        }
        self.hub.0.subscribers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hub {
    /// Begins a subscription. The known calls come first, and from then on everything comes by `queue`, without a gap
    /// and without a double.
    #[must_use]
    pub fn subscribe(&self, line: &Line, subscription: Subscription, queue: Queue) -> Subscribed {
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        let (room, subscription) = (self.room(line), Arc::new(subscription));
        let listener = Listener { subscription: subscription.clone(), queue: queue.clone() };
        let hosts = self.0.guests.join(line, number, listener.clone());
        let extent = room.subscribe(number, subscription.clone(), queue, clock::now());
        let home = Some(room.clone());
        let mut rooms = vec![(room, extent)];
        for host in hosts.iter().filter_map(|host| self.existing(host)) {
            let extent = host.subscribe_guest(number, line, listener.clone(), clock::now());
            rooms.push((host, extent));
        }
        self.0.subscribers.fetch_add(1, Ordering::Relaxed);
        let handle = SubscriptionHandle { hub: self.clone(), home, number };
        let snapshot = Snapshot::new(number, subscription, Some(line.clone()), rooms);
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
        let rooms: BTreeMap<Line, Arc<Room>> = {
            // Rooms are made under this lock, so each of them is either listed here or finds the subscriber.
            let rooms = self.0.rooms.read().unwrap_or_else(PoisonError::into_inner);
            self.everywhere().insert(number, subscriber.clone());
            let lines = rooms.iter().filter(|(line, _)| !line.is_canary());
            lines.map(|(line, room)| (line.clone(), room.clone())).collect()
        };
        let list = |(line, room): (Line, Arc<Room>)| {
            let extent = subscriber.enter(number, &line, &room);
            (room, extent)
        };
        let rooms: Vec<_> = rooms.into_iter().map(list).collect();
        self.0.subscribers.fetch_add(1, Ordering::Relaxed);
        let handle = SubscriptionHandle { hub: self.clone(), home: None, number };
        let snapshot = Snapshot::new(number, subscriber.subscription(), None, rooms);
        Subscribed { handle, snapshot }
    }

    /// Returns how many subscriptions there are.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.0.subscribers.load(Ordering::Relaxed)
    }
}
