//! The health of the process and the readiness of each role.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use backend::readiness::RoleState;
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::state::AppState;

/// `GET /healthz` is answered while the process lives.
pub async fn alive() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(json!({ "status": "ok" })))
}

/// `GET /readyz` gives each role's state, and is 503 when one cannot do its work at all.
pub async fn ready(State(state): State<AppState>) -> Response {
    let roles = state.settings.roles;
    let web = if roles.web { RoleState::Ready } else { RoleState::Absent };
    let (producer, fanout) = (state.backend.readiness.producer(), state.backend.readiness.fanout());
    let statistics = state.backend.readiness.statistics();
    let all = [("web", web), ("producer", producer), ("fanout", fanout), ("statistics", statistics)];
    let works = all.iter().all(|(_, state)| state.works());
    let report: serde_json::Map<_, _> =
        all.iter().map(|(name, state)| ((*name).to_owned(), report_of(state))).collect();
    let status = if works { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(report)).into_response()
}

fn report_of(state: &RoleState) -> Value {
    match state.reason() {
        Some(reason) => json!({ "state": state.word(), "reason": reason }),
        None => json!({ "state": state.word() }),
    }
}
