//! Which words belong to which call. An answer that names its call belongs to it where line and actor fit; an
//! accept of the original service names none and belongs to the newest call of its target that is not newer
//! than itself, by the records' timestamps.

use std::ops::Bound;

use super::{Answer, CallKey, LineIncidents};
use crate::{
    collections::{BTreeMap, BTreeSet, SmallSet, sort_by},
    event::{AlertId, EventId, Millis},
    fold::statement::{Key, StatementKind},
    people::House,
};

/// The version of a UUID (v8) that `record` makes up for a record of the original service.
const MADE_UP: usize = 8;

/// Finds what belongs together without looking at everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    by_alert: BTreeMap<AlertId, SmallSet<Key>>,
    /// Accepts that name no call, by their target, in the order of the records' timestamps.
    nameless: BTreeMap<House, BTreeMap<Millis, BTreeSet<Key>>>,
    /// The calls of a house, in the order of the records' timestamps. Drills are left out, because the original service
    /// knows none.
    calls: BTreeMap<House, BTreeSet<(Millis, AlertId)>>,
}

impl Index {
    pub(super) fn insert(&mut self, key: &Key, accepted: Millis) {
        match (key.alert, &key.target) {
            (Some(alert), _) => {
                self.by_alert.entry(alert).or_default().insert(key.clone());
            }
            (None, Some(target)) => {
                let accepts = self.nameless.entry(target.clone()).or_default();
                accepts.entry(accepted).or_default().insert(key.clone());
            }
            (None, None) => {}
        }
    }

    pub(super) fn forget(&mut self, key: &Key, accepted: Millis) {
        if let Some(keys) = key.alert.and_then(|alert| self.by_alert.get_mut(&alert)) {
            keys.remove(key);
        }
        let accepts = key.target.as_ref().and_then(|target| self.nameless.get_mut(target));
        if let Some(keys) = accepts.and_then(|accepts| accepts.get_mut(&accepted)) {
            keys.remove(key);
        }
    }

    /// Gives a call its place among those of its house, or removes it from the one it had. Returns the call right
    /// before each place, from which nameless accepts are moved, or to which they return.
    pub(super) fn place(
        &mut self,
        (alert, house): &CallKey,
        from: Option<Millis>,
        to: Option<Millis>,
    ) -> Vec<CallKey> {
        if from == to {
            return Vec::new();
        }
        let calls = self.calls.entry(house.clone()).or_default();
        if let Some(from) = from {
            calls.remove(&(from, *alert));
        }
        let places = from.into_iter().chain(to).map(|began| (began, *alert));
        let before = places.filter_map(|place| calls.range(..place).next_back());
        let before = before.map(|(_, id)| (*id, house.clone())).collect();
        calls.extend(to.map(|began| (began, *alert)));
        before
    }

    /// Drops the places where nothing is left.
    pub(super) fn tidy(&mut self) {
        self.by_alert.retain(|_, keys| !keys.is_empty());
        self.nameless.retain(|_, accepts| {
            accepts.retain(|_, keys| !keys.is_empty());
            !accepts.is_empty()
        });
        self.calls.retain(|_, calls| !calls.is_empty());
    }

    /// The newest call of `target` not newer than `accepted`.
    fn newest(&self, target: &House, accepted: Millis) -> Option<AlertId> {
        let last = (accepted, AlertId(uuid::Uuid::max()));
        self.calls.get(target)?.range(..=last).next_back().map(|(_, id)| *id)
    }

    /// Answers that name this call.
    pub(super) fn naming(&self, alert: AlertId) -> impl Iterator<Item = &Key> {
        self.by_alert.get(&alert).into_iter().flatten()
    }

    /// Answers that name this call, and the accepts that name none from its beginning until the house's next.
    fn keys_of(&self, (alert, house): &CallKey, began: Option<Millis>) -> Vec<&Key> {
        let mut keys: Vec<&Key> = self.naming(*alert).collect();
        if let Some((began, accepts)) = began.zip(self.nameless.get(house)) {
            let next = self.calls.get(house).and_then(|calls| {
                let mut later = calls.range((Bound::Excluded((began, *alert)), Bound::Unbounded));
                later.next().map(|(began, _)| *began)
            });
            let until = next.map_or(Bound::Unbounded, Bound::Excluded);
            for (_, nameless) in accepts.range((Bound::Included(began), until)) {
                keys.extend(nameless);
            }
        }
        keys
    }
}

impl LineIncidents {
    /// The calls an answer is about, of those that are known and fit. It has one at most if it names the house that
    /// called. A status of a former version names only an id, so it counts for each call of that id whose actor fits.
    pub(super) fn calls_of(&self, key: &Key) -> Vec<CallKey> {
        let Some(answer) = self.answers.get(key) else { return Vec::new() };
        match (key.alert, &key.target) {
            (Some(alert), _) => {
                let houses = self.calls.get(&alert).into_iter().flatten();
                let fitting = houses.filter(|(_, call)| answer.statement.fits(&call.alert));
                fitting.map(|(house, _)| (alert, house.clone())).collect()
            }
            (None, Some(target)) => {
                let newest = self.index.newest(target, answer.accepted());
                let call = newest.map(|alert| (alert, target.clone()));
                call.filter(|call| self.call(call).is_some_and(|call| answer.statement.fits(&call.alert)))
                    .into_iter()
                    .collect()
            }
            (None, None) => Vec::new(),
        }
    }

    /// Returns the answers to a call, in no order that means anything. They are a list, because the browser's part would
    /// have an iterator's code once more for each use.
    pub(super) fn answers_of(&self, key: &CallKey) -> Vec<(&Key, &Answer)> {
        let Some(call) = self.call(key) else { return Vec::new() };
        let mut answers = Vec::new();
        for key in self.index.keys_of(key, call.began()) {
            let answer = self.answers.get_key_value(key);
            answers.extend(answer.filter(|(_, answer)| answer.statement.fits(&call.alert)));
        }
        answers
    }

    /// Returns the answers with this id. There is one, unless an id was used twice.
    pub(super) fn with_id(&self, id: EventId) -> impl Iterator<Item = (&Key, &Answer)> {
        self.answers.range(Key::least(id)..).take_while(move |(key, _)| key.id == id)
    }

    /// Returns the answers to a call, in the order of (time, id).
    pub(super) fn sorted_answers_of(&self, call: &CallKey) -> Vec<(&Key, &Answer)> {
        let mut answers = self.answers_of(call);
        sort_by(&mut answers, |(a, one), (b, other)| (one.statement.at(), a).cmp(&(other.statement.at(), b)));
        answers
    }

    /// Returns the same record of the original service under other calls. Servers decide to which call it belongs, and
    /// their last decision holds.
    pub(super) fn made_up_elsewhere(&self, key: &Key) -> Vec<Key> {
        if key.kind != StatementKind::Accept || key.id.0.get_version_num() != MADE_UP {
            return Vec::new();
        }
        let same = |other: &&Key| other.by == key.by && other.line == key.line;
        let others = self.with_id(key.id).map(|(other, _)| other).filter(same);
        others.filter(|other| other.kind == StatementKind::Accept && *other != key).cloned().collect()
    }
}
