//! The one fold: what the events of a line add up to.
//!
//! [`LineIncidents`] keeps *sets* of what was said and derives every [`Incident`] from them, so the order
//! in which events come, and how often, cannot matter: equal sets give equal incidents. The hub's snapshot,
//! the browser's feed and every replay use this and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    event::{Accept, Alert, AlertId, Event, EventId, Millis, Moved, Receipt},
    incident::{Incident, Stances},
    people::{House, Line},
    position::{Position, Rank},
    said::{Key, Said, What},
};

/// How an event came to be known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Read from the log.
    Log(Position),
    /// Handed over past the log.
    Direct,
    /// Told by a server, which says whether an accept is its call's first (`None`: not settled, or no accept).
    Told {
        /// The server's word.
        first: Option<bool>,
    },
}

/// What changed for those who listen to the line.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Something happened that was not known before.
    Event {
        /// What; an accept always names its call here.
        event: Event,
        /// For an accept: whether it is the call's first, as far as the log is known.
        first: Option<bool>,
    },
    /// It is settled which accept came first.
    First {
        /// The call.
        alert: AlertId,
        /// The accept.
        accept: Accept,
    },
}

#[derive(Clone, Debug)]
struct Heard<T> {
    value: T,
    /// Of several records of one event, the place that ranks first.
    position: Option<Position>,
    /// A server's word on an accept's rank, where this fold does not read the log itself.
    told_first: Option<bool>,
    /// Whether listeners were told: an answer that comes before its call waits.
    announced: bool,
}

/// Every call of one line, and all that was said about them.
#[derive(Clone, Debug)]
pub struct LineIncidents {
    line: Line,
    /// Of the accepts' topic: the line's home partition follows from it.
    partitions: i32,
    calls: BTreeMap<AlertId, BTreeMap<House, Heard<Alert>>>,
    said: BTreeMap<Key, Heard<Said>>,
    by_alert: BTreeMap<AlertId, BTreeSet<Key>>,
    /// Accepts of the original service, which name no call.
    nameless: BTreeSet<Key>,
    moved: BTreeMap<AlertId, Moved>,
    receipts: BTreeMap<AlertId, Receipt>,
}

impl LineIncidents {
    /// An empty line. `partitions` is the number of partitions of the accepts' topic; 1 where no log is read.
    #[must_use]
    pub fn new(line: Line, partitions: i32) -> Self {
        Self {
            line,
            partitions,
            calls: BTreeMap::new(),
            said: BTreeMap::new(),
            by_alert: BTreeMap::new(),
            nameless: BTreeSet::new(),
            moved: BTreeMap::new(),
            receipts: BTreeMap::new(),
        }
    }

    /// The line.
    #[must_use]
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// The accepts' topic has this many partitions now.
    pub fn set_partitions(&mut self, partitions: i32) {
        self.partitions = partitions;
    }

    /// Takes an event in and tells what changed, in the order in which listeners should hear it.
    /// Events of another line, and what was known already, change nothing.
    pub fn apply(&mut self, event: Event, seen: Seen) -> Vec<Change> {
        if *event.line() != self.line {
            return Vec::new();
        }
        let (position, told_first) = match seen {
            Seen::Log(position) => (Some(position), None),
            Seen::Direct => (None, None),
            Seen::Told { first } => (None, first),
        };
        match event {
            Event::Alert(alert) => self.alert(alert, position),
            Event::Accept(accept) => self.say(Said::Accept(accept), position, told_first),
            Event::Status(status) => self.say(Said::Status(status), position, None),
            Event::Moved(moved) => self.moved(moved),
            Event::Receipt(receipt) => self.receipt(&receipt),
        }
    }

    fn alert(&mut self, alert: Alert, position: Option<Position>) -> Vec<Change> {
        let key = (alert.id, alert.house.clone());
        let order = |alert: &Alert| (alert.at, format!("{alert:?}"));
        let houses = self.calls.entry(alert.id).or_default();
        if let Some(known) = houses.get_mut(&alert.house) {
            known.position = known.position.into_iter().chain(position).min();
            if order(&alert) < order(&known.value) {
                known.value = alert;
            }
        } else {
            let heard = Heard { value: alert, position, told_first: None, announced: false };
            houses.insert(key.1.clone(), heard);
        }
        self.announce(&key, None)
    }

