//! Joining by an invitation, with the page behind a link or a QR code, its form, and the request of programs.

use std::{sync::Arc, time::Instant};

use app::{
    i18n::Locale,
    pages::join::{self as page, Answer, Shown, Wrong},
};
use axum::{
    Json,
    extract::{FromRequest, Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use backend::people::{
    accounts::{AccountError, PASSWORD_LENGTH, PASSWORD_LENGTH_LIMIT},
    invitations::{Code, JoinError, Joining},
};
use domain::{Resident, api::SignedIn};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde::Deserialize;
use url::form_urlencoded;

use super::cards::address;
use crate::{
    agent, auth,
    budgets::Holder,
    client_address::ClientAddress,
    payload::Sent,
    problem::{Kind, Problem},
    rendering::{self, Extras},
    sign_in,
    state::AppState,
};

/// The fields of the form.
#[derive(Clone, Default, Deserialize)]
struct Form {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    /// The version of the words that were agreed to.
    consent: Option<String>,
    /// The language of the words.
    #[serde(default)]
    language: String,
}

/// Returns what the page of a code shows.
///
/// # Errors
/// [`Kind::BUSY`] beyond the budget.
pub(crate) async fn shown(state: &AppState, parts: &Parts, code: &str) -> Result<Shown, Problem> {
    if let Some(external) = in_kakao_talk(state, parts) {
        return Ok(Shown { answer: Answer::KakaoTalk { external }, ..Shown::new(code) });
    }
    may_look_up(state, state.proxies.sender(parts), &parts.headers)?;
    Ok(Shown { answer: answer(state, code).await, zone: Some(state.zone()), ..Shown::new(code) })
}

async fn answer(state: &AppState, code: &str) -> Answer {
    let Some(code) = Code::read(code) else { return Answer::Unknown };
    match state.backend.accounts.invited(&code).await {
        Ok(invited) => Answer::Invited(invited),
        Err(JoinError::Unknown) => Answer::Unknown,
        Err(JoinError::Used) => Answer::Used,
        Err(JoinError::Expired) => Answer::Expired,
        Err(error) => {
            tracing::error!(%error, "an invitation cannot be looked up");
            Answer::Unavailable
        }
    }
}

/// `POST /join/{code}`: makes the account and signs in.
pub(crate) async fn join(
    State(state): State<AppState>,
    client: ClientAddress,
    Path(code): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let sent = Sent::from_request(Request::from_parts(parts.clone(), body), &state).await;
    let is_form = sent.as_ref().is_ok_and(|sent| sent.form().is_some());
    let form = match sent.and_then(|sent| sent.read::<Form>()) {
        Ok(form) => form,
        Err(problem) => return problem.into_response(),
    };
    let outcome = joined(&state, client, &parts.headers, &code, &form).await;
    match outcome {
        Ok((resident, None)) if is_form => sign_in::code::ask(&state, client, &resident, None)
            .await
            .unwrap_or_else(IntoResponse::into_response),
        Ok((_, None)) => sign_in::code_needed().into_response(),
        Ok((resident, Some(token))) if is_form => {
            tracing::debug!(name = resident.name, "somebody joined by the page");
            let cookie = auth::cookie(&token, auth::is_secure(&state, client));
            ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        Ok((resident, Some(token))) => {
            let no_store = [(header::CACHE_CONTROL, "no-store")];
            let socket = state.settings.shards.address_for(&resident);
            (StatusCode::CREATED, no_store, Json(SignedIn { token, resident, socket })).into_response()
        }
        Err(refused) if is_form => refused_form(state, parts, &code, form, refused).await,
        Err(refused) => refused.problem().into_response(),
    }
}

/// Why nobody joined.
enum Refused {
    Join(JoinError),
    Other(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl Refused {
    fn problem(self) -> Problem {
        match self {
            Self::Join(error) => error.into(),
            Self::Other(problem) => problem,
        }
    }
}

/// Uses the code; returns whose account it is, and the token of a session. An account with a second factor got its new
/// password, and needs a code to sign in with it.
async fn joined(
    state: &AppState,
    client: ClientAddress,
    headers: &HeaderMap,
    code: &str,
    form: &Form,
) -> Result<(Resident, Option<String>), Refused> {
    may_look_up(state, client, headers)?;
    let code = Code::read(code).ok_or(Refused::Join(JoinError::Unknown))?;
    let language: Locale = form.language.parse().unwrap_or_default();
    let joining = Joining {
        // Telephones add a space behind a name that they complete.
        name: form.name.trim().to_owned(),
        password: form.password.clone(),
        consent: form.consent.clone(),
        consent_text: page::consent(language).to_owned(),
    };
    // A password is hashed, as at a sign-in.
    let _turn = state.budgets.sign_ins.enter(auth::holder(state, client, headers)).await?;
    // The account that acts is known only when it has joined.
    let accounts = state.backend.accounts.acting(client.by(""));
    let resident = accounts.join(&code, joining).await.map_err(Refused::Join)?;
    if accounts.needs_code(&resident.name).await.map_err(Problem::from)? {
        return Ok((resident, None));
    }
    let device = agent::device(headers, client);
    let token = state.backend.sessions.start(&resident, &device).await.map_err(Problem::from)?;
    sign_in::recorded(state, client, &resident);
    Ok((resident, Some(token.as_str().to_owned())))
}

/// Shows the page again with what was written and what is wrong with it.
async fn refused_form(state: AppState, parts: Parts, code: &str, form: Form, refused: Refused) -> Response {
    let wrong = match &refused {
        Refused::Join(JoinError::Consent) => Some(Wrong::Consent),
        Refused::Join(JoinError::Account(AccountError::Taken(_))) => Some(Wrong::Taken),
        Refused::Join(JoinError::Account(AccountError::Invalid(_))) => {
            let length = form.password.chars().count();
            let fits = (PASSWORD_LENGTH..=PASSWORD_LENGTH_LIMIT).contains(&length);
            Some(if fits { Wrong::Name } else { Wrong::Password })
        }
        Refused::Join(JoinError::Unknown | JoinError::Used | JoinError::Expired) => None,
        Refused::Join(JoinError::Account(AccountError::Unavailable(_))) | Refused::Other(_) => {
            Some(Wrong::Unavailable)
        }
    };
    let problem = refused.problem();
    if problem.kind == Kind::BUSY {
        // The page would cost another look-up.
        return rendering::late(&parts, problem);
    }
    let shown = Shown {
        answer: answer(&state, code).await,
        zone: Some(state.zone()),
        name: form.name,
        wrong,
        status: Some(problem.kind.status()),
        ..Shown::new(code)
    };
    let extras = Extras { join: Some(Arc::new(shown)), ..Extras::default() };
    rendering::answer(state, parts, None, extras).await
}

/// Counts the look-up that a code costs the database. A person who is signed in is not a stranger.
fn may_look_up(state: &AppState, client: ClientAddress, headers: &HeaderMap) -> Result<(), Problem> {
    match auth::holder(state, client, headers) {
        Holder::Resident(_) => Ok(()),
        Holder::Strangers(network) => state.budgets.codes.take(network, Instant::now()),
    }
}

/// Returns the address that opens the page in the real browser, where it was opened in KakaoTalk's own one, which has
/// neither alarms nor notifications. A person who wants to go on there has a mark in the address.
pub(crate) fn in_kakao_talk(state: &AppState, parts: &Parts) -> Option<String> {
    let agent = parts.headers.get(header::USER_AGENT)?.to_str().ok()?;
    let goes_on = parts.uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "here=1"));
    if goes_on || !agent.contains("KAKAOTALK") {
        return None;
    }
    let page = format!("{}{}", address(state, parts), parts.uri.path());
    let page: String = form_urlencoded::byte_serialize(page.as_bytes()).collect();
    Some(format!("kakaotalk://web/openExternal?url={page}"))
}
