//! `/me`: what is held about a person, and what the person does about it. Pages have forms, and programs send JSON.

use std::sync::Arc;

use app::{
    i18n::Locale,
    page_table::{ME, ME_LEAVE},
    pages::{join, me},
};
use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use backend::{
    privacy::{Held, PrivacyError, Record},
    push::PushError,
};
use domain::{Resident, push::Device};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use url::form_urlencoded;

use crate::{
    auth::{self, SignedIn},
    client_address::ClientAddress,
    pages,
    payload::{Sent, is_form},
    problem::{Kind, Problem},
    sign_in::{sign_in_page, verified},
    state::AppState,
};

/// The header by which a browser keeps the answer as a file.
const ATTACHMENT: &str = "attachment; filename=\"iutsai-me.json\"";

/// Everything that is held about a person.
#[derive(Serialize)]
struct Data {
    #[serde(flatten)]
    held: Held,
    /// The devices that are reached while no page is open.
    devices: Vec<Device>,
    /// The person's own calls and answers, as this node has them.
    records: Vec<Record>,
}

/// A choice about the location.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Give,
    Pause,
    Withdraw,
}

#[derive(Deserialize)]
struct Choice {
    choice: Word,
    /// The version of the words that were agreed to.
    #[serde(default)]
    version: String,
    /// The language of the words.
    #[serde(default)]
    language: String,
}

#[derive(Deserialize)]
struct Leave {
    #[serde(default)]
    password: String,
}

/// Returns what the page of an address shows, if it is one of these.
pub async fn shown(
    state: &AppState,
    path: &str,
    query: Option<&str>,
    viewer: &Resident,
) -> Option<Arc<me::Shown>> {
    if !ME.is_at(path) && !ME_LEAVE.is_at(path) {
        return None;
    }
    let held = match state.backend.privacy.held(viewer).await {
        Ok(held) => held,
        Err(error) => {
            tracing::error!(%error, "what is held about a person cannot be shown");
            None
        }
    };
    let words: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
    let word = |name: &str| {
        let found = words.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone().into_owned()).unwrap_or_default()
    };
    Some(Arc::new(me::Shown { held, zone: pages::zone(state), done: word("done"), problem: word("problem") }))
}

/// `GET /me/data.json`: everything that is held about the person who is signed in.
///
/// # Errors
/// [`Kind::NOT_SIGNED_IN`], [`Kind::UNAVAILABLE`].
pub async fn data(State(state): State<AppState>, SignedIn(resident): SignedIn) -> Result<Response, Problem> {
    let privacy = &state.backend.privacy;
    let held = privacy.held(&resident).await?.ok_or_else(Problem::not_signed_in)?;
    let records = privacy.records(&held).await?;
    let devices = match state.backend.push.devices(&resident).await {
        Ok(devices) => devices,
        // Without push nobody has a device.
        Err(PushError::Off(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(ATTACHMENT)),
    ];
    Ok((headers, Json(Data { held, devices, records })).into_response())
}

/// `POST /me/location`: gives, pauses or withdraws the consent to the use of the location.
pub async fn choose(State(state): State<AppState>, request: Request) -> Response {
    let Asked { parts, is_form, asked } = Asked::<Choice>::read(request, &state).await;
    let outcome = match asked {
        Ok((resident, choice)) => chosen(&state, &resident, &choice).await,
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(word) if is_form => Redirect::to(&format!("{}?done={word}", ME.path)).into_response(),
        Ok(word) => Json(json!({ "done": word })).into_response(),
        Err(problem) => refused(problem, is_form, ME.path, &parts),
    }
}

async fn chosen(state: &AppState, resident: &Resident, choice: &Choice) -> Result<&'static str, Problem> {
    let (privacy, account) = (&state.backend.privacy, resident.name.as_str());
    match choice.choice {
        Word::Give => {
            let language: Locale = choice.language.parse().unwrap_or_default();
            privacy.give(account, &choice.version, join::consent(language)).await?;
            Ok("given")
        }
        Word::Pause => privacy.pause(account).await.map(|()| "paused").map_err(Problem::from),
        Word::Withdraw => privacy.withdraw(account).await.map(|()| "withdrawn").map_err(Problem::from),
    }
}

/// `POST /me/leave`: deletes the account of the person who is signed in, who gives the password once more.
pub async fn leave(State(state): State<AppState>, client: ClientAddress, request: Request) -> Response {
    let Asked { parts, is_form, asked } = Asked::<Leave>::read(request, &state).await;
    let outcome = match asked {
        Ok((resident, leave)) => left(&state, client, &parts.headers, &resident, &leave.password).await,
        Err(problem) => Err(problem),
    };
    let cookie = || [(header::SET_COOKIE, auth::forgotten_cookie(auth::is_secure(&state, client)))];
    match outcome {
        Ok(()) if is_form => (cookie(), Redirect::to(&sign_in_page(None, None))).into_response(),
        Ok(()) => (StatusCode::NO_CONTENT, cookie()).into_response(),
        Err(problem) => refused(problem, is_form, ME_LEAVE.path, &parts),
    }
}

async fn left(
    state: &AppState,
    client: ClientAddress,
    headers: &HeaderMap,
    resident: &Resident,
    password: &str,
) -> Result<(), Problem> {
    // A session that somebody found open must not be enough.
    if verified(state, client, headers, &resident.name, password).await?.is_none() {
        return Err(Kind::INVALID.because("The password is wrong, and nothing was deleted."));
    }
    state.backend.privacy.leave(&resident.name).await?;
    Ok(())
}

/// A request of a person about themselves.
struct Asked<T> {
    parts: Parts,
    is_form: bool,
    asked: Result<(Resident, T), Problem>,
}

impl<T: DeserializeOwned> Asked<T> {
    async fn read(request: Request, state: &AppState) -> Self {
        let (mut parts, body) = request.into_parts();
        let who = SignedIn::from_request_parts(&mut parts, state).await;
        let sent = Sent::from_request(Request::from_parts(parts.clone(), body), state).await;
        let is_form = match &sent {
            Ok(sent) => sent.form().is_some(),
            Err(_) => is_form(&parts.headers),
        };
        let asked = who.and_then(|SignedIn(resident)| Ok((resident, sent?.read()?)));
        Self { parts, is_form, asked }
    }
}

/// Answers a program with the problem, and a form with its page and a word for the problem.
fn refused(problem: Problem, is_form: bool, page: &str, parts: &Parts) -> Response {
    tracing::debug!(path = parts.uri.path(), problem = problem.detail, "a person's wish is refused");
    match problem.kind {
        _ if !is_form => problem.into_response(),
        Kind::NOT_SIGNED_IN => Redirect::to(&sign_in_page(Some(page), None)).into_response(),
        kind => Redirect::to(&format!("{page}?problem={}", kind.slug())).into_response(),
    }
}

impl From<PrivacyError> for Problem {
    fn from(error: PrivacyError) -> Self {
        match error {
            PrivacyError::People(error) => error.into(),
            PrivacyError::Outbox(error) => Self::unavailable(&error),
        }
    }
}
