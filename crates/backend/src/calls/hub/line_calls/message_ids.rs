//! The ids of the messages about the events of a line, by which clients acknowledge them.

use std::collections::HashMap;

use domain::{CallKey, Event, Millis, message_id, topic};

use super::{Name, name};

/// The ids that the log has given.
#[derive(Default)]
pub(super) struct MessageIds {
    /// Where the log has an event, as a `message-id`, with the event's time.
    ids: HashMap<Name, (String, Millis)>,
    /// The calls by the messages of their alerts.
    alerts: HashMap<String, CallKey>,
}

impl MessageIds {
    /// Records an id. The first id of an event stays, because a client may acknowledge it at any time.
    pub(super) fn record(&mut self, event: &Event, message_id: String) {
        let Some((key, at)) = name(event).zip(event.at()) else { return };
        if let Event::Alert(alert) = event {
            self.alerts.insert(message_id.clone(), alert.key());
        }
        self.ids.entry(key).or_insert((message_id, at));
    }

    /// Returns the id of the frames about an event; `None` for an event without a name.
    pub(super) fn of(&self, event: &Event) -> Option<String> {
        let name = name(event)?;
        let known = self.ids.get(&name).map(|(id, _)| id.clone());
        Some(known.unwrap_or_else(|| message_id::direct(name.0, name.1)))
    }

    /// Returns the call of an alert that the log has under this id.
    pub(super) fn alert(&self, message_id: &str) -> Option<&CallKey> {
        self.alerts.get(message_id)
    }

    /// Forgets the events that were before `before`.
    pub(super) fn forget(&mut self, before: Millis) {
        self.ids.retain(|_, (_, at)| *at >= before);
        self.alerts
            .retain(|_, alert| topic::OF_ALERTS.iter().any(|of| self.ids.contains_key(&(*of, alert.id.0))));
    }
}
