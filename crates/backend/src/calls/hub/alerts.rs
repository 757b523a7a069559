//! The alerts that the hub knows, by id. Its lock is held for a lookup only, never while frames are pushed.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{PoisonError, RwLock},
};

use domain::{Alert, AlertId, CallKey, Event, House, Line, Millis};

use super::Known;

/// The alerts of the houses that used an id. There is one for each id, unless two houses used the same.
#[derive(Default)]
pub(super) struct Alerts(RwLock<HashMap<AlertId, Vec<Alert>>>);

impl Alerts {
    pub(super) fn insert(&self, alert: &Alert) {
        let mut alerts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = alerts.entry(alert.id).or_default();
        match known.iter_mut().find(|known| is_of_one_flat(known, alert)) {
            // The earliest of several records of one alert counts.
            Some(known) if alert.at < known.at => *known = alert.clone(),
            Some(_) => {}
            None => known.push(alert.clone()),
        }
    }

    /// Returns the lines of the calls with this id.
    pub(super) fn lines(&self, id: AlertId) -> BTreeSet<Line> {
        let alerts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        alerts.get(&id).into_iter().flatten().map(|known| known.line.clone()).collect()
    }

    /// Returns when the flat's call of this id began.
    pub(super) fn began(&self, line: &Line, house: &House, id: AlertId) -> Option<Millis> {
        let alerts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = alerts.get(&id)?.iter().find(|known| (&known.line, &known.house) == (line, house));
        known.map(|known| known.at)
    }

    /// Compares `alert` with the alerts that have the same id. Only the time and the location may differ for
    /// `Known::Same`, because a repeated press may know better where the caller is.
    pub(super) fn known(&self, alert: &Alert) -> Known {
        let alerts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = alerts.get(&alert.id).map(Vec::as_slice).unwrap_or_default();
        match known.iter().find(|known| is_of_one_flat(known, alert)) {
            None if known.is_empty() => Known::Nothing(Event::Alert(alert.clone())),
            None => Known::Taken,
            Some(known) if Alert { at: alert.at, location: alert.location, ..known.clone() } == *alert => {
                Known::Same(Event::Alert(known.clone()))
            }
            Some(_) => Known::Otherwise,
        }
    }

    /// Drops where the caller was.
    pub(super) fn forget_location(&self, call: &CallKey) {
        let mut alerts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for known in alerts.get_mut(&call.id).into_iter().flatten() {
            if (&known.line, &known.house) == (&call.line, &call.house) {
                known.location = None;
            }
        }
    }

    pub(super) fn forget(&self, before: Millis) {
        let mut alerts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        alerts.retain(|_, known| {
            known.retain(|alert| alert.at >= before);
            !known.is_empty()
        });
    }
}

fn is_of_one_flat(known: &Alert, alert: &Alert) -> bool {
    (&known.line, &known.house) == (&alert.line, &alert.house)
}
