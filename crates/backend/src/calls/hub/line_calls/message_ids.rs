//! The ids of the messages about the events of a line, by which clients acknowledge them.

use std::{collections::HashMap, sync::Arc};

use domain::{CallKey, Event, Millis, Position, message_id, topic};
use parking_lot::RwLock;

use super::{Name, name};

/// The ids that the log has given.
#[derive(Default)]
pub(super) struct MessageIds {
    /// Where the log has an event, with the event's time. Few are asked for, so none is written before.
    ids: HashMap<Name, (Position, Millis)>,
    alerts: AlertIds,
}

/// The calls of a line by the messages of their alerts. A thousand clients acknowledge one at the same moment, so it
/// has a lock of its own, which is held for no more than a lookup. Clones share it.
#[derive(Clone, Default)]
pub(in crate::calls::hub) struct AlertIds(Arc<RwLock<HashMap<Box<str>, Arc<CallKey>>>>);

impl AlertIds {
    /// Returns the call of an alert that the log has under this id.
    pub(in crate::calls::hub) fn get(&self, message_id: &str) -> Option<Arc<CallKey>> {
        self.0.read().get(message_id).cloned()
    }

    fn insert(&self, message_id: &str, call: CallKey) {
        let mut calls = self.0.write();
        if calls.get(message_id).is_none_or(|known| **known != call) {
            calls.insert(message_id.into(), Arc::new(call));
        }
    }
}

impl MessageIds {
    /// Returns those of the alerts.
    pub(super) fn alerts(&self) -> &AlertIds {
        &self.alerts
    }

    /// Records the id of an event at this position. The first id of an event stays, because a client may acknowledge it at
    /// any time.
    pub(super) fn record(&mut self, event: &Event, position: Position) {
        let Some((key, at)) = name(event).zip(event.at()) else { return };
        if let Event::Alert(alert) = event {
            self.alerts.insert(&position.message_id(key.0), alert.key());
        }
        self.ids.entry(key).or_insert((position, at));
    }

    /// Returns the id of the frames about an event; `None` for an event without a name.
    pub(super) fn of(&self, event: &Event) -> Option<String> {
        let name = name(event)?;
        let known = self.ids.get(&name).map(|(position, _)| position.message_id(name.0));
        Some(known.unwrap_or_else(|| message_id::direct(name.0, name.1)))
    }

    /// Forgets the events that were before `before`.
    pub(super) fn forget(&mut self, before: Millis) {
        let Self { ids, alerts } = self;
        ids.retain(|_, (_, at)| *at >= before);
        alerts
            .0
            .write()
            .retain(|_, alert| topic::OF_ALERTS.iter().any(|of| ids.contains_key(&(*of, alert.id.0))));
    }
}
