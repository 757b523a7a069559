//! A call as statistics keep it, with its people, its times and its end, without coordinates and without free text.

use std::{cmp::Reverse, collections::BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    event::{Actor, AlertId, CallKey, Event, Kind, LATE_AFTER, Millis, OPEN_FOR, Progress},
    incident::Incident,
    people::{Flats, House, Line, Neighbour},
};

/// The time, in milliseconds, within which a caller must cancel for the call to count as a false alarm. Somebody who
/// waited longer in vain may have given up, and that call must stay among those to which nobody came.
pub const FALSE_ALARM_WITHIN: Millis = LATE_AFTER;

/// The time, in milliseconds, that a call may wait for a first neighbour before it counts as one to which nobody came.
pub const WAITS_FOR: Millis = LATE_AFTER;

/// The data that statistics keep of one call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The call's line.
    pub line: Line,
    /// The flat that called.
    pub house: House,
    /// The call's id.
    pub id: AlertId,
    /// The kind of emergency, if the caller named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// An exercise, not an emergency.
    pub drill: bool,
    /// When the producer received the call.
    pub begun: Millis,
    /// The kind and the time of its end, if it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// The number of flats that ever accepted or arrived.
    pub accepts: u32,
    /// The number of these that did not withdraw, or had been there before they did.
    pub came: u32,
    /// The earliest `at` of an accept, or of an arrival without an accept. The log may have another accept as the
    /// first, because this is a time and not a rank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_accept: Option<Millis>,
    /// The earliest `at` of an arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_arrived: Option<Millis>,
    /// When more people than the line were alarmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated: Option<Millis>,
    /// Flats with a device that took the call, without the caller's.
    #[serde(default, skip_serializing_if = "Flats::is_empty")]
    pub reached: Flats,
    /// Flats with a device that has begun to sound the call, without the caller's.
    #[serde(default, skip_serializing_if = "Flats::is_empty")]
    pub sounded: Flats,
    /// Flats where a person looked, without the caller's.
    #[serde(default, skip_serializing_if = "Flats::is_empty")]
    pub seen: Flats,
    /// The words about the call, in the order of their times. Rows of versions before 2026-12 have none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub steps: BTreeSet<Step>,
    /// The timestamp of the earliest record that a flat was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_reached: Option<Millis>,
    /// The number of known words about the call. The row of a call with more of them is the richer one.
    pub words: u32,
}

/// A word about a call, without its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// When the producer received it.
    pub at: Millis,
    /// The progress that it reports; `None` for an accept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The actor that it speaks for.
    pub by: Actor,
    /// The line of a flat that is not of the call's line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
    /// The other lines that get the call by a step of an escalation.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lines: BTreeSet<Line>,
}

impl Step {
    /// Returns the step of a word about a call of `line`; `None` of any other event.
    fn of(event: &Event, line: &Line) -> Option<Self> {
        let (at, progress, by, own) = match event {
            Event::Accept(accept) => {
                (accept.at, None, Actor::House(accept.accept.clone()), &accept.accept_line)
            }
            Event::Status(status) => (status.at, Some(status.status), status.by.clone(), &status.by_line),
            Event::Alert(_) | Event::Moved(_) | Event::Receipt(_) => return None,
        };
        let lines = match event {
            Event::Status(status) => status.escalation.as_ref().map(|step| step.lines.clone()),
            _ => None,
        };
        let own = own.clone().filter(|own| own != line);
        Some(Self { at, progress, by, line: own, lines: lines.unwrap_or_default() })
    }
}

/// The end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ended {
    /// [`Progress::Cancelled`], [`Progress::Resolved`] or [`Progress::Expired`].
    pub how: Progress,
    /// When.
    pub at: Millis,
}

/// The outcome of a call. Each call has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A neighbour accepted and did not take it back, or was there.
    Came,
    /// Nobody came, and the caller cancelled within [`FALSE_ALARM_WITHIN`].
    TakenBack,
    /// Nobody has come yet, and the call is open and younger than [`WAITS_FOR`].
    Waiting,
    /// Nobody came, because the call ended in another way, or still waits.
    Nobody,
}

impl Row {
    /// Returns the row of an incident. `history` is what [`LineIncidents::history`](crate::LineIncidents::history)
    /// returns for it, and `first_reached` the timestamp of the earliest receipt. A receipt itself has no time.
    #[must_use]
    pub fn of(incident: &Incident, history: &[(Event, Option<bool>)], first_reached: Option<Millis>) -> Self {
        let Incident { alert, end, escalated, .. } = incident;
        let coming: Vec<_> = history.iter().filter_map(|(event, _)| comes(event, &alert.line)).collect();
        let arrivals = coming.iter().filter(|word| word.is_arrival);
        let accepted: BTreeSet<&Neighbour> = coming.iter().map(|word| &word.flat).collect();
        let stayed = incident.coming();
        let stayed = stayed.map(|reply| Neighbour { line: reply.line.clone(), house: reply.house.clone() });
        let came: Flats = stayed.chain(arrivals.clone().map(|word| word.flat.clone())).collect();
        let reached = both(&incident.reached, &incident.seen);
        Self {
            line: alert.line.clone(),
            house: alert.house.clone(),
            id: alert.id,
            kind: alert.kind,
            drill: alert.drill,
            begun: alert.at,
            ended: end.as_ref().map(|end| Ended { how: end.how, at: end.at }),
            accepts: number(accepted.len()),
            came: number(came.len()),
            first_accept: coming.iter().map(|word| word.at).min(),
            first_arrived: arrivals.map(|word| word.at).min(),
            escalated: *escalated,
            first_reached: first_reached.filter(|_| !reached.is_empty()),
            reached,
            sounded: incident.sounded.clone(),
            seen: incident.seen.clone(),
            steps: history.iter().filter_map(|(event, _)| Step::of(event, &alert.line)).collect(),
            words: number(history.len()),
        }
    }

