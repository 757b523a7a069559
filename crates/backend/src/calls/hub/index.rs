//! The calls of a line by id and by house, with the times at which each was received and ended, and whether a neighbour
//! received it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use domain::{AlertId, House, Incident, Line, Millis, event::OPEN_FOR};

use super::frames::Received;

/// The calls of one house, in the order in which they began.
pub(super) type CallsOfHouse = BTreeMap<(Millis, AlertId), Entry>;

/// The data of a call that the fold does not have.
pub(super) struct Entry {
    pub(super) received: Received,
    /// It was pushed to a socket of another house when it was new.
    pub(super) is_delivered: bool,
    /// The other lines that it was escalated to.
    pub(super) guests: BTreeSet<Line>,
    /// A step of an escalation was taken.
    pub(super) is_escalated: bool,
    /// When somebody ended it.
    ended: Option<Millis>,
}

impl Entry {
    /// Returns whether a call that began at `began` is open at `now`, as [`domain::Incident::is_open`] does.
    pub(super) fn is_open(&self, began: Millis, now: Millis) -> bool {
        self.ended.is_none() && now < began.saturating_add(OPEN_FOR)
    }

    /// Returns when a call that began at `began` ended or will have been open for long enough.
    pub(super) fn end(&self, began: Millis) -> Millis {
        self.ended.unwrap_or(began.saturating_add(OPEN_FOR))
    }
}

/// Finds calls without deriving all of them.
#[derive(Default)]
pub(super) struct Index {
    /// The houses that used an id, with the beginning of their calls. There is one, unless two houses used the same.
    by_id: HashMap<AlertId, Vec<(House, Millis)>>,
    by_house: HashMap<House, CallsOfHouse>,
}

impl Index {
    /// Adds a call that began at `began` and was received `age` ago, or moves one that turns out to have begun then.
    pub(super) fn insert(&mut self, id: AlertId, house: &House, began: Millis, age: Duration) {
        let houses = self.by_id.entry(id).or_default();
        let calls = self.by_house.entry(house.clone()).or_default();
        match houses.iter_mut().find(|(other, _)| other == house) {
            None => {
                houses.push((house.clone(), began));
                let received = Received { known_since: Instant::now(), age };
                let (is_delivered, is_escalated, guests) = (false, false, BTreeSet::new());
                let entry = Entry { received, is_delivered, guests, is_escalated, ended: None };
                calls.insert((began, id), entry);
            }
            Some((_, known)) if *known != began => {
                if let Some(entry) = calls.remove(&(*known, id)) {
                    calls.insert((began, id), entry);
                }
                *known = began;
            }
            Some(_) => {}
        }
    }

    /// Notes that somebody heard a call.
    pub(super) fn mark_delivered(&mut self, id: AlertId, house: &House) {
        let began = self.began(id, house);
        let calls = self.by_house.get_mut(house);
        if let Some(entry) = began.zip(calls).and_then(|(began, calls)| calls.get_mut(&(began, id))) {
            entry.is_delivered = true;
        }
    }

    /// Records when a call ended; `None` for one that nobody has ended.
    pub(super) fn set_ended(&mut self, id: AlertId, house: &House, ended: Option<Millis>) {
        let began = self.began(id, house);
        let calls = self.by_house.get_mut(house);
        if let Some(entry) = began.zip(calls).and_then(|(began, calls)| calls.get_mut(&(began, id))) {
            entry.ended = ended;
        }
    }

    /// Records to which other lines a call was escalated; returns those that are new.
    pub(super) fn set_guests(&mut self, id: AlertId, house: &House, call: &Incident) -> BTreeSet<Line> {
        let lines = call.lines();
        let began = self.began(id, house);
        let calls = self.by_house.get_mut(house);
        let entry = began.zip(calls).and_then(|(began, calls)| calls.get_mut(&(began, id)));
        let Some(entry) = entry else { return BTreeSet::new() };
        entry.is_escalated = !call.steps.is_empty();
        let before = std::mem::replace(&mut entry.guests, lines);
        &entry.guests - &before
    }

