//! The acts on accounts, lines and houses, each a route.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{House, Line, Role};
use http::header;
use serde::Deserialize;

use super::{
    act::{Act, Name},
    cards,
};
use crate::{
    auth::Administrator,
    client_address::ClientAddress,
    downloads::recorded,
    problem::{Kind, Problem},
    state::AppState,
};

/// An act that needs nothing but its address.
#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// An act that a form must confirm, because it deletes something.
#[derive(Deserialize)]
pub(crate) struct Confirmed {
    #[serde(default)]
    confirmed: String,
}

/// Another role.
#[derive(Deserialize)]
pub(crate) struct NewRole {
    role: Role,
}

/// A line.
#[derive(Deserialize)]
pub(crate) struct OfLine {
    line: Line,
}

/// A house.
#[derive(Deserialize)]
pub(crate) struct OfHouse {
    #[serde(default)]
    building: String,
    line: Line,
    house: House,
}

/// The lines next to a line, separated by semicolons.
#[derive(Deserialize)]
pub(crate) struct Neighbours {
    line: Line,
    #[serde(default)]
    neighbours: String,
}

/// `GET /api/people`: everything that the office keeps. It is a download, so it is recorded.
///
/// # Errors
/// [`Kind::UNAVAILABLE`].
pub(crate) async fn list(
    Administrator(by): Administrator,
    client: ClientAddress,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let complex = state.backend.accounts.complex().await?;
    recorded(&state, client.by(&by.name), "people", "").await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(complex)).into_response())
}

/// `POST /api/people/{name}/lock`.
pub(crate) async fn lock(State(state): State<AppState>, Name(name): Name, act: Act<Nothing>) -> Response {
    let outcome = act.accounts(&state).lock(&name).await;
    act.reply.answer(outcome, "locked", &name)
}

/// `POST /api/people/{name}/unlock`.
pub(crate) async fn unlock(State(state): State<AppState>, Name(name): Name, act: Act<Nothing>) -> Response {
    let outcome = act.accounts(&state).unlock(&name).await;
    act.reply.answer(outcome, "unlocked", &name)
}

/// `POST /api/people/{name}/end-sessions`.
pub(crate) async fn end_sessions(
    State(state): State<AppState>,
    Name(name): Name,
    act: Act<Nothing>,
) -> Response {
    let outcome = act.accounts(&state).sign_out_everywhere(&name).await.map(drop);
    act.reply.answer(outcome, "signed-out", &name)
}

/// `POST /api/people/{name}/role`.
pub(crate) async fn set_role(State(state): State<AppState>, Name(name): Name, act: Act<NewRole>) -> Response {
    let outcome = act.accounts(&state).set_role(&name, act.value.role).await;
    act.reply.answer(outcome, act.value.role.as_str(), &name)
}

/// `POST /api/people/{name}/move-out`. A form has a box that confirms it; a program that sends this means it.
pub(crate) async fn move_out(
    State(state): State<AppState>,
    Name(name): Name,
    act: Act<Confirmed>,
) -> Response {
    if act.reply.is_page() && act.value.confirmed.is_empty() {
        return act
            .reply
            .refuse_about(&Kind::UNCONFIRMED.because("Tick the box, then send it again."), &name);
    }
    let outcome = act.accounts(&state).move_out(&name).await;
    act.reply.answer(outcome, "moved-out", &name)
}

/// `POST /api/people/{name}/reset`: an invitation to choose a new password, for programs. The page has
/// `/admin/people/cards`.
pub(crate) async fn reset(State(state): State<AppState>, Name(name): Name, act: Act<Nothing>) -> Response {
    match act.accounts(&state).reset(&name, &act.by.name).await {
        Ok(invitation) => cards::answer(&state, &act.parts, std::slice::from_ref(&invitation)),
        Err(refused) => act.reply.refused(refused, &name),
    }
}

/// `POST /api/houses`: adds a house, and its line where that is new.
pub(crate) async fn add_house(State(state): State<AppState>, act: Act<OfHouse>) -> Response {
    let OfHouse { building, line, house } = &act.value;
    let outcome = act.accounts(&state).add_house(building.trim(), line, house).await;
    act.reply.answer(outcome, "added", &format!("{line} {house}"))
}

/// `POST /api/houses/remove`.
pub(crate) async fn remove_house(State(state): State<AppState>, act: Act<OfHouse>) -> Response {
    let OfHouse { line, house, .. } = &act.value;
    let outcome = act.accounts(&state).remove_house(line, house).await;
    act.reply.answer(outcome, "removed", &format!("{line} {house}"))
}

/// `POST /api/lines/remove`.
pub(crate) async fn remove_line(State(state): State<AppState>, act: Act<OfLine>) -> Response {
    let line = &act.value.line;
    let outcome = act.accounts(&state).remove_line(line).await;
    act.reply.answer(outcome, "removed", line.as_str())
}

/// `POST /api/lines/neighbours`.
pub(crate) async fn set_neighbours(State(state): State<AppState>, act: Act<Neighbours>) -> Response {
    let Neighbours { line, neighbours } = &act.value;
    let names = neighbours.split(';').map(str::trim).filter(|name| !name.is_empty());
    let Ok(neighbours) = names.map(Line::new).collect::<Result<Vec<_>, _>>() else {
        return act
            .reply
            .refuse(Kind::INVALID.because("The names of neighbouring lines are separated by semicolons."));
    };
    let outcome = act.accounts(&state).set_neighbours(line, &neighbours).await;
    act.reply.answer(outcome, "neighbours", line.as_str())
}
