//! The one fold, which turns the events of a line into incidents.
//!
//! [`LineIncidents`] keeps *sets* of events and derives every [`Incident`](crate::Incident) from them. Neither the
//! order in which events come nor their repetition can matter, because equal sets give equal incidents. The hub's
//! snapshot, the browser's feed and every replay use this and nothing else.
//!
//! This file applies events. `authors` judges who may do what, `attribution` finds the call of each word, `announce`
//! announces changes to listeners, `report` keeps locations and receipts, `derive` derives incidents, `outline` picks the
//! words that a snapshot needs, `forget` drops calls, `replay` applies what was before a start, and `identity` names an
//! event in tables.

mod announce;
mod attribution;
mod authors;
mod derive;
mod forget;
mod identity;
mod known;
mod outline;
mod replay;
mod report;
mod statement;

use crate::{
    collections::{BTreeMap, BTreeSet, SmallMap},
    event::{Accept, Alert, AlertId, Event, EventId, Moved, Receipt},
    fold::statement::{Key, Statement, StatementKind},
    people::{House, Line},
    position::{Position, Rank},
};
use attribution::Index;
pub(crate) use known::wins;
use known::{Answer, Call, CallKey, Calls, Helper, NamedCall};

/// The way by which an event reached this fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Read from the log.
    Log(Position),
    /// Handed over past the log.
    Direct,
    /// Sent by a server, which states whether an accept is its call's first (`None` if that is not settled, or it is
    /// not an accept).
    Server {
        /// The server's word.
        first: Option<bool>,
    },
}

impl Source {
    fn position(self) -> Option<Position> {
        match self {
            Self::Log(position) => Some(position),
            Self::Direct | Self::Server { .. } => None,
        }
    }
}

