//! Which sockets there are, whose they are, and which one makes room for another.
//!
//! A place is given to the newest, because that is the device that somebody has in the hand. For each socket that makes
//! room there is a rule by which its return cannot win the place back at once, so that two never displace each other in
//! turn. Either the newcomer's owner has fewer sockets even afterwards, or the owner's bucket allows it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use backend::people::sessions::SessionId;
use domain::{House, Line, Resident};

use super::{closing::Closing, full::Full};
use crate::budgets::{Bucket, Network, Rate};

/// The sockets of one session, which are the tabs of one browser. A device whose network comes and goes leaves some
/// behind that nobody answers, for a minute each.
pub(super) const OF_SESSION: usize = 16;
/// The sockets of one flat, or of one account without a flat, for every device of a family.
pub(super) const OF_FLAT: usize = 64;
/// The rate at which the oldest socket of a session or flat that has all of its sockets makes room for a new one. It
/// allows many at once, so that the sockets that a device left behind keep it from nothing, and few after that, because
/// a page whose socket was closed opens another.
const DISPLACED: Rate = Rate { burst: 16.0, per_second: 0.1 };
/// The time for a stranger's CONNECT before a socket of the same network gets its place. It covers a slow round trip.
const GRACE: Duration = Duration::from_secs(2);

/// Sockets are numbered in the order in which they were opened.
pub(super) type Number = u64;

/// The most sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) strangers: usize,
    pub(super) residents: usize,
}

/// Whose socket it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    Flat(Line, House),
    Account(String),
}

/// All open sockets.
pub(super) struct Places {
    room: Room,
    strangers: HashMap<Network, BTreeMap<Number, Stranger>>,
    residents: HashMap<Owner, OfOwner>,
    open: Open,
}

/// The number of open sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) strangers: usize,
    pub(super) residents: usize,
}

struct Stranger {
    since: Instant,
    closing: Closing,
}

#[derive(Default)]
struct OfOwner {
    /// In the order of their numbers. There are few, for which maps would keep room for many.
    sockets: Vec<Socket>,
    /// `None` until one of them has made room for another.
    displaced: Option<Box<Displaced>>,
}

/// A resident's socket.
struct Socket {
    number: Number,
    session: SessionId,
    closing: Closing,
}

/// The buckets by which the sockets of one owner make room for each other.
struct Displaced {
    of_owner: Bucket,
    of_sessions: HashMap<SessionId, Bucket>,
}

impl From<&Resident> for Owner {
    fn from(resident: &Resident) -> Self {
        match resident.flat() {
            Some((line, house)) => Self::Flat(line.clone(), house.clone()),
            None => Self::Account(resident.name.clone()),
        }
    }
}

impl Places {
    pub(super) fn new(room: Room) -> Self {
        Self { room, strangers: HashMap::new(), residents: HashMap::new(), open: Open::default() }
    }

    pub(super) fn open(&self) -> Open {
        self.open
    }

    /// Gives a stranger a place. Returns which socket makes room for it.
    pub(super) fn add_stranger(
        &mut self,
        number: Number,
        network: Network,
        closing: Closing,
        now: Instant,
    ) -> Result<Option<Closing>, Full> {
        let displaced = if self.open.strangers < self.room.strangers {
            None
        } else {
            Some(self.displace_stranger(network, now).ok_or(Full::Strangers)?)
        };
        self.strangers.entry(network).or_default().insert(number, Stranger { since: now, closing });
        self.open.strangers += 1;
        Ok(displaced)
    }

    /// Removes the oldest of the network with the most, at once for a network that has fewer even with one more, else
    /// after its grace.
    fn displace_stranger(&mut self, network: Network, now: Instant) -> Option<Closing> {
        let own = self.strangers.get(&network).map_or(0, BTreeMap::len);
        let candidates = self.strangers.iter().filter_map(|(network, sockets)| {
            let (oldest, stranger) = sockets.first_key_value()?;
            Some((sockets.len(), Reverse(*oldest), *network, stranger.since))
        });
        let (most, oldest, of_network, since) =
            candidates.max_by_key(|(count, oldest, ..)| (*count, *oldest))?;
        if most < own + 2 && now.saturating_duration_since(since) < GRACE {
            return None;
        }
        self.remove_stranger(oldest.0, of_network)
    }

    /// Gives a socket of a session a place. Returns which one makes room for it.
    pub(super) fn add_resident(
        &mut self,
        number: Number,
        session: &SessionId,
        owner: &Owner,
        closing: Closing,
        now: Instant,
    ) -> Result<Option<Closing>, Full> {
        let (of_session, of_owner) = self.count(session, owner);
        let displaced = if of_session >= OF_SESSION {
            Some(self.displace_of_session(session, owner, now).ok_or(Full::Session)?)
        } else if of_owner >= OF_FLAT {
            Some(self.displace_of_owner(of_session, owner, now).ok_or(Full::Flat)?)
        } else if self.open.residents >= self.room.residents {
            Some(self.displace_of_largest(of_owner).ok_or(Full::Residents)?)
        } else {
            None
        };
        let of_owner = self.residents.entry(owner.clone()).or_default();
        of_owner.add(Socket { number, session: session.clone(), closing });
        self.open.residents += 1;
        Ok(displaced)
    }

