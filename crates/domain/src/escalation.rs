//! The rules by which a call that nobody comes to alarms more people, ring by ring, each some seconds after the one
//! before.
//!
//! Everything is derived from the call's incident, so every node that knows the same events finds the same step, and
//! the id of a step's event is made from what it is. Nodes need no leader, and the fold drops the doubles.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    collections::{BTreeMap, BTreeSet},
    event::{Actor, Alert, Escalation, Event, EventId, Millis, Progress, Status},
    incident::{Incident, Response, Stance},
    people::{House, Line},
};

/// The longest wait before a ring, in seconds.
pub const MOST_SECONDS: u32 = 3_600;
/// The longest time in which an accept may lead to an arrival, in minutes.
pub const MOST_MINUTES: u32 = 240;
/// The most rounds in which a ring of one call is alarmed. A house that accepts and withdraws all day makes no more records.
pub const MOST_ROUNDS: usize = 16;

/// A ring of people around the line of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ring {
    /// Every line of the complex, in the place of the line alone.
    Complex,
    /// The lines next to the line.
    Neighbours,
    /// The other lines of the building.
    Building,
    /// The management office.
    Administrators,
}

impl Ring {
    /// Every ring, in the order in which they are alarmed.
    pub const ALL: [Self; 4] = [Self::Complex, Self::Neighbours, Self::Building, Self::Administrators];

    /// Returns the ring's number in records. It does not depend on the settings, so nodes that have read different
    /// ones write the same step.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Complex => 0,
            Self::Neighbours => 1,
            Self::Building => 2,
            Self::Administrators => 3,
        }
    }

    /// Returns the ring with this number; `None` for one of a later version.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|ring| ring.number() == number)
    }
}

/// The choice of the office for the complex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// A call alarms the whole complex at once.
    pub complex: bool,
    /// The seconds after which the neighbouring lines are alarmed; `None` if they are not.
    pub neighbours: Option<u32>,
    /// The seconds after the ring before it at which the building is alarmed; `None` if it is not.
    pub building: Option<u32>,
    /// The seconds after the ring before it at which the administrators are alarmed; `None` if they are not.
    pub administrators: Option<u32>,
    /// The minutes after an accept at which the clock starts again if nobody has arrived; `None` if it does not.
    pub arrival: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        let after = Some(30);
        Self { complex: false, neighbours: after, building: after, administrators: after, arrival: Some(5) }
    }
}

impl Settings {
    /// Returns how long after the ring before it a ring is alarmed; `None` if it is not.
    fn after(&self, ring: Ring) -> Option<Duration> {
        let seconds = match ring {
            Ring::Complex => self.complex.then_some(0),
            Ring::Neighbours => self.neighbours,
            Ring::Building => self.building,
            Ring::Administrators => self.administrators,
        };
        seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

/// Where a line is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its building.
    pub building: String,
    /// The lines next to it.
    pub neighbours: BTreeSet<Line>,
}

/// Everything that decides about the steps of a call besides the call itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The choice of the office.
    pub settings: Settings,
    /// The lines of the complex.
    pub lines: BTreeMap<Line, Place>,
    /// The households that a call could alarm now; `None` while that is not known.
    pub reachable: Option<BTreeMap<Line, BTreeSet<House>>>,
}

impl Rules {
    /// Returns the lines of a ring around `line`, without those of rings that come before it.
    fn ring(&self, ring: Ring, line: &Line) -> BTreeSet<Line> {
        let mut lines = self.around(ring, line);
        let before = Ring::ALL.into_iter().filter(|other| *other < ring);
        for before in before.filter(|before| self.settings.after(*before).is_some()) {
            let nearer = self.around(before, line);
            lines.retain(|line| !nearer.contains(line));
        }
        lines.remove(line);
        lines
    }

    fn around(&self, ring: Ring, line: &Line) -> BTreeSet<Line> {
        let own = self.lines.get(line);
        match ring {
            Ring::Complex => self.lines.keys().cloned().collect(),
            Ring::Neighbours => own.map(|own| own.neighbours.clone()).unwrap_or_default(),
            Ring::Building => {
                let building = own.map(|own| own.building.as_str()).filter(|name| !name.is_empty());
                let is_there = |place: &Place| building == Some(place.building.as_str());
                let lines = self.lines.iter().filter(|(_, place)| is_there(place));
                lines.map(|(line, _)| line.clone()).collect()
            }
            Ring::Administrators => BTreeSet::new(),
        }
    }

