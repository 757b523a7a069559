//! A call and all that came of it, as it is shown and counted. The fold derives it; nothing else makes one.

use crate::{
    collections::{BTreeMap, BTreeSet, sort_by},
    event::{
        Accept, Actor, Alert, Escalation, EventId, LATE_AFTER, Location, Millis, Moved, OPEN_FOR, Progress,
        Status,
    },
    people::{Flats, House, Line, Neighbour, Resident},
};

/// The last word of a house about another house's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// Accepted and on the way.
    Coming,
    /// There.
    Arrived,
    /// Took the accept back.
    Withdrawn,
}

/// A house's answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The house that answered.
    pub house: House,
    /// The line of that house, where it is not the call's.
    pub line: Option<Line>,
    /// Its last word.
    pub stance: Stance,
    /// The time of its last word.
    pub at: Millis,
    /// The id of its last word.
    pub word: EventId,
    /// True if one of its accepts was the call's first. It stays the first when it is taken back.
    pub first: bool,
    /// Where the house was last known to be, while it is on the way and shows it.
    pub location: Option<Location>,
    /// When the house was there, or stopped showing it.
    pub located: Option<Millis>,
}

impl Response {
    /// Returns the flat that answered.
    #[must_use]
    pub fn flat(&self) -> Neighbour {
        Neighbour { line: self.line.clone(), house: self.house.clone() }
    }
}

/// The end of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// [`Progress::Cancelled`], [`Progress::Resolved`] or [`Progress::Expired`].
    pub how: Progress,
    /// The actor that ended it.
    pub by: Actor,
    /// When.
    pub at: Millis,
    /// The words of the actor about the end.
    pub note: Option<String>,
}

/// A step by which the service alarmed more people than the line, because nobody came.
#[derive(Clone, Debug, PartialEq)]
pub struct Escalated {
    /// When.
    pub at: Millis,
    /// The step.
    pub step: Escalation,
}

/// A call and all that came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// The call.
    pub alert: Alert,
    /// Where the caller was last known to be.
    pub location: Option<Location>,
    /// When the caller was there.
    pub located: Option<Millis>,
    /// The last word of each house, in the order of (time, house).
    pub responses: Vec<Response>,
    /// The accept that came first, once the log knows.
    pub first: Option<EventId>,
    /// The end, if there is one.
    pub end: Option<End>,
    /// The time when more people than the line were alarmed.
    pub escalated: Option<Millis>,
    /// The steps of that, in the order of (time, id). Records of former versions name no step.
    pub steps: Vec<Escalated>,
    /// Flats for a device of which a push service has taken the call, without the caller's. It is not a word of the
    /// device.
    pub pushed: Flats,
    /// Flats with a device that took the call, without the caller's.
    pub reached: Flats,
    /// Flats with a device that has begun to sound the call, without the caller's.
    pub sounded: Flats,
    /// Flats where a person looked, without the caller's.
    pub seen: Flats,
}

impl Incident {
    /// Returns whether the call is open at `now`. Nobody has ended such a call, and it is younger than [`OPEN_FOR`].
    #[must_use]
    pub fn is_open(&self, now: Millis) -> bool {
        self.end.is_none() && now < self.alert.at.saturating_add(OPEN_FOR)
    }

    /// Returns whether a person who confirms the same press once more may mean this call. Otherwise it is a new
    /// emergency, because the call is over or older than [`LATE_AFTER`].
    #[must_use]
    pub fn is_repeatable(&self, now: Millis) -> bool {
        self.is_open(now) && now.saturating_sub(self.alert.at) <= LATE_AFTER
    }

    /// Returns the other lines that were alarmed in one step or another.
    #[must_use]
    pub fn lines(&self) -> BTreeSet<Line> {
        let alarmed = self.steps.iter().flat_map(|escalated| &escalated.step.lines);
        alarmed.filter(|line| **line != self.alert.line).cloned().collect()
    }

