//! One line of the hub: the fold, who listens, and which message told of which call.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{
    Actor, Alert, AlertId, CallKey, Change, Event, House, Incident, Line, LineIncidents, Millis, Seen,
    body::Body, destination, message_id, topic,
};
use uuid::Uuid;

use super::{
    Arrival, Freshness, Push, Queue, Subscription,
    changes::Changes,
    frames::{Message, Received},
    locations::{is_of_ended_call, without_coordinates},
};

/// A snapshot holds so many calls at most.
const SNAPSHOT_LIMIT: usize = 200;
/// With `replay:24h`, the snapshot has the calls that ended this many milliseconds ago or later.
const REPLAY_FOR: Millis = 24 * 60 * 60 * 1000;

pub(super) struct Room {
    listeners: Changes,
    pub(super) incidents: LineIncidents,
    subscribers: BTreeMap<u64, Subscriber>,
    /// Where the log has an event, as a `message-id`, with the event's time.
    message_ids: HashMap<Name, (String, Millis)>,
    /// The same for alerts, the other way round.
    alerts: HashMap<String, CallKey>,
    /// When the calls were received: each id with the houses that used it, one unless two houses used the same.
    received: HashMap<AlertId, Vec<(House, Received)>>,
    /// Events past the log that were pushed to a socket of another house than the one they speak for.
    pushed: HashMap<Name, Millis>,
}

