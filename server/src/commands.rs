//! The commands of HTTP: read the request, call the backend, map the answer. The rules are the backend's.

use std::future::Future;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use backend::calls::Refusal;
use domain::{
    AlertId, Progress, Resident,
    api::{AcceptRequest, CallRequest, LocationRequest, ProgressRequest, Recorded},
    header,
};
use http::{HeaderMap, HeaderName, StatusCode, Uri};
use serde::de::DeserializeOwned;
use url::form_urlencoded;
use uuid::Uuid;

use crate::{
    auth::SignedIn,
    payload::{Sent, is_form},
    problem::{Kind, Problem},
    sign_in::sign_in_page,
    state::AppState,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static(header::IDEMPOTENCY_KEY);
/// The form's field that stands for the header, which a form cannot send.
const KEY_FIELD: &str = "idempotencyKey";
/// What the confirming page needs to show a refused press again, key included: it stays the same press.
const KEPT_FIELDS: [&str; 3] = ["kind", "text", KEY_FIELD];

/// `POST /alert`.
pub async fn press(State(state): State<AppState>, command: Command<CallRequest>) -> Response {
    let Command { by, key, request, reply } = command;
    let calls = state.backend.calls.clone();
    // A program repeats a request until it is answered; a person who confirms an old page means a new call.
    let is_person = matches!(reply, Reply::Page { .. });
    let outcome = run(&state, async move {
        if is_person { calls.confirm(&by, request, key).await } else { calls.press(&by, request, key).await }
    })
    .await;
    reply.answer(outcome, |recorded| format!("/call/{}", recorded.id))
}

/// `POST /accept`.
pub async fn accept(State(state): State<AppState>, command: Command<AcceptRequest>) -> Response {
    let Command { by, key, request, reply } = command;
    let page = request.alert.map_or("/".into(), |alert| format!("/call/{alert}"));
    let calls = state.backend.calls.clone();
    let outcome = run(&state, async move { calls.accept(&by, request, key).await }).await;
    reply.answer(outcome, |_| page)
}

/// `POST /alert/{id}/location`.
pub async fn locate(
    State(state): State<AppState>,
    CallId(alert): CallId,
    command: Command<LocationRequest>,
) -> Response {
    let Command { by, key, request, reply } = command;
    let calls = state.backend.calls.clone();
    let outcome = run(&state, async move { calls.moved(&by, alert, request, key).await }).await;
    reply.answer(outcome, |_| format!("/call/{alert}"))
}

/// `POST /alert/{id}/…`, with the path of `progress`.
pub async fn progress(
    State(state): State<AppState>,
    CallId(alert): CallId,
    command: Command<ProgressRequest>,
    progress: Progress,
) -> Response {
    let Command { by, key, request, reply } = command;
    let calls = state.backend.calls.clone();
    let outcome = run(&state, async move { calls.progress(&by, alert, progress, request, key).await }).await;
    reply.answer(outcome, |_| format!("/call/{alert}"))
}

/// Runs a command to its end, also when the client goes away meanwhile: it was received, so it counts.
async fn run(
    state: &AppState,
    command: impl Future<Output = Result<Recorded, Refusal>> + Send + 'static,
) -> Result<Recorded, Problem> {
    match state.commands.spawn(command).await {
        Ok(outcome) => outcome.map_err(Problem::from),
        Err(error) => {
            tracing::error!(%error, "a command ended without an answer");
            Err(Kind::INTERNAL
                .because("The server failed; the call may be recorded. Send it again with the same key."))
        }
    }
}

/// The call in the address.
pub struct CallId(AlertId);

impl FromRequestParts<AppState> for CallId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &AppState) -> Result<Self, Problem> {
        let path = Path::<AlertId>::from_request_parts(parts, state).await;
        let Path(alert) =
            path.map_err(|_| Kind::NOT_FOUND.because("The call's id in the address is not a UUID."))?;
        Ok(Self(alert))
    }
}

/// A command with who gives it.
pub struct Command<T> {
    by: Resident,
    key: Option<Uuid>,
    request: T,
    reply: Reply,
}

impl<T: DeserializeOwned + Send> FromRequest<AppState> for Command<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        // The body is read first: a refused form is shown again with what was written.
        let sent = Sent::from_request(Request::from_parts(parts.clone(), body), state).await;
        let is_form = sent.as_ref().map_or_else(|_| is_form(&parts.headers), |sent| sent.form().is_some());
        let form = sent.as_ref().ok().and_then(Sent::form).unwrap_or_default();
        let key = key(&parts.headers, form);
        let reply =
            if is_form { Reply::Page { page: page_of(&parts.uri), fields: kept(form) } } else { Reply::Json };
        let request: Result<T, Problem> = sent.and_then(|sent| sent.read());
        let who = SignedIn::from_request_parts(&mut parts, state).await;
        let read = || Ok::<_, Problem>((who?.0, key?, request?));
        match read() {
            Ok((by, key, request)) => Ok(Self { by, key, request, reply }),
            Err(problem) => Err(reply.refuse(problem)),
        }
    }
}

/// How the answer is given.
enum Reply {
    /// To a program.
    Json,
    /// To a browser that sent a form: it goes on to a page (303), or back to the one that it came from.
    Page { page: String, fields: Vec<(String, String)> },
}