    fn say(&mut self, said: Said, position: Option<Position>, told_first: Option<bool>) -> Vec<Change> {
        let key = said.key();
        let before = self.call_of(&key).and_then(|call| self.first(&call));
        match said.alert() {
            Some(alert) => {
                self.by_alert.entry(alert).or_default().insert(key.clone());
            }
            None => {
                self.nameless.insert(key.clone());
            }
        }
        if let Some(known) = self.said.get_mut(&key) {
            known.position = Rank::new(&self.line, self.partitions).earlier(known.position, position);
            known.told_first = told_first.or(known.told_first);
            if said.order() < known.value.order() {
                known.value = said;
            }
        } else {
            let heard = Heard { value: said, position, told_first, announced: false };
            self.said.insert(key.clone(), heard);
        }
        match self.call_of(&key) {
            Some(call) => self.announce(&call, before),
            None => Vec::new(),
        }
    }

    fn moved(&mut self, moved: Moved) -> Vec<Change> {
        let order = |moved: &Moved| (moved.at, format!("{moved:?}"));
        if self.moved.get(&moved.alert).is_some_and(|known| order(known) >= order(&moved)) {
            return Vec::new();
        }
        self.moved.insert(moved.alert, moved.clone());
        if !self.calls.contains_key(&moved.alert) {
            return Vec::new();
        }
        vec![Change::Event { event: Event::Moved(moved), first: None }]
    }

    fn receipt(&mut self, receipt: &Receipt) -> Vec<Change> {
        let empty = || Receipt { reached: BTreeSet::new(), seen: BTreeSet::new(), ..receipt.clone() };
        let known = self.receipts.entry(receipt.alert).or_insert_with(empty);
        let before = known.reached.len() + known.seen.len();
        known.reached.extend(receipt.reached.iter().cloned());
        known.seen.extend(receipt.seen.iter().cloned());
        if known.reached.len() + known.seen.len() == before {
            return Vec::new();
        }
        let Some(merged) = self.merged_receipt(receipt.alert) else {
            return Vec::new();
        };
        vec![Change::Event { event: Event::Receipt(merged), first: None }]
    }

    /// The receipt of a call as listeners get it: without the caller's own house.
    #[must_use]
    pub fn merged_receipt(&self, alert: AlertId) -> Option<Receipt> {
        let mut merged = self.receipts.get(&alert)?.clone();
        for caller in self.calls.get(&alert)?.keys() {
            merged.reached.remove(caller);
            merged.seen.remove(caller);
        }
        (!merged.reached.is_empty() || !merged.seen.is_empty()).then_some(merged)
    }

    /// Tells listeners what they have not heard about a call: the alert, then its answers in the order of
    /// (time, id), then which accept is first, where an accept told earlier could not say so.
    fn announce(&mut self, call: &(AlertId, House), first_before: Option<EventId>) -> Vec<Change> {
        let houses = self.calls.get_mut(&call.0);
        let Some(heard) = houses.and_then(|houses| houses.get_mut(&call.1)) else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        if !std::mem::replace(&mut heard.announced, true) {
            changes.push(Change::Event { event: Event::Alert(heard.value.clone()), first: None });
            let moved = self.moved.get(&call.0).cloned().map(Event::Moved);
            let receipt = self.merged_receipt(call.0).map(Event::Receipt);
            changes
                .extend(moved.into_iter().chain(receipt).map(|event| Change::Event { event, first: None }));
        }
        let first = self.first(call);
        let mut told = false;
        for key in self.answers(call) {
            let Some(heard) = self.said.get_mut(&key) else {
                continue;
            };
            if std::mem::replace(&mut heard.announced, true) {
                continue;
            }
            let (event, first) = match heard.value.clone() {
                Said::Accept(accept) => {
                    told |= first == Some(accept.id);
                    let known = heard.position.is_some() || heard.told_first.is_some();
                    let rank = known.then(|| first == Some(accept.id));
                    (Event::Accept(Accept { alert: Some(call.0), ..accept }), rank)
                }
                Said::Status(status) => (Event::Status(status), None),
            };
            changes.push(Change::Event { event, first });
        }
        if first != first_before && !told {
            changes.extend(first.and_then(|id| self.first_change(call, id)));
        }
        changes
    }