    /// Returns the other lines to which the calls of this id were escalated, or that of one house.
    pub(super) fn guests_of(&self, id: AlertId, house: Option<&House>) -> BTreeSet<Line> {
        let houses = self.by_id.get(&id).into_iter().flatten();
        let named = houses.filter(|(other, _)| house.is_none_or(|house| house == other));
        let entries = named.filter_map(|(house, began)| self.by_house.get(house)?.get(&(*began, id)));
        entries.flat_map(|entry| entry.guests.iter().cloned()).collect()
    }

    /// Returns every other line to which a call was escalated.
    pub(super) fn guests(&self) -> BTreeSet<Line> {
        let entries = self.by_house.values().flat_map(BTreeMap::values);
        entries.flat_map(|entry| entry.guests.iter().cloned()).collect()
    }

    /// Returns when a call was received; without a house nothing where two houses used the id.
    pub(super) fn received(&self, id: AlertId, house: Option<&House>) -> Option<Received> {
        let house = match (house, self.by_id.get(&id)?.as_slice()) {
            (Some(house), _) | (None, [(house, _)]) => house,
            (None, _) => return None,
        };
        let began = self.began(id, house)?;
        self.by_house.get(house)?.get(&(began, id)).map(|entry| entry.received)
    }

    /// Returns every house that has called, with its calls.
    pub(super) fn houses(&self) -> impl Iterator<Item = (&House, &CallsOfHouse)> {
        self.by_house.iter()
    }

    /// Returns the calls of a house, the newest first.
    pub(super) fn newest_first(&self, house: &House) -> impl Iterator<Item = (Millis, AlertId, &Entry)> {
        let calls = self.by_house.get(house).into_iter().flat_map(|calls| calls.iter().rev());
        calls.map(|((began, id), entry)| (*began, *id, entry))
    }

    /// Returns the calls that were received at least `age` ago.
    pub(super) fn older_than(&self, age: Duration) -> impl Iterator<Item = (AlertId, &House)> {
        self.by_house.iter().flat_map(move |(house, calls)| {
            let old = calls.iter().filter(move |(_, entry)| entry.received.ago() >= age);
            old.map(move |((_, id), _)| (*id, house))
        })
    }

    /// Returns the calls that were received less than `age` ago, with how long ago that was.
    pub(super) fn younger_than(&self, age: Duration) -> impl Iterator<Item = (AlertId, &House, Duration)> {
        self.by_house.iter().flat_map(move |(house, calls)| {
            let received = calls.iter().map(|((_, id), entry)| (*id, entry.received.ago()));
            received.filter(move |(_, ago)| *ago < age).map(move |(id, ago)| (id, house, ago))
        })
    }

    /// Returns the calls that somebody ended at `at` or later.
    pub(super) fn ended_since(&self, at: Millis) -> impl Iterator<Item = (AlertId, &House)> {
        self.by_house.iter().flat_map(move |(house, calls)| {
            let ended = calls.iter().filter(move |(_, entry)| entry.ended.is_some_and(|ended| ended >= at));
            ended.map(move |((_, id), _)| (*id, house))
        })
    }

    /// Returns the calls that nobody has ended and that were received less than `age` ago.
    pub(super) fn unended(&self, age: Duration) -> impl Iterator<Item = (AlertId, &House, &Entry)> {
        self.by_house.iter().flat_map(move |(house, calls)| {
            let open = calls.iter();
            let open = open.filter(move |(_, entry)| entry.ended.is_none() && entry.received.ago() < age);
            open.map(move |((_, id), entry)| (*id, house, entry))
        })
    }

    /// Forgets the calls that began before `before`.
    pub(super) fn forget(&mut self, before: Millis) {
        self.by_id.retain(|_, houses| {
            houses.retain(|(_, began)| *began >= before);
            !houses.is_empty()
        });
        self.by_house.retain(|_, calls| {
            calls.retain(|(began, _), _| *began >= before);
            !calls.is_empty()
        });
    }

    fn began(&self, id: AlertId, house: &House) -> Option<Millis> {
        let houses = self.by_id.get(&id)?;
        houses.iter().find(|(other, _)| other == house).map(|(_, began)| *began)
    }
}
