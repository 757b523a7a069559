//! The answers of a line by their names. Those of one id are together, because ids differ nearly always, and a tree whose
//! keys are short is searched in a fraction of the time.

use super::known::Answer;
use crate::{
    collections::{BTreeMap, SmallMap},
    event::{AlertId, EventId},
    fold::statement::Key,
};

/// The answers of a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(BTreeMap<EventId, SmallMap<Key, Answer>>);

impl Answers {
    pub(super) fn get(&self, key: &Key) -> Option<&Answer> {
        self.0.get(&key.id)?.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &Key) -> Option<&mut Answer> {
        self.0.get_mut(&key.id)?.get_mut(key)
    }

    /// Returns an answer with its name as it is kept.
    pub(super) fn get_key_value(&self, key: &Key) -> Option<(&Key, &Answer)> {
        self.0.get(&key.id)?.get_key_value(key)
    }

    /// Returns an answer, which is `new` if there was none.
    pub(super) fn get_or_insert_with(&mut self, key: &Key, new: impl FnOnce() -> Answer) -> &mut Answer {
        self.0.entry(key.id).or_default().entry(key.clone()).or_insert_with(new)
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Answer> {
        let of_id = self.0.get_mut(&key.id)?;
        let answer = of_id.remove(key);
        if of_id.is_empty() {
            self.0.remove(&key.id);
        }
        answer
    }

    /// The answers with this id. There is one, unless an id was used twice.
    pub(super) fn with_id(&self, id: EventId) -> impl Iterator<Item = (&Key, &Answer)> {
        self.0.get(&id).into_iter().flatten()
    }

    /// The answers with this id that name this call.
    pub(super) fn naming(&self, id: EventId, alert: AlertId) -> impl Iterator<Item = (&Key, &Answer)> {
        self.with_id(id).filter(move |(key, _)| key.alert == Some(alert))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.values().flat_map(SmallMap::keys)
    }
}
