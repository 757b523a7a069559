//! The calls of a line, as the fold and the indexes that find its events again.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use domain::{
    Actor, Alert, AlertId, CallKey, Change, Event, House, Incident, Line, LineIncidents, Millis, Progress,
    Source, event::LATE_AFTER, message_id, topic,
};
use uuid::Uuid;

use super::{
    Arrival,
    frames::{Message, News, Received},
    index::{Entry, Index},
    locations::is_withheld,
    shown::Shows,
};

/// The calls of a line. Its lock is held for one event or one lookup, never while frames are encoded or pushed.
pub(super) struct LineCalls {
    pub(super) incidents: LineIncidents,
    pub(super) index: Index,
    /// Where the log has an event, as a `message-id`, with the event's time.
    message_ids: HashMap<Name, (String, Millis)>,
    /// The calls by the messages of their alerts.
    alerts: HashMap<String, CallKey>,
    /// The houses of the drills that they make alone.
    pub(super) alone: HashMap<AlertId, House>,
    /// Events past the log that were pushed to a socket of another house than the one they speak for.
    pushed: HashMap<Name, Millis>,
    /// When the words were received that stop or start the clock of an escalation, with their own times.
    words: HashMap<Name, (Received, Millis)>,
    /// The frames of snapshots since the last change of anything above.
    pub(super) shows: Shows,
}

