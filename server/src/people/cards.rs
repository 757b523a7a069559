//! Invitations just made, as JSON for programs, and as a page of cards for the office. Their codes are shown once.

use std::sync::Arc;

use app::{
    page_table::JOIN,
    pages::people::{Card, Shown},
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use backend::people::invitations::{Invitation, Whom};
use domain::{House, Line};
use http::{StatusCode, header, request::Parts};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{act::Act, qr};
use crate::{
    auth,
    problem::Kind,
    rendering::{self, Extras},
    state::AppState,
};

/// The invited, which are a house, the houses of a line without an account, all such houses, or somebody to choose a
/// new password.
#[derive(Deserialize)]
pub(crate) struct Invite {
    line: Option<Line>,
    house: Option<House>,
    resident: Option<String>,
}

/// `POST /api/invitations`, for programs.
pub(crate) async fn invite(State(state): State<AppState>, act: Act<Invite>) -> Response {
    match made(&state, &act).await {
        Ok(invitations) => answer(&state, &act.parts, &invitations),
        Err(response) => response,
    }
}

/// `POST /admin/people/cards`: the page's form. The answer is the page of cards itself, since nobody can read it again.
pub(crate) async fn cards(State(state): State<AppState>, act: Act<Invite>) -> Response {
    let invitations = match made(&state, &act).await {
        Ok(invitations) => invitations,
        Err(response) => return response,
    };
    let address = address(&state, &act.parts);
    let card = |invitation: &Invitation| {
        let link = link(&address, invitation);
        Card {
            flat: invitation.flat.clone(),
            resident: invitation.resident.clone(),
            code: invitation.code.written(),
            qr: qr::svg(&link, &link),
            link,
            expires_at: invitation.expires_at,
        }
    };
    let shown = Shown::Cards {
        address: format!("{address}{}", JOIN.path),
        cards: invitations.iter().map(card).collect(),
        zone: state.zone(),
    };
    let extras = Extras { people: Some(Arc::new(shown)), ..Extras::default() };
    rendering::answer(state, act.parts, Some(act.by), extras).await
}

/// Makes the invitations that were asked for.
async fn made(state: &AppState, act: &Act<Invite>) -> Result<Vec<Invitation>, Response> {
    let accounts = &act.accounts(state);
    let Invite { line, house, resident } = &act.value;
    let (outcome, about) = match (resident, line, house) {
        (Some(resident), ..) => {
            let reset = accounts.reset(resident, &act.by.name).await;
            (reset.map(|invitation| vec![invitation]), resident.clone())
        }
        (None, None, Some(_)) => {
            return Err(act.reply.refuse(Kind::INVALID.because("A house is named together with its line.")));
        }
        (None, Some(line), Some(house)) => {
            let whom = Whom::House(line.clone(), house.clone());
            (accounts.invite(&whom, &act.by.name).await, format!("{line} {house}"))
        }
        (None, Some(line), None) => {
            (accounts.invite(&Whom::Line(line.clone()), &act.by.name).await, line.to_string())
        }
        (None, None, None) => (accounts.invite(&Whom::Everybody, &act.by.name).await, String::new()),
    };
    outcome.map_err(|refused| act.reply.refused(refused, &about))
}

/// Answers a program with the invitations.
pub(super) fn answer(state: &AppState, parts: &Parts, invitations: &[Invitation]) -> Response {
    let address = address(state, parts);
    let invitations: Vec<Value> = invitations
        .iter()
        .map(|invitation| {
            let (line, house) = invitation.flat.clone().unzip();
            json!({
                "line": line,
                "house": house,
                "resident": invitation.resident,
                "code": invitation.code.written(),
                "link": link(&address, invitation),
                "expires_at": invitation.expires_at,
            })
        })
        .collect();
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    (StatusCode::CREATED, no_store, Json(json!({ "invitations": invitations }))).into_response()
}

fn link(address: &str, invitation: &Invitation) -> String {
    format!("{address}{}/{}", JOIN.path, invitation.code.written())
}

/// Returns the address under which browsers reach this server. It is the configured one, else the one that was asked.
pub(super) fn address(state: &AppState, parts: &Parts) -> String {
    if let Some(origin) = &state.settings.public_origin {
        return origin.clone();
    }
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(|host| host.as_str())).unwrap_or("localhost");
    let scheme = if auth::is_secure(state, state.proxies.sender(parts)) { "https" } else { "http" };
    format!("{scheme}://{host}")
}
