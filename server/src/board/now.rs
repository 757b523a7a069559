//! The state of the complex as the board shows it, and the content of the page, read before it is rendered.

use std::sync::Arc;

use app::{
    i18n::Locale,
    page_table::BOARD,
    pages::board::{Now, Reader, Shown, fragment},
};
use backend::{clock, people::displays::Found};
use domain::{Resident, Role};
use http::request::Parts;

use super::{
    looks::{Looker, located},
    plan::ground,
    readers,
};
use crate::{boards::Content, state::AppState};

/// Renders the open calls in a language.
pub(super) fn content(state: &AppState, locale: Locale) -> Content {
    let now = now(state);
    Content { html: fragment(locale, &now).into(), located: located(&now) }
}

/// Returns the open calls, and how many have ended today.
fn now(state: &AppState) -> Now {
    let (zone, now) = (state.zone(), clock::now());
    let today = zone.midnight(zone.local(now).date);
    let (open, ground) = (state.backend.hub.open_calls(today, now), ground(state));
    let fault = state.backend.canary.pulse().and_then(|pulse| pulse.failure).map(|failure| failure.fault);
    Now { open, now, zone, ground, fault }
}

/// Returns what the page at an address shows, if it is the board and somebody may read it.
pub(crate) async fn shown(state: &AppState, parts: &Parts, viewer: Option<&Resident>) -> Option<Arc<Shown>> {
    if !BOARD.is_at(parts.uri.path()) {
        return None;
    }
    if let Some(viewer) = viewer.filter(|viewer| viewer.role == Role::Administrator) {
        let now = now(state);
        Looker::administrator(state, parts, viewer).looked(state, &located(&now));
        return Some(Arc::new(Shown::Now(now, Reader::Administrator)));
    }
    let token = readers::token(parts)?;
    let shown = match state.backend.displays.find(&token) {
        Found::Known(id) => {
            let mut looker = Looker::display(state, parts, &id);
            readers::note_seen(state, id);
            // Before that, calls that are over look open.
            readers::promised(state).await;
            let now = now(state);
            looker.looked(state, &located(&now));
            Shown::Now(now, Reader::Display)
        }
        Found::Unknown => Shown::Revoked,
        Found::NotRead => Shown::NotRead,
    };
    Some(Arc::new(shown))
}