impl Reply {
    fn answer(self, outcome: Result<Recorded, Problem>, page: impl FnOnce(&Recorded) -> String) -> Response {
        match (outcome, &self) {
            (Ok(recorded), Self::Json) => (StatusCode::ACCEPTED, Json(recorded)).into_response(),
            (Ok(recorded), Self::Page { .. }) => Redirect::to(&page(&recorded)).into_response(),
            (Err(problem), _) => self.refuse(problem),
        }
    }

    fn refuse(self, problem: Problem) -> Response {
        let Self::Page { page, mut fields } = self else { return problem.into_response() };
        if let Some(call) = problem.call {
            return Redirect::to(&format!("/call/{call}")).into_response();
        }
        if [Kind::KEY_INVALID, Kind::KEY_REUSED, Kind::ID_TAKEN].contains(&problem.kind) {
            // The page makes a new key, since this one is refused again.
            fields.retain(|(name, _)| name != KEY_FIELD);
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields);
        if problem.kind == Kind::NOT_SIGNED_IN {
            let query = query.finish();
            let next = if query.is_empty() { page } else { format!("{page}?{query}") };
            return Redirect::to(&sign_in_page(Some(&next), None)).into_response();
        }
        query.append_pair("problem", problem.kind.slug());
        Redirect::to(&format!("{page}?{}", query.finish())).into_response()
    }
}

/// The page whose form sends to this address.
fn page_of(uri: &Uri) -> String {
    match uri.path().strip_prefix("/alert/").and_then(|rest| rest.split('/').next()) {
        Some(id) => format!("/call/{id}"),
        None if uri.path() == "/alert" => "/call".into(),
        None => "/".into(),
    }
}

fn kept(form: &[(String, String)]) -> Vec<(String, String)> {
    let is_kept =
        |(name, value): &&(String, String)| KEPT_FIELDS.contains(&name.as_str()) && !value.is_empty();
    form.iter().filter(is_kept).cloned().collect()
}

/// Reads the `Idempotency-Key` of the header or of the form's field. A person cannot mend the field, so one that cannot be
/// used counts as none.
fn key(headers: &HeaderMap, form: &[(String, String)]) -> Result<Option<Uuid>, Problem> {
    let wrong = || {
        Kind::KEY_INVALID.because(
            "The Idempotency-Key must be one UUID that the client makes new for each command and keeps for its retries. \
             Send such a key, or none.",
        )
    };
    let mut of_header = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (of_header.next(), of_header.next()) {
        (Some(_), Some(_)) => Err(wrong()),
        (Some(value), None) => value.to_str().ok().and_then(usable).ok_or_else(wrong),
        (None, _) => {
            let field = form.iter().find(|(name, _)| name == KEY_FIELD);
            Ok(field.and_then(|(_, value)| usable(value)).flatten())
        }
    }
}

/// Reads a key, with or without the quotes of a structured field (RFC 9651, section 3.3.3). Any UUID is one, except nil and
/// max: programs that have no key write them, or nothing.
fn usable(text: &str) -> Option<Option<Uuid>> {
    let bare = text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text.trim());
    if bare.is_empty() {
        return Some(None);
    }
    let key = Uuid::try_parse(bare).ok()?;
    Some(Some(key).filter(|key| !key.is_nil() && !key.is_max()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn header_key(value: &str) -> Result<Option<Uuid>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, value.parse().unwrap());
        key(&headers, &[])
    }

    #[test]
    fn a_key_is_any_uuid_quoted_or_bare() {
        for text in [
            "0190f8a0-0000-7000-8000-000000000000",
            "5a0d9d6c-6a5e-4c5a-9d53-0f3f6f1f2a10",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        ] {
            let key: Uuid = text.parse().unwrap();
            assert_eq!(header_key(text), Ok(Some(key)));
            assert_eq!(header_key(&format!("\"{text}\"")), Ok(Some(key)));
            assert_eq!(header_key(&text.to_uppercase()), Ok(Some(key)));
        }
        for wrong in ["1", "a key", "0190f8a0-0000-7000-8000"] {
            assert_eq!(header_key(wrong).unwrap_err().kind, Kind::KEY_INVALID, "{wrong}");
        }
    }

    #[test]
    fn nil_and_max_and_nothing_are_no_key() {
        assert_eq!(key(&HeaderMap::new(), &[]), Ok(None));
        for none in [String::new(), "\"\"".into(), Uuid::nil().to_string(), Uuid::max().to_string()] {
            assert_eq!(header_key(&none), Ok(None), "{none}");
        }
    }

    #[test]
    fn a_form_sends_its_key_in_a_field() {
        let id = Uuid::now_v7();
        let form = [(KEY_FIELD.to_owned(), id.to_string())];
        assert_eq!(key(&HeaderMap::new(), &form), Ok(Some(id)));
        assert_eq!(key(&HeaderMap::new(), &[(KEY_FIELD.to_owned(), String::new())]), Ok(None));
    }

    #[test]
    fn a_field_that_is_no_key_does_not_refuse_a_persons_press() {
        for wrong in ["", "1", "00000000-0000-0000-0000-000000000000"] {
            let form = [(KEY_FIELD.to_owned(), wrong.to_owned())];
            assert_eq!(key(&HeaderMap::new(), &form), Ok(None), "{wrong}");
        }
    }
}
