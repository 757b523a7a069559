//! The data that single pages show beside what every page has, read before they are rendered.

use std::sync::Arc;

use app::{
    page_table::{
        self, AUDIT, Audience, CALL_STATE, CALLS, DISPLAYS, DRILLS, INSTALL, INVITATION, MY_SIGN_IN, SIGN_IN,
        STATISTICS,
    },
    pages::{install, sign_in},
};
use backend::people::sessions::Session;
use domain::{Resident, Role};
use http::request::Parts;

use crate::{
    audit as records, board, drills as exercises, figures, me as of_person, my_sign_in as own, past_calls,
    people as office,
    problem::Problem,
    rendering::Extras,
    sign_in::{next_of, service},
    state::AppState,
};

/// Reads what the page of an address shows. Nobody but an administrator gets what is the office's.
pub(super) async fn read(
    state: &AppState,
    parts: &Parts,
    session: Option<&Session>,
) -> Result<Extras, Problem> {
    let (path, query) = (parts.uri.path(), parts.uri.query());
    let mut extras = Extras::default();
    if INSTALL.is_at(path) {
        extras.external = office::in_kakao_talk(state, parts).map(install::External);
    }
    if SIGN_IN.is_at(path) {
        extras.service = state.settings.oidc.as_ref().map(|oidc| sign_in::Service {
            korean: oidc.korean.clone(),
            english: oidc.english.clone(),
            address: service::address(next_of(query).as_deref()),
        });
    }
    if INVITATION.is_at(path) {
        let code = path.rsplit('/').next().unwrap_or_default();
        extras.join = Some(Arc::new(office::invitation(state, parts, code).await?));
    }
    if let Some(session) = session.filter(|_| MY_SIGN_IN.is_at(path)) {
        extras.my_sign_in = Some(Arc::new(own::shown(state, session, query).await));
    }
    let viewer = session.map(|session| &*session.resident);
    if let Some(viewer) = viewer {
        extras.me = of_person::shown(state, path, query, viewer).await;
    }
    extras.board = board::shown(state, parts, viewer).await;
    if let Some(viewer) = viewer.filter(|_| CALLS.is_at(path)) {
        extras.calls = Some(Arc::new(past_calls::shown(state, query, viewer).await));
    }
    if let Some(viewer) = viewer.filter(|viewer| viewer.role == Role::Administrator) {
        read_for_office(state, parts, viewer, &mut extras).await;
    }
    Ok(extras)
}

/// Reads what only an administrator gets.
async fn read_for_office(state: &AppState, parts: &Parts, viewer: &Resident, extras: &mut Extras) {
    let (path, query) = (parts.uri.path(), parts.uri.query());
    if CALL_STATE.is_at(path) {
        records::call_seen(state, parts, viewer);
    }
    if page_table::at(path).is_some_and(|page| page.audience == Audience::Administrators) {
        extras.unchecked = records::unchecked(state).await;
        extras.pulse = state.backend.canary.pulse();
    }
    if DRILLS.is_at(path) {
        extras.drills = Some(Arc::new(exercises::shown(state, query).await));
    }
    if AUDIT.is_at(path) {
        extras.audit = Some(Arc::new(records::shown(state, query).await));
    }
    if DISPLAYS.is_at(path) {
        extras.displays = Some(Arc::new(office::displays(state, query).await));
    }
    if STATISTICS.is_at(path) {
        extras.statistics = Some(Arc::new(figures::shown(state, query).await));
    }
    extras.people = office::shown(state, path, query).await.map(Arc::new);
    extras.escalation = office::escalation(state, path, query).await.map(Arc::new);
}