    /// Returns whether the people of a line get this call, because it is their own or was alarmed in a step.
    #[must_use]
    pub fn is_for(&self, line: &Line) -> bool {
        let alarmed = || self.steps.iter().any(|escalated| escalated.step.lines.contains(line));
        self.alert.line == *line || alarmed()
    }

    /// Returns whether this person may receive the call and what follows.
    #[must_use]
    pub fn may_be_received_by(&self, person: &Resident) -> bool {
        person.may_receive(&self.alert.line) || person.line.as_ref().is_some_and(|line| self.is_for(line))
    }

    /// Returns whether a location may be shown. It is the caller's, or that of a house that is on the way. That a house
    /// does not show its location any longer may always be shown.
    #[must_use]
    pub fn may_show(&self, moved: &Moved) -> bool {
        let Some(helper) = moved.helper().filter(|_| moved.location.is_some()) else { return true };
        self.responses.iter().any(|one| one.stance == Stance::Coming && one.flat() == helper)
    }

    /// Returns the answer of a flat.
    #[must_use]
    pub fn response_of(&self, line: &Line, house: &House) -> Option<&Response> {
        let flat = Neighbour { line: Some(line.clone()), house: house.clone() }.seen_from(&self.alert.line);
        self.responses.iter().find(|one| one.flat() == flat)
    }

    /// The houses that are on the way or there.
    pub fn coming(&self) -> impl Iterator<Item = &Response> {
        self.responses.iter().filter(|response| response.stance != Stance::Withdrawn)
    }
}

/// The last word of each house. Words must be put in by the order of (time, id), because later ones replace earlier
/// ones.
#[derive(Default)]
pub(crate) struct Stances(BTreeMap<(Option<Line>, House), Response>);

impl Stances {
    /// A house of the call's line, or of `accept_line` where that is another, comes.
    pub(crate) fn accept(&mut self, accept: &Accept, first: bool) {
        let line = accept.accept_line.clone().filter(|line| *line != accept.line);
        let response = self.stand(line, &accept.accept, Stance::Coming, (accept.at, accept.id));
        response.first |= first;
    }

    /// A house of the call's line, or of `by_line` where that is another, has come so far; anything else is the
    /// incident's own.
    pub(crate) fn progress(&mut self, incident: &mut Incident, status: &Status) {
        let line = status.by_line.clone().filter(|line| *line != status.line);
        match (status.status, &status.by) {
            // A house that never came has nothing to take back.
            (Progress::Withdrawn, Actor::House(house)) => {
                if self.0.contains_key(&(line.clone(), house.clone())) {
                    self.stand(line, house, Stance::Withdrawn, (status.at, status.id));
                }
            }
            (Progress::Arrived, Actor::House(house)) => {
                self.stand(line, house, Stance::Arrived, (status.at, status.id));
            }
            (Progress::Escalated, _) => {
                incident.escalated = incident.escalated.or(Some(status.at));
                let step = status.escalation.clone();
                incident.steps.extend(step.map(|step| Escalated { at: status.at, step }));
            }
            (how, by) if how.ends() && incident.end.is_none() => {
                incident.end = Some(End { how, by: by.clone(), at: status.at, note: status.note.clone() });
            }
            _ => {}
        }
    }

    /// The answers, in the order of (time, house).
    pub(crate) fn into_responses(self) -> Vec<Response> {
        let mut responses: Vec<_> = self.0.into_values().collect();
        sort_by(&mut responses, |a, b| (a.at, &a.house, &a.line).cmp(&(b.at, &b.house, &b.line)));
        responses
    }

    fn stand(
        &mut self,
        line: Option<Line>,
        house: &House,
        stance: Stance,
        (at, word): (Millis, EventId),
    ) -> &mut Response {
        let new = Response {
            house: house.clone(),
            line: line.clone(),
            stance,
            at,
            word,
            first: false,
            location: None,
            located: None,
        };
        let response = self.0.entry((line, house.clone())).or_insert(new);
        (response.stance, response.at, response.word) = (stance, at, word);
        response
    }
}