    fn first_change(&self, call: &(AlertId, House), id: EventId) -> Option<Change> {
        self.answers(call).into_iter().find_map(|key| match &self.said.get(&key)?.value {
            Said::Accept(accept) if accept.id == id => {
                let accept = Accept { alert: Some(call.0), ..accept.clone() };
                Some(Change::First { alert: call.0, accept })
            }
            _ => None,
        })
    }

    /// The call an answer is about, if it is known and line and actor fit.
    fn call_of(&self, key: &Key) -> Option<(AlertId, House)> {
        let heard = self.said.get(key)?;
        match (heard.value.alert(), &heard.value) {
            (Some(alert), said) => {
                let mut houses = self.calls.get(&alert)?.iter();
                houses.find(|(_, call)| said.fits(&call.value)).map(|(house, _)| (alert, house.clone()))
            }
            (None, Said::Accept(accept)) => self.call_of_nameless(accept, heard.position),
            (None, Said::Status(_)) => None,
        }
    }

    /// An accept that names no call belongs to the newest alert of its target not newer than itself, by the
    /// records' timestamps.
    fn call_of_nameless(&self, accept: &Accept, position: Option<Position>) -> Option<(AlertId, House)> {
        let time =
            |at: Millis, position: Option<Position>| position.map_or(at, |position| position.timestamp);
        let accepted = time(accept.at, position);
        self.calls
            .iter()
            .filter_map(|(id, houses)| Some((*id, houses.get(&accept.target)?)))
            .map(|(id, call)| (time(call.value.at, call.position), id))
            .filter(|(called, _)| *called <= accepted)
            .max()
            .map(|(_, id)| (id, accept.target.clone()))
    }