/// The topic and the id that name an event's record.
pub(super) type Name = (&'static str, Uuid);

/// The effect of an event.
pub(super) struct Applied {
    /// In the order in which listeners get it.
    pub(super) news: Vec<News>,
    /// The house that the event speaks for.
    pub(super) speaker: Option<House>,
    /// The mark that is made when a socket of another house gets it.
    pub(super) trace: Trace,
    /// The calls that are for more lines than before.
    pub(super) opened: Vec<Opened>,
}

/// A call that other lines get from now on.
pub(super) struct Opened {
    pub(super) id: AlertId,
    pub(super) house: House,
    pub(super) lines: BTreeSet<Line>,
}

/// A mark about an event that a socket of another house gets.
pub(super) struct Trace {
    /// The event's name and time, if it was delivered without the log.
    direct: Option<(Name, Millis)>,
    /// The call, if the event is an alert that is new.
    call: Option<(AlertId, House)>,
}

impl LineCalls {
    pub(super) fn new(line: Line, partitions: i32) -> Self {
        Self {
            incidents: LineIncidents::new(line, partitions),
            index: Index::default(),
            message_ids: HashMap::new(),
            alerts: HashMap::new(),
            alone: HashMap::new(),
            pushed: HashMap::new(),
            words: HashMap::new(),
            shows: Shows::default(),
        }
    }

    /// Applies an event to the fold.
    pub(super) fn apply(&mut self, arrival: Arrival) -> Applied {
        let Arrival { event, source, message_id, age, late, replay, .. } = arrival;
        self.shows.clear();
        if let Some(id) = message_id {
            self.record_id(&event, id);
        }
        let direct = (source == Source::Direct).then(|| name(&event).zip(event.at())).flatten();
        let (speaker, alert) = (speaker(&event), call_of(&event));
        if let Some(name) = clock_word(&event) {
            let received = Received { known_since: Instant::now(), age };
            self.words.entry(name).or_insert((received, event.at().unwrap_or_default()));
        }
        let may_end = matches!(event, Event::Alert(_) | Event::Status(_)).then(|| event.alert()).flatten();
        let changes = self.incidents.apply(event, source);
        if let Some((id, house)) = &alert
            && let Some(call) = self.call(*id, house)
        {
            self.index.insert(*id, house, call.alert.at, age);
            if call.alert.alone {
                self.alone.insert(*id, house.clone());
            } else if self.alone.get(id) == Some(house) {
                self.alone.remove(id);
            }
        }
        let mut opened = Vec::new();
        if let Some(id) = may_end {
            for call in self.incidents.named(id) {
                let house = call.alert.house.clone();
                self.index.set_ended(id, &house, call.end.as_ref().map(|end| end.at));
                let lines = self.index.set_guests(id, &house, &call);
                if !lines.is_empty() {
                    opened.push(Opened { id, house, lines });
                }
            }
        }
        let trace = Trace { direct, call: alert.filter(|_| !late && !replay) };
        Applied { news: self.news(changes, &opened), speaker, trace, opened }
    }

    /// Sets the number of partitions of the accepts' topic, which may settle anew whose accept was first.
    pub(super) fn set_partitions(&mut self, partitions: i32) -> Vec<News> {
        self.shows.clear();
        let changes = self.incidents.set_partitions(partitions);
        self.news(changes, &[])
    }

    /// Notes that a socket of another house has the event of this trace.
    pub(super) fn record_delivery(&mut self, trace: Trace) {
        if let Some((name, at)) = trace.direct {
            self.pushed.insert(name, at);
        }
        if let Some((id, house)) = trace.call {
            self.index.mark_delivered(id, &house);
        }
    }

    /// Drops where the people of a flat were who called by this id, or went to help.
    pub(super) fn forget_location(&mut self, CallKey { line, house, id }: &CallKey) {
        self.shows.clear();
        self.incidents.forget_location(*id, line, house);
    }

    /// Returns whether the event `name` was delivered without the log and pushed to a socket of another house.
    pub(super) fn was_pushed(&self, name: Name) -> bool {
        self.pushed.contains_key(&name)
    }

    /// Returns the house's call of this id.
    pub(super) fn call(&self, id: AlertId, house: &House) -> Option<Incident> {
        self.incidents.named(id).into_iter().find(|incident| incident.alert.house == *house)
    }

    /// Returns the newest call of a house that is open at `now` and that neighbours have.
    pub(super) fn newest_open_of(&self, house: &House, now: Millis) -> Option<Incident> {
        let mut open = self.index.newest_first(house).filter(|(began, _, entry)| entry.is_open(*began, now));
        open.find_map(|(_, id, _)| self.call(id, house).filter(|call| !call.alert.alone))
    }

    /// Returns an open call of the alert's house and kind that is younger than ten minutes and that somebody heard. It
    /// was pushed to a socket of another house, or a house has acknowledged it.
    pub(super) fn standing(&self, alert: &Alert, now: Millis) -> Option<AlertId> {
        let limit = Duration::from_millis(LATE_AFTER.unsigned_abs());
        let mut young = self
            .index
            .newest_first(&alert.house)
            .filter(|(began, _, entry)| entry.received.ago() < limit && entry.is_open(*began, now));
        young.find_map(|(_, id, entry)| {
            let call = self.call(id, &alert.house)?;
            let of = |alert: &Alert| (alert.kind, alert.drill, alert.alone);
            let is_alike = of(&call.alert) == of(alert);
            let is_delivered = entry.is_delivered || !call.reached.is_empty();
            (is_alike && is_delivered).then_some(id)
        })
    }

    /// Returns the calls that nobody has ended and that were received at least `age` ago.
    pub(super) fn unended(&self, age: Duration) -> Vec<Alert> {
        let old = self.index.older_than(age).filter_map(|(id, house)| self.call(id, house));
        old.filter(|incident| incident.end.is_none()).map(|incident| incident.alert).collect()
    }

    /// Returns the calls of the line that nobody has ended and that were received less than `age` ago, with how long ago
    /// that was.
    pub(super) fn young(&self, age: Duration) -> Vec<(Alert, Duration)> {
        let young = self.index.younger_than(age);
        let young = young.filter_map(|(id, house, ago)| Some((self.call(id, house)?, ago)));
        let young = young.filter(|(call, _)| call.end.is_none() && !call.alert.alone);
        young.map(|(call, ago)| (call.alert, ago)).collect()
    }

    /// Returns the calls that ended at `at` or later.
    pub(super) fn ended_since(&self, at: Millis) -> Vec<Incident> {
        let ended = self.index.ended_since(at).filter_map(|(id, house)| self.call(id, house));
        ended.filter(|call| !call.alert.alone).collect()
    }

    /// Returns how long ago a call was received.
    pub(super) fn age(&self, id: AlertId, house: &House) -> Option<Duration> {
        self.index.received(id, Some(house)).map(|received| received.ago())
    }

    /// Returns the calls of the line that nobody has ended and that were received less than `age` ago.
    pub(super) fn unended_keys(&self, age: Duration) -> Vec<CallKey> {
        self.keys(age, |_| true)
    }

    /// Returns those of [`LineCalls::unended_keys`] of which a step of an escalation was taken.
    pub(super) fn escalated_keys(&self, age: Duration) -> Vec<CallKey> {
        self.keys(age, |entry| entry.is_escalated)
    }

    fn keys(&self, age: Duration, wanted: impl Fn(&Entry) -> bool) -> Vec<CallKey> {
        let line = self.incidents.line();
        let calls = self.index.unended(age).filter(|(.., entry)| wanted(entry));
        let calls = calls.filter(|(id, house, _)| self.alone.get(id) != Some(*house));
        calls.map(|(id, house, _)| CallKey { line: line.clone(), house: house.clone(), id }).collect()
    }

    /// Returns how long ago a word about a call was received: its alert, an accept or a withdrawal.
    pub(super) fn since(&self, id: AlertId, house: &House, word: Uuid) -> Option<Duration> {
        if word == id.0 {
            return self.age(id, house);
        }
        let known =
            [topic::ACCEPT, topic::STATUS].into_iter().find_map(|topic| self.words.get(&(topic, word)));
        known.map(|(received, _)| received.ago())
    }

    /// Returns the call that a message is about. One past the log names an id only, so nothing if two houses used it.
    pub(super) fn acknowledged(&self, message_id: &str) -> Option<CallKey> {
        let direct = || match &self.incidents.named(message_id::direct_alert(message_id)?)[..] {
            [call] => Some(call.alert.key()),
            _ => None,
        };
        self.alerts.get(message_id).cloned().or_else(direct)
    }

    pub(super) fn forget(&mut self, before: Millis) {
        self.shows.clear();
        self.incidents.forget(before);
        self.index.forget(before);
        self.message_ids.retain(|_, (_, at)| *at >= before);
        self.pushed.retain(|_, at| *at >= before);
        self.alone.retain(|id, house| self.index.received(*id, Some(&*house)).is_some());
        self.words.retain(|_, (_, at)| *at >= before);
        self.alerts.retain(|_, alert| {
            self.message_ids.contains_key(&(topic::ALERT, alert.id.0))
                || self.message_ids.contains_key(&(topic::DRILL, alert.id.0))
        });
    }

    /// Returns what is new. Lines for which a call is `opened` get it as a whole, and not by its news.
    fn news(&self, changes: Vec<Change>, opened: &[Opened]) -> Vec<News> {
        let news = |change| {
            let (message_id, received) = match &change {
                Change::Event { event, .. } => (self.message_id(event), self.received(event)),
                Change::First { .. } => (None, None),
            };
            let is_withheld =
                matches!(&change, Change::Event { event, .. } if is_withheld(&self.incidents, event));
            let (guests, only) = (self.guests_of(&change, opened), self.only_house(&change));
            News { change, message_id, received, only, is_withheld, guests }
        };
        changes.into_iter().map(news).collect()
    }

    /// Returns the other lines that had the call of a change before.
    fn guests_of(&self, change: &Change, opened: &[Opened]) -> BTreeSet<Line> {
        let (id, house) = match change {
            Change::Event { event, .. } => (event.alert(), event.target()),
            Change::First { alert, accept } => (Some(*alert), Some(&accept.target)),
        };
        let Some(id) = id else { return BTreeSet::new() };
        let mut guests = self.index.guests_of(id, house);
        let is_meant = |opened: &&Opened| opened.id == id && house.is_none_or(|house| *house == opened.house);
        for opened in opened.iter().filter(is_meant) {
            guests = &guests - &opened.lines;
        }
        guests
    }

    /// Returns the only house that gets a change; `None` if the whole line does.
    fn only_house(&self, change: &Change) -> Option<House> {
        let (id, target) = match change {
            Change::Event { event, .. } => (event.alert()?, event.target()),
            Change::First { alert, accept } => (*alert, Some(&accept.target)),
        };
        let house = self.alone.get(&id)?;
        // An id alone may be that of another house's emergency.
        let is_meant = target.map_or_else(|| self.is_of_one_house(id), |target| target == house);
        is_meant.then(|| house.clone())
    }

    /// Returns whether a call is a drill of another house alone.
    pub(super) fn is_of_another_alone(&self, id: AlertId, house: Option<&House>) -> bool {
        self.alone.get(&id).is_some_and(|alone| Some(alone) != house) && self.is_of_one_house(id)
    }

    /// Returns the flats whose locations messages show, for the record of who was shown them. A drill of a house alone
    /// is shown to nobody else.
    pub(super) fn located(&self, messages: &[Message]) -> BTreeSet<CallKey> {
        let located = messages.iter().filter_map(Message::located);
        located.filter(|call| self.alone.get(&call.id) != Some(&call.house)).collect()
    }

    fn is_of_one_house(&self, id: AlertId) -> bool {
        self.incidents.named(id).len() == 1
    }

    /// The first id of an event stays, because a client may acknowledge it at any time.
    fn record_id(&mut self, event: &Event, message_id: String) {
        let Some((key, at)) = name(event).zip(event.at()) else { return };
        if let Event::Alert(alert) = event {
            self.alerts.insert(message_id.clone(), alert.key());
        }
        self.message_ids.entry(key).or_insert((message_id, at));
    }

    /// Returns the id of the frames about an event; `None` for an event without a name.
    pub(super) fn message_id(&self, event: &Event) -> Option<String> {
        let name = name(event)?;
        let known = self.message_ids.get(&name).map(|(id, _)| id.clone());
        Some(known.unwrap_or_else(|| message_id::direct(name.0, name.1)))
    }

    /// Returns when the call of an event was received, or nothing where two houses used its id and the event does not
    /// name one.
    pub(super) fn received(&self, event: &Event) -> Option<Received> {
        self.index.received(event.alert()?, event.target())
    }
}

/// Returns the name of a word that stops or starts the clock of an escalation.
fn clock_word(event: &Event) -> Option<Name> {
    let is_one = match event {
        Event::Accept(_) => true,
        Event::Status(status) => status.status == Progress::Withdrawn,
        Event::Alert(_) | Event::Moved(_) | Event::Receipt(_) => false,
    };
    name(event).filter(|_| is_one)
}

/// Returns the call of an alert.
fn call_of(event: &Event) -> Option<(AlertId, House)> {
    match event {
        Event::Alert(alert) => Some((alert.id, alert.house.clone())),
        _ => None,
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
