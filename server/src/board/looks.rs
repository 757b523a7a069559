//! The looks of the board's readers at the locations of callers, which the audit records.

use std::sync::Arc;

use app::pages::board::Now;
use backend::audit::{Act, By};
use domain::{CallKey, House, Line, Resident};
use http::request::Parts;

use super::readers::Reader;
use crate::state::AppState;

/// Returns the calls whose location the board shows.
pub(super) fn located(now: &Now) -> Arc<[CallKey]> {
    let incidents = now.open.calls.iter().map(|call| &call.incident);
    incidents.filter(|incident| incident.location.is_some()).map(|incident| incident.alert.key()).collect()
}

/// The one who looks, as the audit names it.
pub(super) struct Looker {
    by: By,
    /// The flat of an administrator, whose own calls are not the office's.
    own: Option<(Line, House)>,
}

impl Looker {
    /// A reader of the stream.
    pub(super) fn of(state: &AppState, parts: &Parts, reader: &Reader) -> Self {
        match reader {
            Reader::Administrator(credentials) => {
                Self::administrator(state, parts, &credentials.session.resident)
            }
            Reader::Display(id) => Self::display(state, parts, id),
        }
    }

    /// Somebody of the office.
    pub(super) fn administrator(state: &AppState, parts: &Parts, resident: &Resident) -> Self {
        let own = resident.flat().map(|(line, house)| (line.clone(), house.clone()));
        Self { by: state.proxies.sender(parts).by(&resident.name), own }
    }

    /// A screen on a wall. Nobody knows who stands before it.
    pub(super) fn display(state: &AppState, parts: &Parts, id: &str) -> Self {
        // A screen that was revoked meanwhile has no name any more.
        let name = state.backend.displays.name(id).unwrap_or_else(|| id.to_owned());
        Self { by: By::display(&name, state.proxies.sender(parts).ip), own: None }
    }

    /// Records that the locations of these calls were shown.
    pub(super) fn looked(&self, state: &AppState, located: &[CallKey]) {
        let is_own = |call: &CallKey| {
            self.own.as_ref().is_some_and(|(line, house)| *line == call.line && *house == call.house)
        };
        for call in located.iter().filter(|call| !is_own(call)) {
            state.backend.audit.looked(Act::LocationSeen, &self.by, call);
        }
    }
}
