//! The calls of a signed-in person's lines, by the one fold, through snapshots and live events.
//!
//! Nothing here knows a socket or a clock. The feed withstands any order, doubles, and a second snapshot after a
//! reconnect, because the fold does.

use domain::{
    Actor, Alert, AlertId, CallKey, Change, Event, House, Incident, Line, LineIncidents, Millis, Progress,
    Resident, Role, Source, Stance,
    body::Body,
    collections::{BTreeMap, BTreeSet, sort_by},
};

/// The lines whose calls a person receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// These lines.
    Lines(Vec<Line>),
    /// Every line of the complex, those that appear later included.
    EveryLine,
}

/// The calls of every line that a person receives.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    lines: BTreeMap<Line, LineFeed>,
    /// A line that is not known yet is added with its first call.
    every_line: bool,
    /// A snapshot of every line is running.
    listing: bool,
}

/// Something that was not known before, for those who cannot see the list change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Somebody calls.
    Called(AlertId),
    /// A neighbour is coming.
    Coming(AlertId, House),
    /// A neighbour is there.
    Arrived(AlertId, House),
    /// A neighbour withdraws the accept.
    Withdrawn(AlertId, House),
    /// A call is over, because it was cancelled, resolved or expired.
    Ended(AlertId, Progress),
}

#[derive(Clone, Debug)]
struct LineFeed {
    incidents: LineIncidents,
    /// It is another line than those of the scope, with calls that were escalated to one of them.
    is_escalated: bool,
    /// The calls that the running snapshot has listed, and those that came live meanwhile. `None` if none is running.
    listing: Option<BTreeSet<AlertId>>,
    /// The calls that came as late. They are shown, not sounded.
    late: BTreeSet<CallKey>,
    /// When the server received the calls, by the page's own monotonic time in milliseconds.
    received: BTreeMap<CallKey, Millis>,
}

impl Scope {
    /// Returns the scope of `viewer`, which is every line for an administrator, otherwise the own one.
    #[must_use]
    pub fn of(viewer: &Resident) -> Self {
        match viewer.role {
            Role::Administrator => Self::EveryLine,
            Role::Resident => Self::Lines(viewer.line.iter().cloned().collect()),
        }
    }
}

impl Feed {
    /// Makes a feed without calls. Calls of lines that are not in `scope` are shown as well, because the server sends
    /// only those that were escalated to one that is.
    #[must_use]
    pub fn new(scope: &Scope) -> Self {
        match scope {
            Scope::Lines(lines) => {
                let empty = |line: &Line| (line.clone(), LineFeed::new(line, false));
                Self { lines: lines.iter().map(empty).collect(), ..Self::default() }
            }
            Scope::EveryLine => Self { every_line: true, ..Self::default() },
        }
    }

    /// Begins the snapshots that follow a subscription, up to their `snapshot-end`.
    pub fn subscribed(&mut self) {
        self.listing = self.every_line;
        for feed in self.lines.values_mut() {
            feed.listing = Some(BTreeSet::new());
        }
    }

    /// Applies the content of a MESSAGE with its header `late`, and returns the news in it.
    ///
    /// The header `replay` has no influence, because a call is the same however it came to be known.
    pub fn apply(&mut self, body: Body, late: bool) -> Vec<Notice> {
        match body {
            Body::Event { event, first } => self.line(event.line()).apply_event(event, first, late),
            Body::First { line, alert, target, id, .. } => {
                if let Some(feed) = self.lines.get_mut(&line) {
                    feed.incidents.assign_first(alert, target.as_ref(), id);
                }
                Vec::new()
            }
            Body::SnapshotEnd { line: Some(line), truncated } => {
                let lines = self.lines.iter_mut();
                // The calls of other lines come with those of the own one.
                let ended = lines.filter(|(other, feed)| **other == line || feed.is_escalated);
                ended.for_each(|(_, feed)| feed.end_snapshot(truncated));
                Vec::new()
            }
            Body::SnapshotEnd { line: None, truncated } => {
                self.listing = false;
                self.lines.values_mut().for_each(|feed| feed.end_snapshot(truncated));
                Vec::new()
            }
        }
    }

    /// Takes in what a MESSAGE carries, with its headers `late` and `age`, at the page's monotonic time `moment` in
    /// milliseconds; returns what is new in it. The last age of a call counts, because a snapshot knows it anew after
    /// the device slept.
    pub fn receive(&mut self, body: Body, late: bool, age: Option<Millis>, moment: Millis) -> Vec<Notice> {
        if let (Body::Event { event: Event::Alert(alert), .. }, Some(age)) = (&body, age) {
            let received = moment.saturating_sub(age);
            self.line(&alert.line).received.insert(alert.key(), received);
        }
        self.apply(body, late)
    }

    /// Returns how long ago the server received a call, in milliseconds, at the page's monotonic time `moment`.
    #[must_use]
    pub fn age(&self, alert: &Alert, moment: Millis) -> Option<Millis> {
        let received = self.lines.get(&alert.line)?.received.get(&alert.key())?;
        Some(moment.saturating_sub(*received))
    }

