//! `/me`, with what is held about a person, and what the person does about it. Pages have forms, and programs send
//! JSON.

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
    audit::{Act, Record},
    people::sessions,
    privacy::{self, Held, PrivacyError},
    push::PushError,
};
use domain::{Millis, Resident, push::Device};
use http::{HeaderValue, StatusCode, header, request::Parts};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::{
    auth::{self, SignedIn},
    client_address::ClientAddress,
    payload::{Sent, is_form},
    problem::{Kind, Problem},
    query::word,
    sign_in::{code_needed, proof::Prover, sign_in_page},
    state::AppState,
};

/// The header by which a browser keeps the answer as a file.
const ATTACHMENT: &str = "attachment; filename=\"iutsai-me.json\"";

/// Everything that is held about a person.
#[derive(Serialize)]
struct Data {
    #[serde(flatten)]
    held: Held,
    /// The sessions that hold.
    sessions: Vec<OwnSession>,
    /// The devices that are reached while no page is open.
    devices: Vec<Device>,
    /// The person's own calls and answers, as this node has them.
    records: Vec<privacy::Record>,
}

/// Where somebody is signed in.
#[derive(Serialize)]
struct OwnSession {
    /// A short name of the device.
    device: String,
    /// The address that it came from.
    address: String,
    /// When it began; `None` for a session of an older version.
    started_at: Option<Millis>,
}

impl From<sessions::OwnSession> for OwnSession {
    fn from(session: sessions::OwnSession) -> Self {
        let sessions::Device { name: device, address } = session.device;
        Self { device, address, started_at: session.started_at }
    }
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

#[derive(Default, Deserialize)]
#[serde(default)]
struct Leave {
    password: String,
    /// A code of the second factor, where the account has one.
    code: String,
}

/// Returns what the page of an address shows, if it is one of these.
pub(crate) async fn shown(
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
    let [done, problem] = ["done", "problem"].map(|name| word(query, name));
    Some(Arc::new(me::Shown { held, zone: state.zone(), done, problem }))
}

/// `GET /me/data.json` gives everything that is held about the person who is signed in. The download is recorded before
/// it is given out.
///
/// # Errors
/// [`Kind::NOT_SIGNED_IN`], [`Kind::UNAVAILABLE`].
pub(crate) async fn data(
    State(state): State<AppState>,
    client: ClientAddress,
    SignedIn(resident): SignedIn,
) -> Result<Response, Problem> {
    let backend = &state.backend;
    let held = backend.privacy.held(&resident).await?.ok_or_else(Problem::not_signed_in)?;
    let records = backend.privacy.records(&held).await?;
    let sessions = backend.sessions.of(&resident.name).await?;
    let devices = match backend.push.devices(&resident).await {
        Ok(devices) => devices,
        // Without push nobody has a device.
        Err(PushError::Off(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let record = Record::new(Act::OwnDataDownloaded, client.by(&resident.name)).about(&resident.name);
    backend.audit.record(record).await.map_err(|error| Problem::unavailable(&error))?;
    let sessions = sessions.into_iter().map(OwnSession::from).collect();
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(ATTACHMENT)),
    ];
    Ok((headers, Json(Data { held, sessions, devices, records })).into_response())
}

/// `POST /me/location` gives, pauses or withdraws the consent to the use of the location.
pub(crate) async fn choose(
    State(state): State<AppState>,
    client: ClientAddress,
    request: Request,
) -> Response {
    let Asked { parts, is_form, asked } = Asked::<Choice>::read(request, &state).await;
    let outcome = match asked {
        Ok((resident, choice)) => chosen(&state, client, &resident, &choice).await,
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(word) if is_form => Redirect::to(&format!("{}?done={word}", ME.path)).into_response(),
        Ok(word) => Json(json!({ "done": word })).into_response(),
        Err(problem) => refused(problem, is_form, ME.path, &parts),
    }
}

async fn chosen(
    state: &AppState,
    client: ClientAddress,
    resident: &Resident,
    choice: &Choice,
) -> Result<&'static str, Problem> {
    let (privacy, account) = (&state.backend.privacy, resident.name.as_str());
    let by = client.by(account);
    match choice.choice {
        Word::Give => {
            let language: Locale = choice.language.parse().unwrap_or_default();
            privacy.give(account, &choice.version, join::consent(language), &by).await?;
            Ok("given")
        }
        Word::Pause => privacy.pause(account, &by).await.map(|()| "paused").map_err(Problem::from),
        Word::Withdraw => privacy.withdraw(account, &by).await.map(|()| "withdrawn").map_err(Problem::from),
    }
}

/// `POST /me/leave` deletes the account of the person who is signed in. It needs the password once more, and a code if
/// the account has a second factor.
pub(crate) async fn leave(
    State(state): State<AppState>,
    client: ClientAddress,
    request: Request,
) -> Response {
    let Asked { parts, is_form, asked } = Asked::<Leave>::read(request, &state).await;
    let outcome = match asked {
        Ok((resident, leave)) => {
            left(Prover { state: &state, client, headers: &parts.headers }, &resident.name, &leave).await
        }
        Err(problem) => Err(problem),
    };
    let cookie = || [(header::SET_COOKIE, auth::forgotten_cookie(auth::is_secure(&state, client)))];
    match outcome {
        Ok(()) if is_form => (cookie(), Redirect::to(&sign_in_page(None, None))).into_response(),
        Ok(()) => (StatusCode::NO_CONTENT, cookie()).into_response(),
        Err(problem) => refused(problem, is_form, ME_LEAVE.path, &parts),
    }
}

/// Deletes an account whose owner proves to be there, because a session that somebody found open must not be enough.
async fn left(prover: Prover<'_>, name: &str, leave: &Leave) -> Result<(), Problem> {
    let backend = &prover.state.backend;
    prover.password(name, &leave.password).await.map_err(|problem| match problem.kind {
        Kind::SIGN_IN_REFUSED => Kind::INVALID.because("The password is wrong, and nothing was deleted."),
        _ => problem,
    })?;
    if !backend.accounts.needs_code(name).await? {
        prover.succeeded(name);
    } else if leave.code.is_empty() {
        return Err(code_needed());
    } else {
        prover.code(name, &leave.code).await?;
    }
    backend.privacy.leave(name, &prover.client.by(name)).await?;
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
