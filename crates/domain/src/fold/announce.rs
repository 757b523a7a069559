//! Announcements to listeners. Each event is announced once, an answer never before its call, and the first accept
//! whenever it is settled anew.

use super::{Call, CallKey, Change, LineIncidents};
use crate::{
    event::{Accept, Event, EventId},
    fold::statement::{Key, Statement},
};

impl LineIncidents {
    /// A call that is new, with what was known of it before it came. Its answers come after.
    pub(super) fn announce_call(&mut self, key: &CallKey) -> Vec<Change> {
        let Some(call) = self.call(key) else { return Vec::new() };
        let mut events = vec![Event::Alert(call.alert.clone())];
        events.extend(self.moved.get(&(key.0, Some(key.1.clone()))).cloned().map(Event::Moved));
        // With two calls of one id, the other one's arrival has announced this.
        if self.calls.get(&key.0).is_some_and(|houses| houses.len() == 1) {
            events.extend(self.moved.get(&(key.0, None)).cloned().map(Event::Moved));
        }
        events.extend(self.reported_by_helpers(key).cloned().map(Event::Moved));
        events.extend(self.receipt_of(key).map(Event::Receipt));
        events.into_iter().map(|event| Change::Event { event, first: None }).collect()
    }

    /// Returns the answers to a call that were not announced yet, in the order of (time, id), then which is first.
    pub(super) fn announce_answers(&mut self, call: &CallKey, changes: &mut Vec<Change>) {
        let is_unannounced =
            |key: &Key| self.answers.get(key).is_some_and(|answer| answer.announced != Some(call.0));
        let answers = self.sorted_answers_of(call);
        let first = self.first_of(call, &answers);
        let keys = answers.into_iter().map(|(key, _)| key).filter(|key| is_unannounced(key));
        let keys: Vec<Key> = keys.cloned().collect();
        for key in keys {
            changes.extend(self.announce_answer(&key, call, first));
        }
        changes.extend(self.announce_first(call));
    }

    /// Returns an answer to a call, unless it was announced before.
    pub(super) fn announce_answer(
        &mut self,
        key: &Key,
        call: &CallKey,
        first: Option<EventId>,
    ) -> Option<Change> {
        let answer = self.answers.get_mut(key)?;
        if answer.announced.replace(call.0) == Some(call.0) {
            return None;
        }
        let answer = self.answers.get(key)?;
        let (event, rank) = self.announcement_of(call, answer, first);
        if rank == Some(true)
            && let Some(call) = self.call_mut(call)
        {
            call.announced_first = first;
        }
        Some(Change::Event { event, first: rank })
    }

    /// Announces which accept of a call is first, where listeners know another one, or none.
    pub(super) fn announce_first(&mut self, key: &CallKey) -> Option<Change> {
        let first = self.first(key);
        let Call { announced_first, .. } = self.call_mut(key)?;
        if std::mem::replace(announced_first, first) == first {
            return None;
        }
        let accept = self.answers_of(key).into_iter().find_map(|(_, answer)| match &answer.statement {
            Statement::Accept(accept) if Some(accept.id) == first => Some(accept),
            _ => None,
        })?;
        Some(Change::First { alert: key.0, accept: Accept { alert: Some(key.0), ..accept.clone() } })
    }
}