    /// Returns the call's name.
    #[must_use]
    pub fn key(&self) -> CallKey {
        CallKey { line: self.line.clone(), house: self.house.clone(), id: self.id }
    }

    /// Returns what two rows of one call know together. The row of which more words were known gives everything that
    /// later words can change; receipts and steps only grow. Neither order nor repetition of rows matters, so a log from
    /// which records are gone takes nothing away from a row.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let first_reached = self.first_reached.into_iter().chain(other.first_reached).min();
        let reached = both(&self.reached, &other.reached);
        let sounded = both(&self.sounded, &other.sounded);
        let seen = both(&self.seen, &other.seen);
        let steps = self.steps.union(&other.steps).cloned().collect();
        let richer = if self.rank() >= other.rank() { self } else { other };
        Self { first_reached, reached, sounded, seen, steps, ..richer }
    }

    /// Returns whether this row differs from another one of the same call only by what versions before 2026-12 did not
    /// keep, which are the steps and the flats that sounded or saw it.
    #[must_use]
    pub fn is_former_version_of(&self, other: &Self) -> bool {
        let is_former = self.steps.is_empty() && self.sounded.is_empty() && self.seen.is_empty();
        let (sounded, seen, steps) = (other.sounded.clone(), other.seen.clone(), other.steps.clone());
        is_former && Self { sounded, seen, steps, ..self.clone() } == *other
    }

    /// Returns whether the call is open at `now`.
    #[must_use]
    pub fn is_open(&self, now: Millis) -> bool {
        self.ended.is_none() && now < self.begun.saturating_add(OPEN_FOR)
    }

    /// Returns how the call ended. One that nobody ended is expired after 24 hours, also where no node has written so.
    #[must_use]
    pub fn end(&self, now: Millis) -> Option<Progress> {
        let expired = (!self.is_open(now)).then_some(Progress::Expired);
        self.ended.map(|ended| ended.how).or(expired)
    }

    /// Returns whether it was a false alarm. There is no word for one, so a call counts that the caller cancelled
    /// within [`FALSE_ALARM_WITHIN`], and at which no neighbour had arrived.
    #[must_use]
    pub fn is_false_alarm(&self) -> bool {
        let at_once = |ended: Ended| ended.at.saturating_sub(self.begun) <= FALSE_ALARM_WITHIN;
        let is_cancelled = |ended: Ended| ended.how == Progress::Cancelled && at_once(ended);
        self.first_arrived.is_none() && self.ended.is_some_and(is_cancelled)
    }

    /// Returns what became of the call, as far as is known at `now`.
    #[must_use]
    pub fn outcome(&self, now: Millis) -> Outcome {
        let waits = self.is_open(now) && now.saturating_sub(self.begun) < WAITS_FOR;
        match self.came {
            1.. => Outcome::Came,
            0 if self.is_false_alarm() => Outcome::TakenBack,
            0 if waits => Outcome::Waiting,
            0 => Outcome::Nobody,
        }
    }

    /// Greater is richer. Among rows of equally many words the choice is arbitrary, but always the same.
    fn rank(&self) -> impl Ord + use<> {
        let times = (self.first_accept, self.first_arrived, self.escalated);
        let rest = (self.drill, self.kind, self.begun, self.ended, self.accepts, self.came, times);
        (self.words, Reverse(rest))
    }
}

/// A word by which a flat comes.
struct Comes {
    flat: Neighbour,
    at: Millis,
    is_arrival: bool,
}

fn comes(event: &Event, line: &Line) -> Option<Comes> {
    let (own, house, at, is_arrival) = match event {
        Event::Accept(accept) => (&accept.accept_line, &accept.accept, accept.at, false),
        Event::Status(status) if status.status == Progress::Arrived => match &status.by {
            Actor::House(house) => (&status.by_line, house, status.at, true),
            Actor::Administrator | Actor::Service => return None,
        },
        _ => return None,
    };
    let flat = Neighbour { line: own.clone(), house: house.clone() }.seen_from(line);
    Some(Comes { flat, at, is_arrival })
}

/// Returns the flats that are in one of two sets.
fn both(one: &Flats, other: &Flats) -> Flats {
    one.iter().chain(other).cloned().collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
