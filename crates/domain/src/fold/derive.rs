//! Derivations from the sets, which are incidents, and the history of a call for a snapshot.

use super::{Answer, Call, CallKey, LineIncidents};
use crate::{
    collections::sort_by,
    event::{Accept, Actor, Alert, AlertId, Event, EventId, Millis, OPEN_FOR},
    fold::statement::{Key, Statement},
    incident::{Incident, Stances},
    people::{Flats, Line},
};

impl LineIncidents {
    /// Every call of the line, the oldest first.
    #[must_use]
    pub fn incidents(&self) -> Vec<Incident> {
        self.sorted(|_| true)
    }

    /// The calls that are open at `now`, the oldest first.
    #[must_use]
    pub fn open(&self, now: Millis) -> Vec<Incident> {
        // Most calls of a month are old and need no deriving.
        let mut incidents = self.sorted(|call| now < call.alert.at.saturating_add(OPEN_FOR));
        incidents.retain(|incident| incident.is_open(now));
        incidents
    }

    /// Returns the calls with this id. There is one, unless two houses used the same id.
    #[must_use]
    pub fn named(&self, alert: AlertId) -> Vec<Incident> {
        self.keys_of(alert).filter_map(|call| self.incident(&call)).collect()
    }

    /// Returns the calls with this id as [`LineIncidents::named`] does, but without their receipts, which are the longest
    /// part of a call and no part of its course.
    #[must_use]
    pub fn courses(&self, alert: AlertId) -> Vec<Incident> {
        self.keys_of(alert).filter_map(|call| self.course(&call)).collect()
    }

    /// Returns the answers to a call, in the order of (time, id), and for each accept whether it is the first.
    #[must_use]
    pub fn history(&self, alert: &Alert) -> Vec<(Event, Option<bool>)> {
        let call = (alert.id, alert.house.clone());
        let answers = self.sorted_answers_of(&call);
        let first = self.first_of(&call, &answers);
        answers.into_iter().map(|(_, answer)| self.announcement_of(&call, answer, first)).collect()
    }

    /// Returns this actor's accepts and words with this id. There is one, unless an id was used twice. `by_line` is the
    /// line of a house that is not of this line.
    pub fn statements_by(
        &self,
        id: EventId,
        by: &Actor,
        by_line: Option<&Line>,
    ) -> impl Iterator<Item = Event> {
        let line = by_line.filter(|line| **line != self.line).cloned();
        let by = by.clone();
        let same = self.with_id(id).filter(move |(key, _)| key.by == by && key.line == line);
        same.map(|(_, answer)| answer.statement.to_event())
    }

    /// Returns the first accept, as a server settled it. Otherwise the lowest offset in the line's own partition wins,
    /// and records elsewhere come after those.
    pub(super) fn first(&self, call: &CallKey) -> Option<EventId> {
        self.first_of(call, &self.answers_of(call))
    }

    /// Returns the first accept of a call with these answers.
    pub(super) fn first_of(&self, call: &CallKey, answers: &[(&Key, &Answer)]) -> Option<EventId> {
        self.first_by_server.get(call).copied().or_else(|| {
            let accepts =
                answers.iter().filter(|(_, answer)| matches!(answer.statement, Statement::Accept(_)));
            let ranked =
                accepts.filter_map(|(key, answer)| Some((self.rank.first(&answer.positions)?, key.id)));
            ranked.min().map(|(_, id)| id)
        })
    }

    /// Returns an answer as it is announced. It names its call, and an accept has whether it is the first.
    pub(super) fn announcement_of(
        &self,
        call: &CallKey,
        answer: &Answer,
        first: Option<EventId>,
    ) -> (Event, Option<bool>) {
        match &answer.statement {
            Statement::Accept(accept) => {
                let is_decided = !answer.positions.is_empty() || self.first_by_server.contains_key(call);
                let first = is_decided.then(|| first == Some(accept.id));
                (Event::Accept(Accept { alert: Some(call.0), ..accept.clone() }), first)
            }
            Statement::Status(status) => (Event::Status(status.clone()), None),
        }
    }

    fn sorted(&self, wanted: impl Fn(&Call) -> bool) -> Vec<Incident> {
        let calls = self.calls.values().flatten().filter(|(_, call)| wanted(call));
        let keys = calls.map(|(house, call)| (call.alert.id, house.clone()));
        let mut incidents: Vec<_> = keys.filter_map(|key| self.incident(&key)).collect();
        let place = |incident: &Incident| (incident.alert.at, incident.alert.id);
        sort_by(&mut incidents, |a, b| place(a).cmp(&place(b)));
        incidents
    }

    fn incident(&self, key: &CallKey) -> Option<Incident> {
        let mut incident = self.course(key)?;
        if let Some(receipt) = self.receipt_of(key) {
            incident.pushed = receipt.pushed;
            incident.reached = receipt.reached;
            incident.sounded = receipt.sounded;
            incident.seen = receipt.seen;
        }
        Some(incident)
    }

    fn course(&self, key: &CallKey) -> Option<Incident> {
        let alert = &self.call(key)?.alert;
        let answers = self.sorted_answers_of(key);
        let moved = self.location_of(key).and_then(|moved| Some((moved.location?, moved.at)));
        let located = moved.or_else(|| Some((alert.location?, alert.at)));
        let mut incident = Incident {
            alert: alert.clone(),
            location: located.map(|(location, _)| location),
            located: located.map(|(_, at)| at),
            first: self.first_of(key, &answers),
            responses: Vec::new(),
            end: None,
            escalated: None,
            steps: Vec::new(),
            pushed: Flats::new(),
            reached: Flats::new(),
            sounded: Flats::new(),
            seen: Flats::new(),
        };
        let mut stances = Stances::default();
        for (_, answer) in answers {
            match &answer.statement {
                Statement::Accept(accept) => stances.accept(accept, incident.first == Some(accept.id)),
                Statement::Status(status) => stances.progress(&mut incident, status),
            }
        }
        incident.responses = stances.into_responses();
        for response in &mut incident.responses {
            let moved = self.location_of_helper(key, response).map(|moved| (moved.location, moved.at));
            if let Some((location, at)) = moved {
                (response.location, response.located) = (location, Some(at));
            }
        }
        Some(incident)
    }
}
