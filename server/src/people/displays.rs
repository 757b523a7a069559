//! Makes the screens that show the board, each with a link that is shown once, and lists and revokes them.

use std::sync::Arc;

use app::{
    page_table::BOARD,
    pages::board::{Displays, View},
};
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use backend::people::displays::Made;
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::{act::Act, acts::Nothing, cards::address, qr};
use crate::{
    auth::Administrator,
    problem::Problem,
    query::word,
    rendering::{self, Extras},
    state::AppState,
};

/// A new screen.
#[derive(Deserialize)]
pub(crate) struct NewDisplay {
    #[serde(default)]
    name: String,
}

/// `GET /api/displays` answers with every screen, the newest first.
///
/// # Errors
/// [`crate::problem::Kind::UNAVAILABLE`].
pub(crate) async fn list(_: Administrator, State(state): State<AppState>) -> Result<Response, Problem> {
    let displays = state.backend.displays.list().await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(json!({ "displays": displays }))).into_response())
}

/// `POST /api/displays`, for programs. The link is in this answer and nowhere else.
pub(crate) async fn make(State(state): State<AppState>, act: Act<NewDisplay>) -> Response {
    match state.backend.displays.make(&act.value.name, &act.who(&state)).await {
        Ok(made) => {
            let link = link(&address(&state, &act.parts), &made);
            let no_store = [(header::CACHE_CONTROL, "no-store")];
            let answer = Json(json!({ "display": made.display, "link": link }));
            (StatusCode::CREATED, no_store, answer).into_response()
        }
        Err(refused) => act.reply.refused(refused, &act.value.name),
    }
}

/// `POST /admin/board/displays` is the page's form. The answer is the page with the link itself, since nobody can read it
/// again.
pub(crate) async fn make_page(State(state): State<AppState>, act: Act<NewDisplay>) -> Response {
    let made = match state.backend.displays.make(&act.value.name, &act.who(&state)).await {
        Ok(made) => made,
        Err(refused) => return act.reply.refused(refused, &act.value.name),
    };
    let link = link(&address(&state, &act.parts), &made);
    let shown = Displays::Made { name: made.display.name, qr: qr::svg(&link, &link), link };
    let extras = Extras { displays: Some(Arc::new(shown)), ..Extras::default() };
    rendering::answer(state, act.parts, Some(act.by), extras).await
}

/// `POST /api/displays/{id}/revoke`.
pub(crate) async fn revoke(
    State(state): State<AppState>,
    Path(id): Path<String>,
    act: Act<Nothing>,
) -> Response {
    match state.backend.displays.revoke(&id, &act.who(&state)).await {
        Ok(name) => act.reply.done("revoked", &name),
        Err(refused) => act.reply.refused(refused, &id),
    }
}

/// Returns what the page of screens shows for the query of its address.
pub(crate) async fn shown(state: &AppState, query: Option<&str>) -> Displays {
    let displays = match state.backend.displays.list().await {
        Ok(displays) => Some(displays),
        Err(error) => {
            tracing::error!(%error, "the displays cannot be shown");
            None
        }
    };
    Displays::List { displays, view: view(query), zone: state.zone() }
}

fn view(query: Option<&str>) -> View {
    let [done, problem, about] = ["done", "problem", "about"].map(|name| word(query, name));
    View { done, problem, about }
}

/// A link to the board for a screen. The token is in its query, which no log of this server has.
fn link(address: &str, made: &Made) -> String {
    format!("{address}{}?display={}", BOARD.path, made.token.as_str())
}
