//! Lookups for commands, pages and acknowledgements. A lookup takes locks that are never held while frames are pushed.

use std::{sync::Arc, time::Duration};

use domain::{
    Accept, Actor, Alert, AlertId, CallKey, Event, EventId, House, Incident, Line, Millis, Status,
    event::OPEN_FOR, message_id,
};
use uuid::Uuid;

use super::{Hub, Known, room::Room};
use crate::clock;

impl Hub {
    /// Returns the call that the message with this id is about, of `line` or of another line that was escalated to it;
    /// `None` if it is about something else.
    #[must_use]
    pub fn acknowledged(&self, line: &Line, message_id: &str) -> Option<Arc<CallKey>> {
        let own = self.existing(line).and_then(|room| room.acknowledged(message_id));
        own.or_else(|| self.acknowledged_of_others(line, message_id))
    }

    /// Returns the call of another line that was escalated to `line` and that the message with this id is about.
    pub(super) fn acknowledged_of_others(&self, line: &Line, message_id: &str) -> Option<Arc<CallKey>> {
        // Most messages are about no alert, and the list of hosts is locked for everybody.
        if !message_id::may_be_of_alert(message_id) {
            return None;
        }
        let is_for = |call: &Arc<CallKey>| {
            self.call_of(&call.line, &call.house, call.id).is_some_and(|call| call.is_for(line))
        };
        let hosts = self.0.guests.hosts(line);
        let rooms = hosts.iter().filter_map(|host| self.existing(host));
        rooms.filter_map(|room| room.acknowledged(message_id)).find(is_for)
    }

    /// Every call known on a line, the oldest first.
    #[must_use]
    pub fn incidents(&self, line: &Line) -> Vec<Incident> {
        self.existing(line).map(|room| room.calls().incidents.incidents()).unwrap_or_default()
    }

    /// Returns the calls with this id. There is one, unless two houses used the same.
    #[must_use]
    pub fn named(&self, alert: AlertId) -> Vec<Incident> {
        let rooms = self.0.alerts.lines(alert).into_iter().filter_map(|line| self.existing(&line));
        rooms.flat_map(|room| room.calls().incidents.named(alert)).collect()
    }

    /// Looks the event's id up. An alert has an index of its own.
    #[must_use]
    pub(crate) fn known(&self, event: &Event) -> Known {
        if let Event::Alert(alert) = event {
            return self.0.alerts.known(alert);
        }
        self.existing(event.line())
            .map_or_else(|| Known::Nothing(event.clone()), |room| Known::of(&room.calls().incidents, event))
    }

    /// Returns when the flat's call of this id began.
    #[must_use]
    pub(crate) fn began(&self, line: &Line, house: &House, id: AlertId) -> Option<Millis> {
        self.0.alerts.began(line, house, id)
    }

    /// Returns the flat's call of this id.
    #[must_use]
    pub(crate) fn call_of(&self, line: &Line, house: &House, id: AlertId) -> Option<Incident> {
        self.existing(line)?.calls().call(id, house)
    }

    /// Returns the accept with this id of a house, of the line or of the line `of`, of a call of the line.
    #[must_use]
    pub(crate) fn accept(
        &self,
        line: &Line,
        id: EventId,
        house: &House,
        of: Option<&Line>,
    ) -> Option<Accept> {
        let room = self.existing(line)?;
        let calls = room.calls();
        calls.incidents.statements_by(id, &Actor::House(house.clone()), of).find_map(|event| match event {
            Event::Accept(accept) => Some(accept),
            _ => None,
        })
    }

    /// The newest open call of a house.
    #[must_use]
    pub fn newest_open_of(&self, line: &Line, house: &House) -> Option<Incident> {
        self.existing(line)?.calls().newest_open_of(house, clock::now())
    }

    /// Returns an open call of the alert's house and kind that is younger than ten minutes and that somebody heard.
    #[must_use]
    pub(crate) fn standing(&self, alert: &Alert) -> Option<AlertId> {
        self.existing(&alert.line)?.calls().standing(alert, clock::now())
    }

    /// Returns the calls of every line that nobody has ended and that were received at least `age` ago, by the
    /// monotonic clock.
    pub(crate) fn unended(&self, age: Duration) -> Vec<Alert> {
        self.rooms().iter().flat_map(|room| room.calls().unended(age)).collect()
    }

    /// Returns the calls of every line that nobody has ended and that were received less than `age` ago, by the
    /// monotonic clock, with how long ago that was.
    pub(crate) fn young(&self, age: Duration) -> Vec<(Alert, Duration)> {
        self.rooms().iter().flat_map(|room| room.calls().young(age)).collect()
    }

    /// Returns the calls that a word may be about. There is one, unless two houses used the id and the word does not
    /// name the house.
    pub(crate) fn meant(&self, status: &Status) -> Vec<Incident> {
        let mut named = self.named(status.alert);
        named.retain(|Incident { alert, .. }| {
            alert.line == status.line && status.target.as_ref().is_none_or(|house| *house == alert.house)
        });
        named
    }

    /// Returns the calls of every line that ended at `at` or later.
    pub(crate) fn ended_since(&self, at: Millis) -> Vec<Incident> {
        self.rooms().iter().flat_map(|room| room.calls().ended_since(at)).collect()
    }

    /// Returns the calls of every line that nobody has ended and that were received less than `age` ago, by the
    /// monotonic clock. Nothing is derived for it.
    pub(crate) fn unended_keys(&self, age: Duration) -> Vec<CallKey> {
        self.rooms().iter().flat_map(|room| room.calls().unended_keys(age)).collect()
    }

    /// Returns those of [`Hub::unended_keys`] of which a step of an escalation was taken.
    pub(crate) fn escalated_keys(&self, age: Duration) -> Vec<CallKey> {
        self.rooms().iter().flat_map(|room| room.calls().escalated_keys(age)).collect()
    }

    /// Returns whether a line has an open call, or a call that was escalated to one of the lines that `serves` names.
    pub(crate) fn is_needed(&self, line: &Line, serves: impl Fn(&Line) -> bool) -> bool {
        let Some(room) = self.existing(line) else { return false };
        let calls = room.calls();
        let open_for = Duration::from_millis(OPEN_FOR.unsigned_abs());
        !calls.unended_keys(open_for).is_empty() || calls.index.guests().iter().any(serves)
    }

    /// Returns how long ago a word about a call was received, by the monotonic clock: its alert, an accept or a
    /// withdrawal.
    pub(crate) fn since(&self, call: &CallKey, word: Uuid) -> Option<Duration> {
        self.existing(&call.line)?.calls().since(call.id, &call.house, word)
    }

    /// Returns how long ago a call was received, by the monotonic clock.
    pub(crate) fn age(&self, call: &CallKey) -> Option<Duration> {
        self.existing(&call.line)?.calls().age(call.id, &call.house)
    }
}

impl Room {
    /// Returns the call of the line that the message with this id is about. One past the log names an id only, so
    /// nothing if two houses used it.
    pub(super) fn acknowledged(&self, message_id: &str) -> Option<Arc<CallKey>> {
        let direct = || {
            let alert = message_id::direct_alert(message_id)?;
            self.calls().only(alert).map(Arc::new)
        };
        self.alert_ids.get(message_id).or_else(direct)
    }
}
