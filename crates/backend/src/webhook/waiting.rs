//! The messages that this process is sending, or waits to send. Their number is bounded. A message without a
//! place stays in the hub and is taken from there when there is room.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use uuid::Uuid;

/// The messages, each with the time until which it is worth sending. Clones are the same.
#[derive(Clone)]
pub(super) struct Waiting {
    most: usize,
    messages: Arc<Mutex<HashMap<Uuid, Instant>>>,
}

/// The result of looking for a place.
pub(super) enum Place {
    /// It has one.
    Ours(Ticket),
    /// It has had one before.
    Known,
    /// There is none.
    Full,
}

/// A place, which is free again when this is dropped.
pub(super) struct Ticket {
    waiting: Waiting,
    id: Uuid,
}

impl Waiting {
    /// Makes so many places.
    pub(super) fn new(most: usize) -> Self {
        Self { most, messages: Arc::default() }
    }

    /// Takes a place for a message.
    pub(super) fn enter(&self, id: Uuid, until: Instant) -> Place {
        let mut messages = self.lock();
        if messages.contains_key(&id) {
            return Place::Known;
        }
        if messages.len() >= self.most {
            return Place::Full;
        }
        messages.insert(id, until);
        Place::Ours(Ticket { waiting: self.clone(), id })
    }

    /// Returns whether half of the places are free, so that it is worth looking for what had none.
    pub(super) fn has_room(&self) -> bool {
        self.lock().len() <= self.most / 2
    }

    /// Returns the number of messages and the age of the oldest, if each is worth sending for `worth`.
    pub(super) fn state(&self, now: Instant, worth: Duration) -> (usize, Duration) {
        let messages = self.lock();
        let left = messages.values().min().map(|until| until.saturating_duration_since(now));
        (messages.len(), left.map_or(Duration::ZERO, |left| worth.saturating_sub(left)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Instant>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.waiting.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_few_and_free_again_and_each_message_has_one() {
        let (waiting, worth) = (Waiting::new(2), Duration::from_secs(600));
        let now = Instant::now();
        let [one, two, three] = [1, 2, 3].map(Uuid::from_u128);
        let Place::Ours(first) = waiting.enter(one, now + Duration::from_secs(590)) else {
            panic!("it is free")
        };
        assert!(matches!(waiting.enter(one, now + worth), Place::Known));
        assert!(waiting.has_room());
        let second = waiting.enter(two, now + worth);
        assert!(matches!(second, Place::Ours(_)));
        assert!(matches!(waiting.enter(three, now + worth), Place::Full));
        assert!(!waiting.has_room());
        assert_eq!(waiting.state(now, worth), (2, Duration::from_secs(10)));
        drop(first);
        assert_eq!(waiting.state(now, worth), (1, Duration::ZERO));
        assert!(matches!(waiting.enter(three, now + worth), Place::Ours(_)));
    }
}
