//! The calls of a line, as the fold and the indexes that find its events again.

mod lookups;
mod message_ids;
mod news;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use domain::{Actor, AlertId, CallKey, Event, House, Line, LineIncidents, Millis, Progress, Source};
use uuid::Uuid;

use super::{
    Arrival,
    frames::{News, Received},
    index::Index,
    shown::Shows,
};
pub(super) use message_ids::AlertIds;
use message_ids::MessageIds;

/// The calls of a line. Its lock is held for one event or one lookup, never while frames are encoded or pushed.
pub(super) struct LineCalls {
    pub(super) incidents: LineIncidents,
    pub(super) index: Index,
    message_ids: MessageIds,
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
            message_ids: MessageIds::default(),
            alone: HashMap::new(),
            pushed: HashMap::new(),
            words: HashMap::new(),
            shows: Shows::default(),
        }
    }

    /// Returns the calls by the messages of their alerts, which are looked up without the lock of the calls.
    pub(super) fn alert_ids(&self) -> AlertIds {
        self.message_ids.alerts().clone()
    }

    /// Applies an event to the fold.
    pub(super) fn apply(&mut self, arrival: Arrival) -> Applied {
        let event = &arrival.event;
        let direct = (arrival.source == Source::Direct).then(|| name(event).zip(event.at())).flatten();
        let call = call_of(event).filter(|_| !arrival.late && !arrival.replay);
        let (speaker, trace) = (speaker(event), Trace { direct, call });
        let Arrival { event, source, age, .. } = arrival;
        self.shows.clear();
        self.record_event(&event, source, age);
        let ends = ends_of(&event);
        let changes = self.incidents.apply(event, source);
        let opened =
            ends.map(|(id, caller)| self.index_calls(id, caller.map(|house| (house, age)).as_slice()));
        let opened = opened.unwrap_or_default();
        Applied { news: self.news(changes, &opened), speaker, trace, opened }
    }

    /// Applies events of before the start, in their order, while nobody listens. Returns the calls that are for more lines
    /// than before.
    pub(super) fn replay(&mut self, arrivals: Vec<Arrival>) -> Vec<Opened> {
        self.shows.clear();
        // Each call comes up to date once.
        let mut ended: BTreeMap<AlertId, Vec<(House, Duration)>> = BTreeMap::new();
        let mut events = Vec::with_capacity(arrivals.len());
        for Arrival { event, source, age, .. } in arrivals {
            self.record_event(&event, source, age);
            if let Some((id, caller)) = ends_of(&event) {
                ended.entry(id).or_default().extend(caller.map(|house| (house, age)));
            }
            events.push((event, source));
        }
        self.incidents.replay(events);
        ended.iter().flat_map(|(id, callers)| self.index_calls(*id, callers)).collect()
    }

    /// Records where the log has an event, and when it was received if it is a word by which a clock runs.
    fn record_event(&mut self, event: &Event, source: Source, age: Duration) {
        if let Source::Log(position) = source {
            self.message_ids.record(event, position);
        }
        if let Some(name) = clock_word(event) {
            let received = Received { known_since: Instant::now(), age };
            self.words.entry(name).or_insert((received, event.at().unwrap_or_default()));
        }
    }

    /// Brings the calls with this id up to date in the index. The calls of `callers` have an alert that was received so long
    /// ago.
    fn index_calls(&mut self, id: AlertId, callers: &[(House, Duration)]) -> Vec<Opened> {
        // Derived once, because the index asks for an alert's call and for the ends of all calls with its id.
        let calls = self.incidents.courses(id);
        for (house, age) in callers {
            let Some(call) = calls.iter().find(|call| call.alert.house == *house) else { continue };
            self.index.insert(id, house, call.alert.at, *age);
            if call.alert.alone {
                self.alone.insert(id, house.clone());
            } else if self.alone.get(&id) == Some(house) {
                self.alone.remove(&id);
            }
        }
        let mut opened = Vec::new();
        for call in calls {
            let (id, house) = (call.alert.id, call.alert.house.clone());
            self.index.set_ended(id, &house, call.end.as_ref().map(|end| end.at));
            let lines = self.index.set_guests(id, &house, &call);
            if !lines.is_empty() {
                opened.push(Opened { id, house, lines });
            }
        }
        opened
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

    pub(super) fn forget(&mut self, before: Millis) {
        self.shows.clear();
        self.incidents.forget(before);
        self.index.forget(before);
        self.message_ids.forget(before);
        self.pushed.retain(|_, at| *at >= before);
        self.alone.retain(|id, house| self.index.received(*id, Some(&*house)).is_some());
        self.words.retain(|_, (_, at)| *at >= before);
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

/// Returns the id of the calls that an event may begin or end, and the house of an alert.
fn ends_of(event: &Event) -> Option<(AlertId, Option<House>)> {
    match event {
        Event::Alert(alert) => Some((alert.id, Some(alert.house.clone()))),
        Event::Status(status) => Some((status.alert, None)),
        Event::Accept(_) | Event::Moved(_) | Event::Receipt(_) => None,
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
