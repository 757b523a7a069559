//! The health of the process and the readiness of each role.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use backend::readiness::RoleState;
use domain::Role;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use crate::{auth::tokens, state::AppState};

/// `GET /healthz` is answered while the process lives.
pub(crate) async fn alive() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(json!({ "status": "ok" })))
}

/// `GET /readyz` gives each role's state, with the shard of a fan-out that has one, and is 503 when one cannot do its
/// work at all. The reasons name files and servers of the inside, so only administrators get them. The database is not
/// asked who they are, because it may be the part that has failed.
pub(crate) async fn ready(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let known = |token: String| state.backend.sessions.known(&token);
    let is_for_administrator =
        tokens(&headers).filter_map(known).any(|resident| resident.role == Role::Administrator);
    let roles = state.settings.roles;
    let web = if roles.web { RoleState::Ready } else { RoleState::Absent };
    let (producer, fanout) = (state.backend.readiness.producer(), state.backend.readiness.fanout());
    let statistics = state.backend.readiness.statistics();
    let all = [("web", web), ("producer", producer), ("fanout", fanout), ("statistics", statistics)];
    let works = all.iter().all(|(_, state)| state.works());
    let mut roles: serde_json::Map<_, _> =
        all.iter().map(|(name, state)| ((*name).to_owned(), report(state, is_for_administrator))).collect();
    if let (Some(shard), Some(fanout)) = (state.settings.shard, roles.get_mut("fanout")) {
        fanout["shard"] = json!(shard.number());
        fanout["shards"] = json!(state.settings.shards.count());
    }
    let status = if works { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(roles)).into_response()
}

fn report(state: &RoleState, with_reason: bool) -> Value {
    match state.reason().filter(|_| with_reason) {
        Some(reason) => json!({ "state": state.word(), "reason": reason }),
        None => json!({ "state": state.word() }),
    }
}