    fn count(&self, session: &SessionId, owner: &Owner) -> (usize, usize) {
        let Some(of_owner) = self.residents.get(owner) else { return (0, 0) };
        (of_owner.of_session(session).count(), of_owner.sockets.len())
    }

    /// Takes the session's oldest, if its bucket allows it.
    fn displace_of_session(&mut self, session: &SessionId, owner: &Owner, now: Instant) -> Option<Closing> {
        let of_owner = self.residents.get_mut(owner)?;
        let oldest = of_owner.of_session(session).next()?.number;
        if !of_owner.displaced(now).of_session(session, now).take(now) {
            return None;
        }
        self.remove_resident(oldest, owner)
    }

    /// Removes the oldest of the flat's session with the most, freely for a session that has fewer even with one more,
    /// else if the flat's bucket allows it.
    fn displace_of_owner(&mut self, own: usize, owner: &Owner, now: Instant) -> Option<Closing> {
        let of_owner = self.residents.get_mut(owner)?;
        let (count, oldest) = of_owner.largest()?;
        if count < own + 2 && !of_owner.displaced(now).of_owner.take(now) {
            return None;
        }
        self.remove_resident(oldest, owner)
    }

    /// Takes the oldest of the owner with the most, if that has more than one who has one more than `own`.
    fn displace_of_largest(&mut self, own: usize) -> Option<Closing> {
        let (owner, of_owner) = self.residents.iter().max_by_key(|(_, of_owner)| of_owner.sockets.len())?;
        if of_owner.sockets.len() < own + 2 {
            return None;
        }
        let (owner, (_, oldest)) = (owner.clone(), of_owner.largest()?);
        self.remove_resident(oldest, &owner)
    }

    /// Removes a stranger's place, if it still has one.
    pub(super) fn remove_stranger(&mut self, number: Number, network: Network) -> Option<Closing> {
        let sockets = self.strangers.get_mut(&network)?;
        let stranger = sockets.remove(&number)?;
        if sockets.is_empty() {
            self.strangers.remove(&network);
        }
        self.open.strangers -= 1;
        Some(stranger.closing)
    }

    /// Removes the place of a resident's socket, if it still has one.
    pub(super) fn remove_resident(&mut self, number: Number, owner: &Owner) -> Option<Closing> {
        let of_owner = self.residents.get_mut(owner)?;
        let socket = of_owner.remove(number)?;
        if of_owner.sockets.is_empty() {
            self.residents.remove(owner);
        }
        self.open.residents -= 1;
        Some(socket.closing)
    }

    /// Returns every socket.
    pub(super) fn all(&self) -> Vec<Closing> {
        let strangers = self.strangers.values().flat_map(BTreeMap::values);
        let mut all: Vec<_> = strangers.map(|stranger| stranger.closing.clone()).collect();
        all.extend(self.of(|_| true));
        all
    }

    /// Returns every socket of the sessions that are wanted. They keep their places until they are closed.
    pub(super) fn of(&self, wanted: impl Fn(&SessionId) -> bool) -> Vec<Closing> {
        let sockets = self.residents.values().flat_map(|of_owner| &of_owner.sockets);
        sockets.filter(|socket| wanted(&socket.session)).map(|socket| socket.closing.clone()).collect()
    }
}

impl OfOwner {
    /// Returns the sockets of one session, the oldest first.
    fn of_session(&self, session: &SessionId) -> impl Iterator<Item = &Socket> {
        self.sockets.iter().filter(move |socket| socket.session == *session)
    }

    /// Returns how many sockets the session with the most has, and the oldest of them. Among equal sessions it is the
    /// one with the oldest socket.
    fn largest(&self) -> Option<(usize, Number)> {
        let mut sessions: HashMap<&SessionId, (usize, Reverse<Number>)> = HashMap::new();
        for socket in &self.sockets {
            // The first of a session is its oldest.
            sessions.entry(&socket.session).or_insert((0, Reverse(socket.number))).0 += 1;
        }
        let (count, Reverse(oldest)) = sessions.into_values().max()?;
        Some((count, oldest))
    }

    fn displaced(&mut self, now: Instant) -> &mut Displaced {
        self.displaced.get_or_insert_with(|| Box::new(Displaced::new(now)))
    }

    fn add(&mut self, socket: Socket) {
        // A socket may get its number before another, and its place after it.
        let place = self.sockets.partition_point(|earlier| earlier.number < socket.number);
        self.sockets.reserve_exact(1);
        self.sockets.insert(place, socket);
    }

    /// Removes a socket, and with the last one of a session its bucket.
    fn remove(&mut self, number: Number) -> Option<Socket> {
        let place = self.sockets.binary_search_by_key(&number, |socket| socket.number).ok()?;
        let removed = self.sockets.remove(place);
        let is_last = self.of_session(&removed.session).next().is_none();
        if let Some(displaced) = self.displaced.as_mut().filter(|_| is_last) {
            displaced.of_sessions.remove(&removed.session);
        }
        Some(removed)
    }
}

impl Displaced {
    fn new(now: Instant) -> Self {
        Self { of_owner: Bucket::full(DISPLACED, now), of_sessions: HashMap::new() }
    }

    fn of_session(&mut self, session: &SessionId, now: Instant) -> &mut Bucket {
        self.of_sessions.entry(session.clone()).or_insert_with(|| Bucket::full(DISPLACED, now))
    }
}

#[cfg(test)]
mod tests;
