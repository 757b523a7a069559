//! The looks of the board's readers at the locations of callers. The audit records them, and so does the record of uses
//! that callers read.

use std::{collections::HashSet, sync::Arc};

use app::pages::board::Now;
use backend::{
    audit::{Act, By},
    calls::hub::{self, Means, Viewer},
};
use domain::{CallKey, House, Line, Resident};
use http::request::Parts;

use super::readers::Reader;
use crate::state::AppState;

/// Returns the calls whose location the board shows.
pub(super) fn located(now: &Now) -> Arc<[CallKey]> {
    let incidents = now.open.calls.iter().map(|call| &call.incident);
    incidents.filter(|incident| incident.location.is_some()).map(|incident| incident.alert.key()).collect()
}

/// The one who looks, as the two records name it.
pub(super) struct Looker {
    by: By,
    viewer: Arc<Viewer>,
    /// The flat of an administrator, whose own calls are not the office's.
    own: Option<(Line, House)>,
    /// The calls whose use is recorded for this reader.
    shown: HashSet<CallKey>,
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
        let by = state.proxies.sender(parts).by(&resident.name);
        Self { by, viewer: Arc::new(resident.clone()), own, shown: HashSet::new() }
    }

    /// A screen on a wall. Nobody knows who stands before it.
    pub(super) fn display(state: &AppState, parts: &Parts, id: &str) -> Self {
        // A screen that was revoked meanwhile has no name any more.
        let name = state.backend.displays.name(id).unwrap_or_else(|| id.to_owned());
        let by = By::display(&name, state.proxies.sender(parts).ip);
        Self { by, viewer: Arc::new(hub::display(&name)), own: None, shown: HashSet::new() }
    }

    /// Records that the locations of these calls were shown.
    pub(super) fn looked(&mut self, state: &AppState, located: &[CallKey]) {
        for call in located {
            // A board is rendered for every change, and its streams must not fill the queue that alarms share.
            if self.shown.insert(call.clone()) {
                state.backend.hub.showed(call.clone(), Means::Board, &self.viewer);
            }
        }
        let is_own = |call: &CallKey| {
            self.own.as_ref().is_some_and(|(line, house)| *line == call.line && *house == call.house)
        };
        for call in located.iter().filter(|call| !is_own(call)) {
            state.backend.audit.looked(Act::LocationSeen, &self.by, call);
        }
    }
}