    /// Returns whether there is nobody to alarm on these lines. A ring is empty only if that is known.
    fn is_empty(&self, ring: Ring, lines: &BTreeSet<Line>) -> bool {
        if ring == Ring::Administrators {
            return false;
        }
        let is_reachable = |line: &Line| {
            let Some(reachable) = &self.reachable else { return true };
            reachable.get(line).is_some_and(|houses| !houses.is_empty())
        };
        !lines.iter().any(is_reachable)
    }
}

/// The word that started the clock of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The id of the word, which is that of the round.
    pub round: Uuid,
    /// The time after the word at which the clock starts.
    pub starts_after: Duration,
}

/// Returns the clock of a call that has nobody, or whose helpers have not arrived; `None` if it stands still.
///
/// A drill stays on its line.
#[must_use]
pub fn clock(call: &Incident, settings: &Settings) -> Option<Clock> {
    if call.end.is_some() || call.alert.drill {
        return None;
    }
    let newest = |stance: Stance| {
        let words = call.responses.iter().filter(move |response| response.stance == stance);
        words.max_by_key(|response| (response.at, response.word)).map(|response: &Response| response.word.0)
    };
    if newest(Stance::Arrived).is_some() {
        return None;
    }
    if let Some(round) = newest(Stance::Coming) {
        let minutes = settings.arrival?;
        return Some(Clock { round, starts_after: Duration::from_secs(60 * u64::from(minutes)) });
    }
    let round = newest(Stance::Withdrawn).unwrap_or(call.alert.id.0);
    Some(Clock { round, starts_after: Duration::ZERO })
}

/// A step that is to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The ring.
    pub ring: Ring,
    /// The id of the word that started the clock.
    pub round: Uuid,
    /// The lines to alarm.
    pub lines: BTreeSet<Line>,
}

/// Returns the step of a call that is due. `elapsed` is how long ago the word of its [`clock`] was received.
#[must_use]
pub fn due(call: &Incident, elapsed: Duration, rules: &Rules) -> Option<Step> {
    next(call, rules).filter(|(after, _)| *after <= elapsed).map(|(_, step)| step)
}

/// Returns the next step of a call, and how long after the word of its [`clock`] it is due.
///
/// An empty ring is passed over, and the next one takes its time. If somebody there can be reached later, it is due
/// then.
#[must_use]
pub fn next(call: &Incident, rules: &Rules) -> Option<(Duration, Step)> {
    let clock = clock(call, &rules.settings)?;
    let mut after = clock.starts_after;
    let mut was_empty = false;
    for ring in Ring::ALL {
        let Some(wait) = rules.settings.after(ring) else { continue };
        if !was_empty {
            after += wait;
        }
        let taken = call.steps.iter().filter(|taken| taken.step.step == ring.number());
        let rounds: Vec<Uuid> = taken.map(|taken| taken.step.round).collect();
        if rounds.contains(&clock.round) || rounds.len() >= MOST_ROUNDS {
            was_empty = false;
            continue;
        }
        let lines = rules.ring(ring, &call.alert.line);
        was_empty = rules.is_empty(ring, &lines);
        if !was_empty {
            return Some((after, Step { ring, round: clock.round, lines }));
        }
    }
    None
}

impl Step {
    /// Makes the event of this step, which happened `at`. Every node gives it the same id.
    #[must_use]
    pub fn event(&self, call: &Alert, at: Millis) -> Event {
        let (round, step) = (self.round, self.ring.number());
        Event::Status(Status {
            id: EventId::of_service(&call.line, &call.house, call.id, &format!("escalated {round} {step}")),
            line: call.line.clone(),
            alert: call.id,
            target: Some(call.house.clone()),
            status: Progress::Escalated,
            by: Actor::Service,
            by_line: None,
            note: None,
            escalation: Some(Escalation { round, step, lines: self.lines.clone() }),
            at,
        })
    }
}
