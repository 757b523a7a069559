//! Signing in and out, as JSON for programs, and as forms for pages. A page holds only the cookie, never the token.
//!
//! An account with a second factor needs a code besides the password. A program sends both together; a page asks for
//! the code in a second form ([`code`]). A housing service can stand for the password ([`service`]).

pub(crate) mod code;
mod page;
pub(crate) mod proof;
pub(crate) mod service;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use backend::{
    audit::{Act, Record},
    people::sessions::Token,
};
use domain::{
    Resident,
    api::{SignIn, SignedIn as Answer, WhoIs},
};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

pub(crate) use self::page::{is_local, next_of, sign_in_page};
use self::proof::Prover;
use crate::{
    agent,
    auth::{self, SignedIn},
    client_address::ClientAddress,
    payload::Payload,
    problem::{Kind, Problem},
    state::AppState,
};

/// `POST /api/session` gives a token for a name and a password, and a code where the account has a second factor.
pub(crate) async fn start_session(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
    Payload { value: sign_in }: Payload<SignIn>,
) -> Result<Json<Answer>, Problem> {
    match enter(&state, client, &headers, &sign_in).await? {
        Entry::In(token, resident) => {
            let socket = state.settings.shards.address_for(&resident);
            Ok(Json(Answer { token: token.as_str().to_owned(), resident, socket }))
        }
        Entry::CodeNeeded(_) => Err(code_needed()),
    }
}

/// The account has a second factor, and no code was sent.
pub(crate) fn code_needed() -> Problem {
    Kind::CODE_NEEDED
        .because("Name and password are right; send them again with the `code` of the authenticator app.")
}

/// `GET /api/session` names the signed-in person, with a header if that person keeps the location back.
pub(crate) async fn show_session(
    State(state): State<AppState>,
    SignedIn(resident): SignedIn,
) -> impl IntoResponse {
    let keeps_back = state.backend.privacy.keeps_location_back(&resident.name);
    let location = keeps_back.then_some([(domain::header::LOCATION, domain::header::OFF)]);
    let socket = state.settings.shards.address_for(&resident);
    ([(header::CACHE_CONTROL, "no-store")], location, Json(WhoIs { resident, socket }))
}

/// `DELETE /api/session` signs out, without a session too.
pub(crate) async fn end_session(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    sign_out(&state, client, &headers).await?;
    let cookie = auth::forgotten_cookie(auth::is_secure(&state, client));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// The sign-in page's form.
#[derive(Deserialize)]
pub(crate) struct SignInForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    next: Option<String>,
    /// The form is the page's, which asks to see whether the browser keeps the cookie.
    #[serde(default)]
    check: String,
}

/// `POST /sign-in` is the page's form. It is answered by 303 to where the person was going, to the form for the code,
/// or back with `?problem=`.
pub(crate) async fn form_sign_in(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
    Payload { value: SignInForm { name, password, next, check } }: Payload<SignInForm>,
) -> Response {
    let next = Next { to: next.filter(|next| is_local(next)), is_checked: !check.is_empty() };
    let sign_in = SignIn { name, password, code: None };
    let problem = match enter(&state, client, &headers, &sign_in).await {
        Ok(Entry::In(token, _)) => return next.entered(&state, client, &headers, token.as_str()),
        Ok(Entry::CodeNeeded(resident)) => {
            match code::ask(&state, client, &resident, next.to.as_deref()).await {
                Ok(response) => return response,
                Err(problem) => problem,
            }
        }
        Err(problem) => problem,
    };
    let word = match problem.kind {
        Kind::SIGN_IN_REFUSED => "refused",
        Kind::TOO_MANY => "busy",
        Kind::ACCOUNT_LOCKED => "locked",
        _ => "unavailable",
    };
    Redirect::to(&sign_in_page(next.to.as_deref(), Some(word))).into_response()
}

/// Where a form of the sign-in page leads on to.
struct Next {
    /// The address; without one, the start page.
    to: Option<String>,
    /// The form is the page's, which asks to see whether the browser keeps the cookie.
    is_checked: bool,
}

impl Next {
    /// Answers a form with the session that it has started.
    ///
    /// The page's own form leads back to the page first, to see whether the browser kept the cookie. A signed-in person
    /// is led on from there. The others read what is wrong, instead of the same page without a word.
    fn entered(&self, state: &AppState, client: ClientAddress, headers: &HeaderMap, token: &str) -> Response {
        let is_secure = auth::is_secure(state, client);
        let back = |problem: &str| sign_in_page(self.to.as_deref(), Some(problem));
        let to = match (self.is_checked, is_secure && comes_by_http(headers)) {
            (false, _) => self.to.clone().unwrap_or_else(|| "/".into()),
            (true, true) => back("insecure"),
            (true, false) => back("cookie"),
        };
        ([(header::SET_COOKIE, auth::cookie(token, is_secure))], Redirect::to(&to)).into_response()
    }
}

/// Returns whether the page that sent the form was shown over plain http, where browsers keep no Secure cookie.
fn comes_by_http(headers: &HeaderMap) -> bool {
    let mut of_page = [header::ORIGIN, header::REFERER].into_iter().filter_map(|name| headers.get(name));
    of_page.any(|address| address.as_bytes().starts_with(b"http://"))
}

/// `POST /sign-out` is the pages' form.
pub(crate) async fn form_sign_out(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
) -> Response {
    match sign_out(&state, client, &headers).await {
        Ok(()) => {
            let cookie = auth::forgotten_cookie(auth::is_secure(&state, client));
            ([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// The outcome of a right name and password.
enum Entry {
    /// A session has begun.
    In(Token, Resident),
    /// The account has a second factor, and no code came along.
    CodeNeeded(Resident),
}

async fn enter(
    state: &AppState,
    client: ClientAddress,
    headers: &HeaderMap,
    SignIn { name, password, code }: &SignIn,
) -> Result<Entry, Problem> {
    // Telephones add a space behind a name that they complete.
    let name = name.trim();
    let prover = Prover { state, client, headers };
    let resident = prover.password(name, password).await?;
    if !state.backend.accounts.needs_code(&resident.name).await? {
        prover.succeeded(name);
    } else if let Some(code) = code {
        prover.code(&resident.name, code).await?;
    } else {
        return Ok(Entry::CodeNeeded(resident));
    }
    let token = state.backend.sessions.start(&resident, &agent::device(headers, client)).await?;
    recorded(state, client, &resident);
    Ok(Entry::In(token, resident))
}

/// Leaves a record of a session that has begun. The answer does not wait for it.
pub(crate) fn recorded(state: &AppState, client: ClientAddress, Resident { name, .. }: &Resident) {
    state.backend.audit.later(Record::new(Act::SignedIn, client.by(name)).about(name));
}

async fn sign_out(state: &AppState, client: ClientAddress, headers: &HeaderMap) -> Result<(), Problem> {
    for token in auth::tokens(headers) {
        auth::may_look_up(state, client.network(), &token)?;
        let known = state.backend.sessions.known(&token);
        state.backend.sessions.end(&token).await?;
        if let Some(Resident { name, .. }) = known {
            state.backend.audit.later(Record::new(Act::SignedOut, client.by(&name)).about(&name));
        }
    }
    Ok(())
}
