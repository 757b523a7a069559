//! The subscribers of a line, and the pushing of frames to them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use domain::{AlertId, House};

use super::{
    Push, Queue, Subscription,
    frames::{Frames, Message},
    kinds::Kinds,
};

/// The subscribers of a line.
#[derive(Default)]
pub(super) struct Audience {
    subscribers: BTreeMap<u64, Subscriber>,
    kinds: Kinds,
}

struct Subscriber {
    subscription: Arc<Subscription>,
    /// The number of its kind.
    kind: usize,
    queue: Queue,
    /// The calls that its snapshot has yet to send. News of them come with the snapshot and not by the queue.
    listed: VecDeque<AlertId>,
    /// The queue takes no more frames; the handle still counts the subscriber until the socket is closed.
    gone: bool,
}

impl Subscriber {
    /// Returns whether it belongs to a house other than this one.
    fn is_neighbour_of(&self, house: Option<&House>) -> bool {
        self.subscription.house.is_some() && self.subscription.house.as_ref() != house
    }

    fn leave(&mut self) {
        self.queue = super::queue(1).0;
        self.listed = VecDeque::new();
        self.gone = true;
    }
}

impl Audience {
    /// Adds a subscriber whose snapshot has these calls.
    pub(super) fn add(
        &mut self,
        number: u64,
        subscription: Arc<Subscription>,
        queue: Queue,
        listed: VecDeque<AlertId>,
    ) {
        let kind = self.kinds.add(&subscription);
        self.subscribers.insert(number, Subscriber { subscription, kind, queue, listed, gone: false });
    }

    pub(super) fn remove(&mut self, number: u64) {
        if let Some(subscriber) = self.subscribers.remove(&number) {
            self.kinds.remove(subscriber.kind);
        }
    }

    /// Takes the next call of a subscriber's snapshot. From now on, news of it come by the queue.
    pub(super) fn next_listed(&mut self, number: u64) -> Option<AlertId> {
        self.subscribers.get_mut(&number)?.listed.pop_front()
    }

    /// Returns the house of a subscriber, if it is one of the line.
    pub(super) fn house(&self, number: u64) -> Option<&House> {
        self.subscribers.get(&number)?.subscription.house.as_ref()
    }

    /// Encodes a message once for each kind of subscription and hands it to all of them, or to those of the house
    /// `only`. Returns whether a house other than `speaker` has it in a queue.
    pub(super) fn push(
        &mut self,
        destination: &str,
        message: &Message,
        only: Option<&House>,
        speaker: Option<&House>,
    ) -> bool {
        let about = message.alert();
        let mut encoder = Frames::new(message, destination);
        let mut frames: Vec<Option<Bytes>> = vec![None; self.kinds.len()];
        let (mut encoded, mut pushed, mut is_delivered) = (0, 0, false);
        for subscriber in self.subscribers.values_mut() {
            if subscriber.gone || about.is_some_and(|alert| subscriber.listed.contains(&alert)) {
                continue;
            }
            if only.is_some() && subscriber.subscription.house.as_ref() != only {
                continue;
            }
            let kind = subscriber.kind;
            let frame = frames[kind].get_or_insert_with(|| {
                encoded += 1;
                encoder.encode(self.kinds.get(kind))
            });
            if subscriber.queue.push(frame) {
                pushed += 1;
                is_delivered = is_delivered || subscriber.is_neighbour_of(speaker);
            } else {
                subscriber.leave();
            }
        }
        metrics::counter!("iutsai_frames_encoded_total").increment(encoded);
        metrics::counter!("iutsai_frames_pushed_total").increment(pushed);
        is_delivered
    }
}