/// The topic and the id that name an event's record.
pub(super) type Name = (&'static str, Uuid);

/// How the event behind a change arrived.
#[derive(Clone, Copy, Default)]
struct How {
    replay: bool,
    late: bool,
    taken_here: bool,
}

impl How {
    fn freshness(self) -> Freshness {
        match self {
            Self { replay: true, .. } => Freshness::Replayed,
            Self { late: true, .. } => Freshness::Late,
            _ => Freshness::Live,
        }
    }
}

struct Subscriber {
    subscription: Arc<Subscription>,
    queue: Queue,
    /// The calls that its snapshot has yet to send. News of them come with the snapshot and not by the queue.
    listed: VecDeque<AlertId>,
    /// The queue takes no more frames; the handle still counts the subscriber until the socket is closed.
    gone: bool,
}

/// The extent of a subscriber's snapshot of one line.
pub(super) struct Listing {
    /// How many calls it has.
    pub(super) calls: usize,
    /// There are more calls than a snapshot holds.
    pub(super) truncated: bool,
}

impl Subscriber {
    fn is_of_another_than(&self, house: Option<&House>) -> bool {
        !self.gone && (house.is_none() || self.subscription.house.as_ref() != house)
    }
}

impl Room {
    pub(super) fn new(line: Line, partitions: i32, listeners: Changes) -> Self {
        Self {
            listeners,
            incidents: LineIncidents::new(line, partitions),
            subscribers: BTreeMap::new(),
            message_ids: HashMap::new(),
            alerts: HashMap::new(),
            received: HashMap::new(),
            pushed: HashMap::new(),
        }
    }

    /// Whether anything was new.
    pub(super) fn apply(&mut self, arrival: Arrival) -> bool {
        let Arrival { event, seen, message_id, age, late, replay, taken_here } = arrival;
        if let Some(id) = message_id {
            self.note(&event, id);
        }
        if let Event::Alert(alert) = &event {
            let houses = self.received.entry(alert.id).or_default();
            if !houses.iter().any(|(house, _)| *house == alert.house) {
                houses.push((alert.house.clone(), Received { known_since: Instant::now(), age }));
            }
        }
        let direct = (seen == Seen::Direct).then(|| name(&event).zip(event.at())).flatten();
        let house = speaker(&event);
        let changes = self.incidents.apply(event, seen);
        let news = !changes.is_empty();
        self.publish(changes, How { replay, late, taken_here });
        if let Some((name, at)) = direct.filter(|_| news)
            && self.subscribers.values().any(|subscriber| subscriber.is_of_another_than(house.as_ref()))
        {
            self.pushed.insert(name, at);
        }
        news
    }

    /// Tells if the event `name` was delivered without the log and pushed to a socket of another house.
    pub(super) fn was_pushed(&self, name: Name) -> bool {
        self.pushed.contains_key(&name)
    }

    /// The accepts' topic has this many partitions: it may settle anew whose accept was first.
    pub(super) fn set_partitions(&mut self, partitions: i32) {
        let changes = self.incidents.set_partitions(partitions);
        self.publish(changes, How::default());
    }

    fn publish(&mut self, changes: Vec<Change>, how: How) {
        let How { replay, late, taken_here } = how;
        for change in changes {
            self.listeners.publish(self.incidents.line(), &change, how.freshness(), taken_here);
            let message = match change {
                Change::Event { event, .. } if is_of_ended_call(&self.incidents, &event) => continue,
                Change::Event { event, first } => {
                    let (message_id, received) = (self.message_id(&event), self.received(&event));
                    Message { body: Body::Event { event, first }, message_id, replay, late, received }
                }
                Change::First { alert, accept } => {
                    let (line, target) = (accept.line, Some(accept.target));
                    let body = Body::First { line, alert, target, accept: accept.accept, id: accept.id };
                    let (message_id, received) = (message_id::direct("first", Uuid::now_v7()), None);
                    Message { body, message_id, replay, late, received }
                }
            };
            self.push(&message);
        }
    }

    /// The first id an event gets stays: a client may acknowledge it any time.
    fn note(&mut self, event: &Event, message_id: String) {
        let Some((key, at)) = name(event).zip(event.at()) else { return };
        if let Event::Alert(alert) = event {
            self.alerts.insert(message_id.clone(), alert.key());
        }
        self.message_ids.entry(key).or_insert((message_id, at));
    }

    fn message_id(&self, event: &Event) -> String {
        match name(event) {
            Some(key) => match self.message_ids.get(&key) {
                Some((id, _)) => id.clone(),
                None => message_id::direct(key.0, key.1),
            },
            None => message_id::direct(event.topic(), Uuid::now_v7()),
        }
    }

    /// Returns when the call that an event is about was received; nothing where two houses used its id and the event does not
    /// say which.
    fn received(&self, event: &Event) -> Option<Received> {
        let houses = self.received.get(&event.alert()?)?;
        match (event.target(), houses.as_slice()) {
            (Some(house), _) => {
                houses.iter().find(|(other, _)| other == house).map(|(_, received)| *received)
            }
            (None, [(_, received)]) => Some(*received),
            (None, _) => None,
        }
    }

    /// Returns the calls that nobody has ended and that were received at least `age` ago.
    pub(super) fn unended(&self, age: Duration) -> Vec<Alert> {
        let is_old = |alert: &Alert| {
            let houses = self.received.get(&alert.id).into_iter().flatten();
            houses.filter(|(house, _)| *house == alert.house).any(|(_, received)| received.ago() >= age)
        };
        let unended = self.incidents.incidents().into_iter().filter(|incident| incident.end.is_none());
        unended.map(|incident| incident.alert).filter(is_old).collect()
    }

    /// Returns the call that a message told of. One past the log names an id only, so nothing if two houses used it.
    pub(super) fn acknowledged(&self, message_id: &str) -> Option<CallKey> {
        let direct = || match &self.incidents.named(message_id::direct_alert(message_id)?)[..] {
            [call] => Some(call.alert.key()),
            _ => None,
        };
        self.alerts.get(message_id).cloned().or_else(direct)
    }

    /// Encodes a message once for each kind of subscription and hands it to all of them.
    fn push(&mut self, message: &Message) {
        let destination = destination::of_line(self.incidents.line());
        let about = message.alert();
        // Few kinds, and long runs of one: a list is quicker than a hash for each subscriber.
        let mut frames: Vec<(&Subscription, Bytes)> = Vec::new();
        let (mut pushed, mut gone) = (0, Vec::new());
        for (number, subscriber) in &self.subscribers {
            if subscriber.gone || about.is_some_and(|alert| subscriber.listed.contains(&alert)) {
                continue;
            }
            let subscription = subscriber.subscription.as_ref();
            let known = frames.iter().position(|(other, _)| other.has_frames_of(subscription));
            let place = known.unwrap_or_else(|| {
                frames.push((subscription, message.encode(&destination, subscription)));
                frames.len() - 1
            });
            if subscriber.queue.push(&frames[place].1) {
                pushed += 1;
            } else {
                gone.push(*number);
            }
        }
        metrics::counter!("iutsai_frames_encoded_total").increment(frames.len() as u64);
        metrics::counter!("iutsai_frames_pushed_total").increment(pushed);
        drop(frames);
        for number in gone {
            if let Some(subscriber) = self.subscribers.get_mut(&number) {
                subscriber.queue = super::queue(1).0;
                subscriber.listed = VecDeque::new();
                subscriber.gone = true;
            }
        }
    }

    /// Adds a subscriber, and lists the calls of its snapshot: [`Room::next_listed`] returns them one by one.
    pub(super) fn subscribe(
        &mut self,
        number: u64,
        subscription: Arc<Subscription>,
        queue: Queue,
        now: Millis,
    ) -> Listing {
        let (listed, truncated) = self.list(&subscription, now);
        let listing = Listing { calls: listed.len(), truncated };
        self.subscribers.insert(number, Subscriber { subscription, queue, listed, gone: false });
        listing
    }

    /// Takes the next call of a subscriber's snapshot and returns it as messages, with the line; `None` after the last.
    pub(super) fn next_listed(&mut self, number: u64, now: Millis) -> Option<(Line, Vec<Message>)> {
        loop {
            let alert = self.subscribers.get_mut(&number)?.listed.pop_front()?;
            // Two houses may have used one id. A call that was forgotten meanwhile has no message any more.
            let named = self.incidents.named(alert).into_iter();
            let told = named.map(|call| if call.is_open(now) { call } else { without_coordinates(call) });
            let messages: Vec<_> = told.flat_map(|call| self.messages(&call)).collect();
            if !messages.is_empty() {
                return Some((self.incidents.line().clone(), messages));
            }
        }
    }

    pub(super) fn remove(&mut self, number: u64) {
        self.subscribers.remove(&number);
    }

    /// Returns the calls of a snapshot, the oldest first, and whether there are more.
    fn list(&self, subscription: &Subscription, now: Millis) -> (VecDeque<AlertId>, bool) {
        // Without a replay, calls of before need not be looked at.
        let known =
            if subscription.replay_ended { self.incidents.incidents() } else { self.incidents.open(now) };
        let (mut open, ended): (Vec<_>, Vec<_>) =
            known.into_iter().partition(|incident| incident.is_open(now));
        let mut truncated = open.len() > SNAPSHOT_LIMIT;
        open.drain(..open.len().saturating_sub(SNAPSHOT_LIMIT));
        let mut listed = Vec::new();
        if subscription.replay_ended {
            let recent = |incident: &Incident| {
                let end =
                    incident.end.as_ref().map_or(incident.alert.at + domain::event::OPEN_FOR, |end| end.at);
                end > now - REPLAY_FOR
            };
            let mut ended: Vec<_> = ended.into_iter().filter(recent).collect();
            let room = SNAPSHOT_LIMIT - open.len();
            truncated |= ended.len() > room;
            ended.drain(..ended.len().saturating_sub(room));
            listed.extend(ended);
        }
        listed.extend(open);
        let mut ids = BTreeSet::new();
        let listed = listed.iter().map(|incident| incident.alert.id).filter(|id| ids.insert(*id));
        (listed.collect(), truncated)
    }

    /// Returns a call as messages in live form: the alert, the words that its incident rests on, where the caller is, and
    /// whom it reached.
    fn messages(&self, incident: &Incident) -> Vec<Message> {
        let alert = &incident.alert;
        let mut events = vec![(Event::Alert(alert.clone()), None)];
        events.extend(self.incidents.outline(alert));
        if incident.location.is_some() {
            events.extend(self.incidents.moved(alert).cloned().map(|moved| (Event::Moved(moved), None)));
        }
        let receipt = self.incidents.merged_receipt(alert);
        events.extend(receipt.map(|receipt| (Event::Receipt(receipt), None)));
        let message = |(event, first)| {
            let (message_id, received) = (self.message_id(&event), self.received(&event));
            Message { body: Body::Event { event, first }, message_id, replay: true, late: false, received }
        };
        events.into_iter().map(message).collect()
    }

    pub(super) fn forget(&mut self, before: Millis) {
        self.incidents.forget(before);
        let incidents = &self.incidents;
        self.received.retain(|alert, _| !incidents.named(*alert).is_empty());
        self.message_ids.retain(|_, (_, at)| *at >= before);
        self.pushed.retain(|_, at| *at >= before);
        self.alerts.retain(|_, alert| {
            self.message_ids.contains_key(&(topic::ALERT, alert.id.0))
                || self.message_ids.contains_key(&(topic::DRILL, alert.id.0))
        });
    }
}

/// The house that an event speaks for, if it is one of the line.
fn speaker(event: &Event) -> Option<House> {
    match event {
        Event::Alert(alert) => Some(alert.house.clone()),
        Event::Accept(accept) => accept.accept_line.is_none().then(|| accept.accept.clone()),
        Event::Status(status) => match &status.by {
            Actor::House(house) => status.by_line.is_none().then(|| house.clone()),
            Actor::Administrator | Actor::Service => None,
        },
        Event::Moved(_) | Event::Receipt(_) => None,
    }
}

/// The name of an event's record; `None` for an event without an id.
pub(super) fn name(event: &Event) -> Option<Name> {
    event.id().map(|id| (event.topic(), id))
}
