//! The subscribers of a line, and the frames that a message is for each of them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use domain::{AlertId, House, Line, destination};

use super::{
    Queue, SharedFrame, Subscription,
    deliveries::Delivery,
    frames::{Frames, Message},
    guests::Listener,
    kinds::{Kind, Kinds},
    viewings::Viewer,
};
use crate::traces::Delivering;

/// The subscribers of a line.
#[derive(Default)]
pub(super) struct Audience {
    subscribers: BTreeMap<u64, Subscriber>,
    kinds: Kinds,
}

/// Which subscribers get a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To<'a> {
    /// Those of the line, and the guests that the call is for.
    Everybody,
    /// Those of one house of the line, for a drill of that house alone.
    House(&'a House),
    /// The guests that the message names.
    Guests,
}

/// The house that an event is from, and the delivery that its frames are a part of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Towards<'a> {
    /// The house that the event speaks for.
    pub(super) speaker: Option<&'a House>,
    /// `None` where the event is not traced.
    pub(super) delivering: Option<&'a Delivering>,
}

struct Subscriber {
    subscription: Arc<Subscription>,
    /// The line of a guest. It gets only the calls that were escalated to it.
    guest: Option<Line>,
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
        let is_speaker = self.guest.is_none() && self.subscription.house.as_ref() == house;
        self.subscription.house.is_some() && !is_speaker
    }

    /// Returns whether it gets a message by its queue.
    fn gets(&self, message: &Message, to: To<'_>) -> bool {
        let is_meant = match (to, &self.guest) {
            (To::House(house), None) => self.subscription.house.as_ref() == Some(house),
            (To::Everybody, None) => true,
            (To::Everybody | To::Guests, Some(line)) => message.guests.contains(line),
            (To::House(_), Some(_)) | (To::Guests, None) => false,
        };
        let is_listed = message.alert().is_some_and(|alert| self.listed.contains(&alert));
        is_meant && !is_listed && !self.gone
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
        let subscriber = Subscriber { subscription, guest: None, kind, queue, listed, gone: false };
        self.subscribers.insert(number, subscriber);
    }

    /// Adds a subscriber of the line `of`, whose snapshot has these calls of this line, unless it is here.
    pub(super) fn add_guest(
        &mut self,
        number: u64,
        of: &Line,
        listener: Listener,
        listed: VecDeque<AlertId>,
    ) {
        if self.has(number) {
            return;
        }
        let Listener { subscription, queue } = listener;
        let kind = self.kinds.add(&subscription);
        let guest = Some(of.clone());
        self.subscribers.insert(number, Subscriber { subscription, guest, kind, queue, listed, gone: false });
    }

    /// Returns whether a subscriber is here.
    pub(super) fn has(&self, number: u64) -> bool {
        self.subscribers.contains_key(&number)
    }

    /// Removes the guests of all other lines.
    pub(super) fn retain_guests(&mut self, lines: &BTreeSet<Line>) {
        let Self { subscribers, kinds } = self;
        subscribers.retain(|_, subscriber| {
            let stays = subscriber.guest.as_ref().is_none_or(|line| lines.contains(line));
            if !stays {
                kinds.remove(subscriber.kind);
            }
            stays
        });
    }

    pub(super) fn remove(&mut self, number: u64) {
        if let Some(subscriber) = self.subscribers.remove(&number) {
            self.kinds.remove(subscriber.kind);
        }
    }

    /// Takes the next call of a subscriber's snapshot, with the subscriber's line if it is a guest. From now on, news of
    /// the call come by the queue.
    pub(super) fn next_listed(&mut self, number: u64) -> Option<(AlertId, Option<&Line>)> {
        let subscriber = self.subscribers.get_mut(&number)?;
        Some((subscriber.listed.pop_front()?, subscriber.guest.as_ref()))
    }

    /// Returns the kind of a subscriber.
    pub(super) fn kind(&self, number: u64) -> Option<&Kind> {
        self.subscribers.get(&number).map(|subscriber| self.kinds.get(subscriber.kind))
    }

    /// Returns the house of a subscriber, if it is one of the line.
    pub(super) fn house(&self, number: u64) -> Option<&House> {
        self.subscribers.get(&number)?.subscription.house.as_ref()
    }

    /// Returns the person behind a subscriber.
    pub(super) fn viewer(&self, number: u64) -> Option<Arc<Viewer>> {
        self.subscribers.get(&number)?.subscription.viewer.clone()
    }

    /// Returns the people behind the subscribers that get a message by their queues.
    pub(super) fn viewers(&self, message: &Message, to: To<'_>) -> Vec<Arc<Viewer>> {
        let listening = self.subscribers.values().filter(|subscriber| subscriber.gets(message, to));
        listening.filter_map(|subscriber| subscriber.subscription.viewer.clone()).collect()
    }

    /// Encodes a message once for each kind of subscription, and returns it for those that it is for. A guest gets it
    /// at the destination of its own line.
    pub(super) fn deliveries(
        &self,
        destination: &str,
        message: &Message,
        Towards { speaker, delivering }: Towards<'_>,
        to: To<'_>,
    ) -> Vec<Delivery> {
        // A rebuild applies a million events before anybody listens.
        if self.subscribers.is_empty() {
            return Vec::new();
        }
        let destinations: Vec<(&Line, String)> =
            message.guests.iter().map(|line| (line, destination::of_line(line))).collect();
        let mut own = Shared::new(message, destination, self.kinds.len());
        let guests = destinations.iter();
        let mut guests: Vec<Shared<'_>> =
            guests.map(|(_, destination)| Shared::new(message, destination, self.kinds.len())).collect();
        let mut deliveries = Vec::new();
        for (number, subscriber) in &self.subscribers {
            if !subscriber.gets(message, to) {
                continue;
            }
            let place = |line: &Line| destinations.iter().position(|(guest, _)| *guest == line);
            let shared = match &subscriber.guest {
                None => Some(&mut own),
                Some(line) => match place(line) {
                    Some(place) => guests.get_mut(place),
                    None => None,
                },
            };
            let Some(shared) = shared else { continue };
            let kind = subscriber.kind;
            deliveries.push(Delivery {
                queue: subscriber.queue.clone(),
                frame: shared.frame(kind, self.kinds.get(kind)).clone(),
                number: *number,
                is_neighbours: subscriber.is_neighbour_of(speaker),
                delivering: delivering.cloned(),
            });
        }
        let encoded = own.encoded + guests.iter().map(|shared| shared.encoded).sum::<u64>();
        metrics::counter!("iutsai_frames_encoded_total").increment(encoded);
        deliveries
    }

    /// Pushes nothing more to these subscribers, whose queues take no more frames.
    pub(super) fn leave(&mut self, gone: &[u64]) {
        for number in gone {
            if let Some(subscriber) = self.subscribers.get_mut(number) {
                subscriber.leave();
            }
        }
    }
}

/// The frames of a message at one destination, each made when the first subscriber of its kind gets it.
struct Shared<'a> {
    encoder: Frames<'a>,
    frames: Vec<Option<SharedFrame>>,
    encoded: u64,
}

impl<'a> Shared<'a> {
    fn new(message: &'a Message, destination: &'a str, kinds: usize) -> Self {
        Self { encoder: Frames::new(message, destination), frames: vec![None; kinds], encoded: 0 }
    }

    /// Returns the frame for the kind with this number.
    fn frame(&mut self, number: usize, kind: &Kind) -> &SharedFrame {
        let Self { encoder, frames, encoded } = self;
        frames[number].get_or_insert_with(|| {
            *encoded += 1;
            encoder.encode(kind)
        })
    }
}