    /// The keys of what was said about a call, in the order of (time, id).
    fn answers(&self, call: &(AlertId, House)) -> Vec<Key> {
        let named = self.by_alert.get(&call.0).into_iter().flatten();
        let mut keys: Vec<_> = named
            .chain(&self.nameless)
            .filter(|key| self.call_of(key).as_ref() == Some(call))
            .filter_map(|key| Some((self.said.get(key)?.value.at(), key.clone())))
            .collect();
        keys.sort();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// The first accept: by a server's word, else the lowest offset in the line's own partition, records
    /// elsewhere after those.
    fn first(&self, call: &(AlertId, House)) -> Option<EventId> {
        let rank = Rank::new(&self.line, self.partitions);
        let accepts = self.answers(call).into_iter().filter_map(|key| {
            let heard = self.said.get(&key)?;
            matches!(heard.value, Said::Accept(_)).then_some((key.0, heard))
        });
        let accepts: Vec<_> = accepts.collect();
        let told = accepts.iter().find(|(_, heard)| heard.told_first == Some(true)).map(|(id, _)| *id);
        told.or_else(|| {
            let ranked = accepts.iter().filter_map(|(id, heard)| Some((rank.of(heard.position?), *id)));
            ranked.min().map(|(_, id)| id)
        })
    }

    /// A server says which accept of a call is the first.
    pub fn settle_first(&mut self, alert: AlertId, accept: EventId) {
        for key in self.by_alert.get(&alert).into_iter().flatten() {
            if let Some(heard) = self.said.get_mut(key).filter(|_| key.2 == What::Accept) {
                heard.told_first = Some(key.0 == accept);
            }
        }
    }

    /// Every call of the line, the oldest first.
    #[must_use]
    pub fn incidents(&self) -> Vec<Incident> {
        let calls = self.calls.keys().flat_map(|alert| self.named(*alert));
        let mut incidents: Vec<_> = calls.collect();
        incidents.sort_by_key(|incident| (incident.alert.at, incident.alert.id));
        incidents
    }

    /// The calls that are open at `now`, the oldest first.
    #[must_use]
    pub fn open(&self, now: Millis) -> Vec<Incident> {
        let mut incidents = self.incidents();
        incidents.retain(|incident| incident.is_open(now));
        incidents
    }

    /// The calls with this id: one, unless two houses used the same.
    #[must_use]
    pub fn named(&self, alert: AlertId) -> Vec<Incident> {
        let houses = self.calls.get(&alert).into_iter().flat_map(BTreeMap::keys);
        houses.filter_map(|house| self.incident(&(alert, house.clone()))).collect()
    }

    /// What was said about a call, in the order of (time, id), an accept with whether it is the first.
    #[must_use]
    pub fn history(&self, alert: &Alert) -> Vec<(Event, Option<bool>)> {
        let call = (alert.id, alert.house.clone());
        let first = self.first(&call);
        let answer = |key: &Key| {
            let heard = self.said.get(key)?;
            Some(match heard.value.clone() {
                Said::Accept(accept) => {
                    let known = heard.position.is_some() || heard.told_first.is_some();
                    let rank = known.then(|| first == Some(accept.id));
                    (Event::Accept(Accept { alert: Some(alert.id), ..accept }), rank)
                }
                Said::Status(status) => (Event::Status(status), None),
            })
        };
        self.answers(&call).iter().filter_map(answer).collect()
    }

    fn incident(&self, call: &(AlertId, House)) -> Option<Incident> {
        let alert = self.calls.get(&call.0)?.get(&call.1)?.value.clone();
        let mut incident = Incident {
            location: self.moved.get(&alert.id).map(|moved| moved.location).or(alert.location),
            first: self.first(call),
            responses: Vec::new(),
            end: None,
            escalated: None,
            reached: BTreeSet::new(),
            seen: BTreeSet::new(),
            alert,
        };
        if let Some(receipt) = self.merged_receipt(call.0) {
            (incident.reached, incident.seen) = (receipt.reached, receipt.seen);
        }
        let mut stances = Stances::default();
        for key in self.answers(call) {
            match self.said.get(&key).map(|heard| &heard.value) {
                Some(Said::Accept(accept)) => stances.accept(accept),
                Some(Said::Status(status)) => stances.progress(&mut incident, status),
                None => {}
            }
        }
        incident.responses = stances.into_responses();
        Some(incident)
    }

    /// Forgets calls that began before `before`, and what was said before then about none.
    pub fn forget(&mut self, before: Millis) {
        self.calls.retain(|_, houses| {
            houses.retain(|_, call| call.value.at >= before);
            !houses.is_empty()
        });
        let alive: BTreeSet<AlertId> = self.calls.keys().copied().collect();
        self.keep(|alert, at| alive.contains(&alert) || at >= before, before);
    }

    /// Forgets every call that `listed` does not have, as a client does after a whole snapshot.
    pub fn retain(&mut self, listed: &BTreeSet<AlertId>) {
        self.calls.retain(|id, _| listed.contains(id));
        self.keep(|alert, _| listed.contains(&alert), Millis::MIN);
    }

    fn keep(&mut self, keep: impl Fn(AlertId, Millis) -> bool, before: Millis) {
        self.said.retain(|_, heard| match heard.value.alert() {
            Some(alert) => keep(alert, heard.value.at()),
            None => heard.value.at() >= before,
        });
        let said = &self.said;
        self.nameless.retain(|key| said.contains_key(key));
        self.by_alert.retain(|_, keys| {
            keys.retain(|key| said.contains_key(key));
            !keys.is_empty()
        });
        self.moved.retain(|alert, moved| keep(*alert, moved.at));
        self.receipts.retain(|alert, _| self.calls.contains_key(alert));
    }
}