/// A change for the listeners of the line.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Something happened that was not known before.
    Event {
        /// The event; an accept always names its call here.
        event: Event,
        /// True if an accept is the call's first, as far as the log is known.
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

/// The result of keeping an alert.
struct Kept {
    call: CallKey,
    is_new: bool,
    /// The calls that may have other answers than before.
    touched: Vec<CallKey>,
}

/// Every call of one line, and every event about it.
#[derive(Clone, Debug)]
pub struct LineIncidents {
    line: Line,
    rank: Rank,
    calls: Calls,
    answers: BTreeMap<Key, Answer>,
    /// Derived from `calls` and `answers`, to find the call of an event without a search through all of them.
    index: Index,
    /// A server's word on which accept is first, where this fold does not read the log itself.
    first_by_server: BTreeMap<CallKey, EventId>,
    /// The caller's latest location, also where it came before its call.
    moved: BTreeMap<NamedCall, Moved>,
    /// The latest location of each other flat, also where it came before its call or its accept.
    helpers: BTreeMap<Helper, Moved>,
    receipts: BTreeMap<NamedCall, Receipt>,
}

impl LineIncidents {
    /// An empty line. `partitions` is the number of partitions of the accepts' topic; 1 where no log is read.
    #[must_use]
    pub fn new(line: Line, partitions: i32) -> Self {
        Self {
            rank: Rank::new(&line, partitions),
            line,
            calls: BTreeMap::new(),
            answers: BTreeMap::new(),
            index: Index::default(),
            first_by_server: BTreeMap::new(),
            moved: BTreeMap::new(),
            helpers: BTreeMap::new(),
            receipts: BTreeMap::new(),
        }
    }

    /// The line.
    #[must_use]
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// Applies an event and returns the changes, in the order in which listeners should receive them.
    ///
    /// Events of another line, and known ones, change nothing. The smallest (`at`, bytes) of several records of one
    /// event counts, and any emergency before a drill. Listeners who received another record keep it until their next
    /// snapshot. An event is announced once. Only an accept of the original service, which names no call, is announced
    /// again when a newer call turns out to be the one it is about.
    pub fn apply(&mut self, event: Event, source: Source) -> Vec<Change> {
        if *event.line() != self.line {
            return Vec::new();
        }
        match event {
            Event::Alert(alert) => self.alert(alert, source),
            Event::Accept(accept) => self.apply_statement(Statement::Accept(accept), source),
            Event::Status(status) => self.apply_statement(Statement::Status(status), source),
            Event::Moved(moved) => self.move_to(moved),
            Event::Receipt(receipt) => self.receive(receipt),
        }
    }

    /// The accepts' topic has this many partitions now. Returns what that settles anew.
    pub fn set_partitions(&mut self, partitions: i32) -> Vec<Change> {
        let rank = Rank::new(&self.line, partitions);
        if rank == self.rank {
            return Vec::new();
        }
        self.rank = rank;
        let calls: Vec<CallKey> = self.call_keys().collect();
        calls.iter().filter_map(|call| self.announce_first(call)).collect()
    }

    /// Applies a server's statement about which accept of a call is the first. A former version does not name the
    /// `target`. Where two houses used one call's id and their neighbours one accept's, the statement does not identify
    /// the call, so it is left to the next snapshot.
    pub fn assign_first(&mut self, alert: AlertId, target: Option<&House>, accept: EventId) {
        let keys =
            self.index.naming(alert).filter(|key| (key.id, key.kind) == (accept, StatementKind::Accept));
        let houses = keys.filter_map(|key| key.target.as_ref());
        let named = houses.filter(|house| target.is_none_or(|target| target == *house));
        let targets: BTreeSet<House> = named.cloned().collect();
        if targets.len() == 1 {
            for target in targets {
                self.set_first_by_server((alert, target), accept);
            }
        }
    }

    fn alert(&mut self, alert: Alert, source: Source) -> Vec<Change> {
        let Kept { call, is_new, touched } = self.keep_alert(alert, source.position());
        let mut changes = if is_new { self.announce_call(&call) } else { Vec::new() };
        for call in touched {
            self.announce_answers(&call, &mut changes);
        }
        changes
    }

    fn keep_alert(&mut self, alert: Alert, position: Option<Position>) -> Kept {
        let key = (alert.id, alert.house.clone());
        let houses = self.calls.entry(alert.id).or_default();
        let known = houses.get(&alert.house);
        let (is_new, from) = (known.is_none(), known.and_then(Call::began));
        let call = houses.entry(alert.house.clone()).or_insert_with(|| Call::new(alert.clone()));
        call.position = call.position.into_iter().chain(position).min();
        if call.alert != alert && wins(&Event::Alert(alert.clone()), &Event::Alert(call.alert.clone())) {
            call.alert = alert;
        }
        let to = call.began();
        let mut touched = self.index.place(&key, from, to);
        if is_new || from != to {
            touched.push(key.clone());
        }
        Kept { call: key, is_new, touched }
    }

    fn apply_statement(&mut self, statement: Statement, source: Source) -> Vec<Change> {
        let (key, before) = self.keep_statement(statement, source);
        let mut changes = Vec::new();
        let after = self.calls_of(&key);
        for call in &after {
            let first = self.first(call);
            changes.extend(self.announce_answer(&key, call, first));
        }
        for call in before.into_iter().chain(after).collect::<BTreeSet<_>>() {
            changes.extend(self.announce_first(&call));
        }
        changes
    }

    /// Keeps an answer. Returns its name, and the calls that it was about before.
    fn keep_statement(&mut self, statement: Statement, source: Source) -> (Key, Vec<CallKey>) {
        if let (Statement::Accept(accept), Source::Server { first }) = (&statement, source) {
            self.attribute(accept, first);
        }
        let key = statement.key(&self.line);
        let known = self.answers.get(&key).map(Answer::accepted);
        let before = known.map(|_| self.calls_of(&key)).unwrap_or_default();
        let answer = self.answers.entry(key.clone()).or_insert_with(|| Answer::new(statement.clone()));
        if let Some(position) = source.position() {
            answer.positions.insert(position);
        }
        if answer.statement != statement {
            answer.is_disputed = true;
            if wins(&statement.to_event(), &answer.statement.to_event()) {
                answer.statement = statement;
            }
        }
        let accepted = answer.accepted();
        if let Some(known) = known.filter(|known| *known != accepted) {
            self.index.forget(&key, known);
        }
        self.index.insert(&key, accepted);
        (key, before)
    }

    /// Applies a server's statement about an accept, to which call it belongs and whether it is the first.
    fn attribute(&mut self, accept: &Accept, first: Option<bool>) {
        let Some(alert) = accept.alert else { return };
        let key = Statement::Accept(accept.clone()).key(&self.line);
        for stale in self.made_up_elsewhere(&key) {
            if let Some(answer) = self.answers.remove(&stale) {
                self.index.forget(&stale, answer.accepted());
            }
            if let Some(call) = stale.alert.zip(stale.target.clone()) {
                self.first_by_server.retain(|of_call, id| *of_call != call || *id != accept.id);
            }
        }
        let call = (alert, accept.target.clone());
        match first {
            Some(true) => self.set_first_by_server(call, accept.id),
            Some(false) if self.first_by_server.get(&call) == Some(&accept.id) => {
                self.first_by_server.remove(&call);
            }
            _ => {}
        }
    }

    fn set_first_by_server(&mut self, call: CallKey, accept: EventId) {
        if let Some(known) = self.call_mut(&call) {
            known.announced_first = Some(accept);
        }
        self.first_by_server.insert(call, accept);
    }

    fn call(&self, (alert, house): &CallKey) -> Option<&Call> {
        self.calls.get(alert)?.get(house)
    }

    fn call_mut(&mut self, (alert, house): &CallKey) -> Option<&mut Call> {
        self.calls.get_mut(alert)?.get_mut(house)
    }

    /// The calls with this id. There is one, unless two houses used the same.
    fn keys_of(&self, alert: AlertId) -> impl Iterator<Item = CallKey> {
        let houses = self.calls.get(&alert).into_iter().flat_map(SmallMap::keys);
        houses.map(move |house| (alert, house.clone()))
    }

    fn call_keys(&self) -> impl Iterator<Item = CallKey> {
        self.calls.iter().flat_map(|(alert, houses)| houses.keys().map(|house| (*alert, house.clone())))
    }
}