    /// Returns whether every line's snapshot is complete.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.listing && self.lines.values().all(|feed| feed.listing.is_none())
    }

    /// Every call, the newest first.
    #[must_use]
    pub fn incidents(&self) -> Vec<Incident> {
        newest_first(self.lines.values().flat_map(|feed| feed.incidents.incidents()))
    }

    /// The calls that are open at `now`, the newest first.
    #[must_use]
    pub fn open(&self, now: Millis) -> Vec<Incident> {
        newest_first(self.lines.values().flat_map(|feed| feed.incidents.open(now)))
    }

    /// Returns the calls that are open at the page's monotonic time `moment`, the newest first. The age of a call
    /// decides where it is known, and the server's time `now` elsewhere, because the clock that stamped it may have
    /// been set since.
    #[must_use]
    pub fn open_by_age(&self, now: Millis, moment: Millis) -> Vec<Incident> {
        let mut incidents = self.incidents();
        incidents.retain(|incident| {
            let age = self.age(&incident.alert, moment);
            incident.is_open(age.map_or(now, |age| incident.alert.at.saturating_add(age)))
        });
        incidents
    }

    /// Returns the call with this name.
    #[must_use]
    pub fn call(&self, key: &CallKey) -> Option<Incident> {
        let named = self.lines.get(&key.line)?.incidents.named(key.id);
        named.into_iter().find(|incident| incident.alert.house == key.house)
    }

    /// The newest call of the viewer's own house that is open at `now`, whichever device it was made with.
    #[must_use]
    pub fn own_call(&self, viewer: &Resident, now: Millis) -> Option<Incident> {
        let (line, house) = viewer.flat()?;
        let calls = self.lines.get(line)?.incidents.open(now);
        calls.into_iter().rev().find(|incident| incident.alert.house == *house)
    }

    /// Returns whether the viewer's house is on its way to the open call of this id, where one is known.
    #[must_use]
    pub fn is_approached(&self, id: AlertId, viewer: &Resident, now: Millis) -> Option<bool> {
        let (line, house) = viewer.flat()?;
        let named = self.lines.values().flat_map(|feed| feed.incidents.named(id));
        let is_coming = |call: Incident| {
            let answer = call.response_of(line, house);
            call.is_open(now) && answer.is_some_and(|answer| answer.stance == Stance::Coming)
        };
        named.map(is_coming).reduce(|one, other| one || other)
    }

    /// Returns whether a call came late, and is shown, not sounded.
    #[must_use]
    pub fn is_late(&self, incident: &Incident) -> bool {
        self.lines.get(&incident.alert.line).is_some_and(|feed| feed.late.contains(&incident.alert.key()))
    }

    /// Returns the line's calls. A line that is not known yet is part of the running snapshot, if there is one.
    fn line(&mut self, line: &Line) -> &mut LineFeed {
        let listing = match self.every_line {
            true => self.listing,
            false => self.lines.values().any(|feed| feed.listing.is_some()),
        };
        let is_escalated = !self.every_line;
        let new = || LineFeed { is_escalated, ..LineFeed::new(line, listing) };
        self.lines.entry(line.clone()).or_insert_with(new)
    }
}

fn newest_first(incidents: impl Iterator<Item = Incident>) -> Vec<Incident> {
    let mut incidents: Vec<_> = incidents.collect();
    let place = |incident: &Incident| (incident.alert.at, incident.alert.id);
    sort_by(&mut incidents, |one, other| place(other).cmp(&place(one)));
    incidents
}

impl LineFeed {
    /// Makes a line without calls, as part of a running snapshot if `listing`.
    fn new(line: &Line, listing: bool) -> Self {
        // The browser does not read the log, so a server names the first accept.
        let incidents = LineIncidents::new(line.clone(), 1);
        let listing = listing.then(BTreeSet::new);
        let (late, received) = (BTreeSet::new(), BTreeMap::new());
        Self { incidents, is_escalated: false, listing, late, received }
    }

    fn apply_event(&mut self, event: Event, first: Option<bool>, late: bool) -> Vec<Notice> {
        if let Event::Alert(alert) = &event {
            if let Some(listing) = &mut self.listing {
                listing.insert(alert.id);
            }
            if late {
                self.late.insert(alert.key());
            }
        }
        self.incidents.apply(event, Source::Server { first }).into_iter().filter_map(notice).collect()
    }

    fn end_snapshot(&mut self, truncated: bool) {
        if let Some(listed) = self.listing.take().filter(|_| !truncated) {
            self.incidents.retain(&listed);
            self.late.retain(|call| listed.contains(&call.id));
            self.received.retain(|call, _| listed.contains(&call.id));
        }
    }
}

fn notice(change: Change) -> Option<Notice> {
    let Change::Event { event, .. } = change else {
        return None;
    };
    match event {
        Event::Alert(alert) => Some(Notice::Called(alert.id)),
        Event::Accept(accept) => Some(Notice::Coming(accept.alert?, accept.accept)),
        Event::Status(status) if status.status.ends() => Some(Notice::Ended(status.alert, status.status)),
        Event::Status(status) => match (status.status, status.by) {
            (Progress::Arrived, Actor::House(house)) => Some(Notice::Arrived(status.alert, house)),
            (Progress::Withdrawn, Actor::House(house)) => Some(Notice::Withdrawn(status.alert, house)),
            _ => None,
        },
        Event::Moved(_) | Event::Receipt(_) => None,
    }
}

#[cfg(test)]
mod tests;
