//! The commands of HTTP. They read the request, call the backend and map the answer. The rules are the backend's.

mod address;
mod key;
mod reply;

use std::future::Future;

use axum::{
    extract::{FromRequest, Request, State},
    response::Response,
};
use backend::{
    audit::{Act, Record},
    calls::{CallAddress, Refusal},
    traces::carried,
};
use domain::{
    Progress, Resident, Role,
    api::{AcceptRequest, CallRequest, LocationRequest, ProgressRequest, Recorded},
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use self::{
    address::{Call, named_in, page_of, page_of_call},
    key::key,
    reply::{Reply, kept},
};
use crate::{
    auth,
    client_address::ClientAddress,
    payload::{Sent, is_form},
    problem::{Kind, Problem},
    state::AppState,
};

/// `POST /alert`.
pub(crate) async fn press(State(state): State<AppState>, command: Command<CallRequest>) -> Response {
    let Command { by, client, key, request, reply } = command;
    let (calls, caller) = (state.backend.calls.clone(), by.clone());
    // A program repeats a request until it is answered; a person who confirms an old page means a new call.
    let is_person = matches!(reply, Reply::Page { .. });
    let outcome = run(&state, async move {
        if is_person { calls.confirm(&by, request, key).await } else { calls.press(&by, request, key).await }
    })
    .await;
    if let (Ok(recorded), Role::Administrator) = (&outcome, caller.role) {
        let record = Record::new(Act::CallOpened, client.by(&caller.name)).with(recorded.id);
        let flat = caller.flat();
        state.backend.audit.later(match flat {
            Some((line, house)) => record.about_flat(line, house),
            None => record,
        });
    }
    reply.answer(outcome, |recorded| format!("/call/{}", recorded.id))
}

/// `POST /accept`.
pub(crate) async fn accept(State(state): State<AppState>, command: Command<AcceptRequest>) -> Response {
    let Command { by, key, request, reply, .. } = command;
    let page = request.alert.map_or("/".into(), |alert| format!("/call/{alert}"));
    let calls = state.backend.calls.clone();
    let outcome = run(&state, async move { calls.accept(&by, request, key).await }).await;
    reply.answer(outcome, |_| page)
}

/// `POST /alert/{id}/location`.
pub(crate) async fn locate(
    State(state): State<AppState>,
    Call(call): Call,
    command: Command<LocationRequest>,
) -> Response {
    let Command { by, key, request, reply, .. } = command;
    let (calls, page) = (state.backend.calls.clone(), page_of_call(&call));
    let outcome = run(&state, async move { calls.moved(&by, call, request, key).await }).await;
    reply.answer(outcome, |_| page)
}

/// `POST /alert/{id}/…`, with the path of `progress`.
pub(crate) async fn progress(
    State(state): State<AppState>,
    Call(call): Call,
    command: Command<ProgressRequest>,
    progress: Progress,
) -> Response {
    let Command { by, client, key, request, reply } = command;
    let (calls, page) = (state.backend.calls.clone(), page_of_call(&call));
    let ended = (progress == Progress::Resolved).then(|| of_office(&state, &by, &call, client)).flatten();
    let outcome = run(&state, async move { calls.progress(&by, call, progress, request, key).await }).await;
    if let (Ok(_), Some(record)) = (&outcome, ended) {
        state.backend.audit.later(record);
    }
    reply.answer(outcome, |_| page)
}

/// Returns the record of an administrator who ends the call of somebody else. A command never waits for the audit.
fn of_office(state: &AppState, by: &Resident, call: &CallAddress, client: ClientAddress) -> Option<Record> {
    if by.role != Role::Administrator {
        return None;
    }
    let record = Record::new(Act::CallEnded, client.by(&by.name)).with(call.id);
    let mut known = state.backend.hub.named(call.id);
    known.retain(|known| call.house.as_ref().is_none_or(|house| *house == known.alert.house));
    known.retain(|known| call.line.as_ref().is_none_or(|line| *line == known.alert.line));
    let Some(known) = known.first() else { return Some(record) };
    let flat = (&known.alert.line, &known.alert.house);
    (by.flat() != Some(flat)).then(|| record.about_flat(flat.0, flat.1))
}

/// Runs a command to its end, also when the client goes away meanwhile. It was received, so it counts.
async fn run(
    state: &AppState,
    command: impl Future<Output = Result<Recorded, Refusal>> + Send + 'static,
) -> Result<Recorded, Problem> {
    match state.commands.spawn(carried(command)).await {
        Ok(outcome) => outcome.map_err(Problem::from),
        Err(error) => {
            tracing::error!(%error, "a command ended without an answer");
            Err(Kind::INTERNAL
                .because("The server failed; the call may be recorded. Send it again with the same key."))
        }
    }
}

/// A command with who gives it.
pub(crate) struct Command<T> {
    by: Resident,
    client: ClientAddress,
    key: Option<Uuid>,
    request: T,
    reply: Reply,
}

impl<T: DeserializeOwned + Send> FromRequest<AppState> for Command<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        // The body is read first, because a refused form is shown again with its content.
        let sent = Sent::from_request(Request::from_parts(parts.clone(), body), state).await;
        let is_form = sent.as_ref().map_or_else(|_| is_form(&parts.headers), |sent| sent.form().is_some());
        let form = sent.as_ref().ok().and_then(Sent::form).unwrap_or_default();
        let key = key(&parts.headers, form);
        let reply = if is_form {
            let fields = [named_in(&parts.uri), kept(form)].concat();
            Reply::Page { page: page_of(&parts.uri), fields }
        } else {
            Reply::Json
        };
        let client = state.proxies.sender(&parts);
        let who = auth::commander(state, &parts).await;
        // Nothing is read for a stranger.
        let read = || Ok::<_, Problem>((who?, key?, sent.and_then(|sent| sent.read())?));
        match read() {
            Ok((by, key, request)) => Ok(Self { by, client, key, request, reply }),
            Err(problem) => Err(reply.refuse(problem)),
        }
    }
}
