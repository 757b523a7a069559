//! The rules by which a call that nobody comes to alarms more people, with `/api/escalation` and the data of
//! `/admin/escalation`.

use app::{
    page_table::ESCALATION,
    pages::escalation::{Shown, View},
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use backend::people::office::Refused;
use domain::api::EscalationRequest;
use http::header;

use super::act::Act;
use crate::{auth::Administrator, problem::Problem, query::word, state::AppState};

/// `GET /api/escalation` answers with the rules of the complex.
///
/// # Errors
/// [`Kind::UNAVAILABLE`](crate::problem::Kind::UNAVAILABLE).
pub(crate) async fn rules(_: Administrator, State(state): State<AppState>) -> Result<Response, Problem> {
    let settings = state.backend.escalation.settings().await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(settings)).into_response())
}

/// `POST /api/escalation` sets other rules.
pub(crate) async fn set_rules(State(state): State<AppState>, act: Act<EscalationRequest>) -> Response {
    let by = act.who(&state);
    let outcome = state.backend.escalation.set(&act.value.settings(), &by).await;
    act.reply.answer(outcome.map_err(Refused::from), "saved", "")
}

/// Returns what the page at an address shows, if it is that of the rules.
pub(crate) async fn shown(state: &AppState, path: &str, query: Option<&str>) -> Option<Shown> {
    if !ESCALATION.is_at(path) {
        return None;
    }
    let settings = state.backend.escalation.settings().await;
    let settings =
        settings.inspect_err(|error| tracing::error!(%error, "the rules of escalation cannot be shown"));
    let view = View { is_saved: word(query, "done") == "saved", problem: word(query, "problem") };
    Some(Shown { settings: settings.ok(), view })
}
