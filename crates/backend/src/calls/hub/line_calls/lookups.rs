//! Lookups among the calls of a line. The index finds a call, so that only the calls of the answer are derived.

use std::time::Duration;

use domain::{Alert, AlertId, CallKey, Event, House, Incident, Millis, event::LATE_AFTER, topic};
use uuid::Uuid;

use super::{LineCalls, Name};
use crate::calls::hub::{frames::Received, index::Entry};

impl LineCalls {
    /// Returns whether the event `name` was delivered without the log and pushed to a socket of another house.
    pub(in crate::calls::hub) fn was_pushed(&self, name: Name) -> bool {
        self.pushed.contains_key(&name)
    }

    /// Returns the house's call of this id.
    pub(in crate::calls::hub) fn call(&self, id: AlertId, house: &House) -> Option<Incident> {
        self.incidents.named(id).into_iter().find(|incident| incident.alert.house == *house)
    }

    /// Returns the newest call of a house that is open at `now` and that neighbours have.
    pub(in crate::calls::hub) fn newest_open_of(&self, house: &House, now: Millis) -> Option<Incident> {
        let mut open = self.index.newest_first(house).filter(|(began, _, entry)| entry.is_open(*began, now));
        open.find_map(|(_, id, _)| self.call(id, house).filter(|call| !call.alert.alone))
    }

    /// Returns an open call of the alert's house and kind that is younger than ten minutes and that somebody heard. It
    /// was pushed to a socket of another house, or a house has acknowledged it.
    pub(in crate::calls::hub) fn standing(&self, alert: &Alert, now: Millis) -> Option<AlertId> {
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
    pub(in crate::calls::hub) fn unended(&self, age: Duration) -> Vec<Alert> {
        let old = self.index.older_than(age).filter_map(|(id, house)| self.call(id, house));
        old.filter(|incident| incident.end.is_none()).map(|incident| incident.alert).collect()
    }

    /// Returns the calls of the line that nobody has ended and that were received less than `age` ago, with how long ago
    /// that was.
    pub(in crate::calls::hub) fn young(&self, age: Duration) -> Vec<(Alert, Duration)> {
        let young = self.index.younger_than(age);
        let young = young.filter_map(|(id, house, ago)| Some((self.call(id, house)?, ago)));
        let young = young.filter(|(call, _)| call.end.is_none() && !call.alert.alone);
        young.map(|(call, ago)| (call.alert, ago)).collect()
    }

    /// Returns the calls that ended at `at` or later.
    pub(in crate::calls::hub) fn ended_since(&self, at: Millis) -> Vec<Incident> {
        let ended = self.index.ended_since(at).filter_map(|(id, house)| self.call(id, house));
        ended.filter(|call| !call.alert.alone).collect()
    }

    /// Returns how long ago a call was received.
    pub(in crate::calls::hub) fn age(&self, id: AlertId, house: &House) -> Option<Duration> {
        self.index.received(id, Some(house)).map(|received| received.ago())
    }

    /// Returns the calls of the line that nobody has ended and that were received less than `age` ago.
    pub(in crate::calls::hub) fn unended_keys(&self, age: Duration) -> Vec<CallKey> {
        self.keys(age, |_| true)
    }

    /// Returns those of [`LineCalls::unended_keys`] of which a step of an escalation was taken.
    pub(in crate::calls::hub) fn escalated_keys(&self, age: Duration) -> Vec<CallKey> {
        self.keys(age, |entry| entry.is_escalated)
    }

    fn keys(&self, age: Duration, wanted: impl Fn(&Entry) -> bool) -> Vec<CallKey> {
        let line = self.incidents.line();
        let calls = self.index.unended(age).filter(|(.., entry)| wanted(entry));
        let calls = calls.filter(|(id, house, _)| self.alone.get(id) != Some(*house));
        calls.map(|(id, house, _)| CallKey { line: line.clone(), house: house.clone(), id }).collect()
    }

    /// Returns how long ago a word about a call was received: its alert, an accept or a withdrawal.
    pub(in crate::calls::hub) fn since(&self, id: AlertId, house: &House, word: Uuid) -> Option<Duration> {
        if word == id.0 {
            return self.age(id, house);
        }
        let known =
            [topic::ACCEPT, topic::STATUS].into_iter().find_map(|topic| self.words.get(&(topic, word)));
        known.map(|(received, _)| received.ago())
    }

    /// Returns the only call of this id; nothing if two houses used it.
    pub(in crate::calls::hub) fn only(&self, id: AlertId) -> Option<CallKey> {
        match &self.incidents.named(id)[..] {
            [call] => Some(call.alert.key()),
            _ => None,
        }
    }

    /// Returns the id of the frames about an event; `None` for an event without a name.
    pub(in crate::calls::hub) fn message_id(&self, event: &Event) -> Option<String> {
        self.message_ids.of(event)
    }

    /// Returns when the call of an event was received, or nothing where two houses used its id and the event does not
    /// name one.
    pub(in crate::calls::hub) fn received(&self, event: &Event) -> Option<Received> {
        self.index.received(event.alert()?, event.target())
    }
}
