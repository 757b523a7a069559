//! The commands of HTTP. They read the request, call the backend and map the answer. The rules are the backend's.

use std::future::Future;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use backend::{
    audit::{Act, Record},
    calls::{CallAddress, Refusal},
    traces::carried,
};
use domain::{
    AlertId, InvalidName, Progress, Resident, Role,
    api::{AcceptRequest, CallRequest, LocationRequest, ProgressRequest, Recorded},
    header,
};
use http::{HeaderMap, HeaderName, StatusCode, Uri};
use serde::de::DeserializeOwned;
use url::form_urlencoded;
use uuid::Uuid;

use crate::{
    auth,
    client_address::ClientAddress,
    payload::{Sent, is_form},
    problem::{Kind, Problem},
    sign_in::sign_in_page,
    state::AppState,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static(header::IDEMPOTENCY_KEY);
/// The form's field that stands for the header, which a form cannot send.
const KEY_FIELD: &str = "idempotencyKey";
/// The fields with which the confirming page shows a refused press again. They include the key, so that it stays the
/// same press.
const KEPT_FIELDS: [&str; 3] = ["kind", "text", KEY_FIELD];
/// The parameters of an address that name a call besides its id.
const HOUSE: &str = "house";
const LINE: &str = "line";

/// `POST /alert`.
pub async fn press(State(state): State<AppState>, command: Command<CallRequest>) -> Response {
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
pub async fn accept(State(state): State<AppState>, command: Command<AcceptRequest>) -> Response {
    let Command { by, key, request, reply, .. } = command;
    let page = request.alert.map_or("/".into(), |alert| format!("/call/{alert}"));
    let calls = state.backend.calls.clone();
    let outcome = run(&state, async move { calls.accept(&by, request, key).await }).await;
    reply.answer(outcome, |_| page)
}

/// `POST /alert/{id}/location`.
pub async fn locate(
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
pub async fn progress(
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

/// The call in the address, by its id, and by `?house=` and `?line=` where they are given.
pub struct Call(CallAddress);

impl FromRequestParts<AppState> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &AppState) -> Result<Self, Problem> {
        let path = Path::<AlertId>::from_request_parts(parts, state).await;
        let Path(id) =
            path.map_err(|_| Kind::NOT_FOUND.because("The call's id in the address is not a UUID."))?;
        let query = parts.uri.query();
        Ok(Self(CallAddress { id, house: name_in(query, HOUSE)?, line: name_in(query, LINE)? }))
    }
}

/// Reads the name of a house or a line from an address. An empty one counts as none.
fn name_in<T: TryFrom<String, Error = InvalidName>>(
    query: Option<&str>,
    parameter: &str,
) -> Result<Option<T>, Problem> {
    let Some(name) = parameter_of(query, parameter) else { return Ok(None) };
    let invalid = |error| Kind::INVALID.because(format!("The name {parameter} in the address {error}."));
    T::try_from(name).map(Some).map_err(invalid)
}

/// Returns what the address gives for a parameter, without the white space around it; `None` for nothing.
fn parameter_of(query: Option<&str>, parameter: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let (_, value) = pairs.find(|(name, _)| name == parameter)?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// The page of a call.
fn page_of_call(CallAddress { id, house, line }: &CallAddress) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(house.iter().map(|house| (HOUSE, house.as_str())));
    query.extend_pairs(line.iter().map(|line| (LINE, line.as_str())));
    let query = query.finish();
    if query.is_empty() { format!("/call/{id}") } else { format!("/call/{id}?{query}") }
}

/// A command with who gives it.
pub struct Command<T> {
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

/// The form of the answer.
enum Reply {
    /// To a program.
    Json,
    /// To a browser that sent a form. It goes on to a page (303), or back to the one that it came from.
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

/// Returns the parameters of the address that name a call. The page to which a refused form leads has them, too.
fn named_in(uri: &Uri) -> Vec<(String, String)> {
    let given = |name: &str| Some((name.to_owned(), parameter_of(uri.query(), name)?));
    [HOUSE, LINE].into_iter().filter_map(given).collect()
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

/// Reads a key, with or without the quotes of a structured field (RFC 9651, section 3.3.3). Any UUID is one, except nil
/// and max, which programs without a key write.
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
    fn an_address_names_a_house_or_none() {
        let house = |query| name_in::<domain::House>(query, HOUSE);
        let named = domain::House::new("1203").unwrap();
        for query in ["house=1203", "line=101-1&house=%201203+", "house=1203&house=1204"] {
            assert_eq!(house(Some(query)), Ok(Some(named.clone())), "{query}");
        }
        for query in [None, Some(""), Some("house="), Some("house=+"), Some("homes=1203")] {
            assert_eq!(house(query), Ok(None), "{query:?}");
        }
        assert_eq!(house(Some("house=12%2F03")).unwrap_err().kind, Kind::INVALID);
        let (id, line) = (AlertId::generate(), domain::Line::new("101동 1라인").ok());
        let page = page_of_call(&CallAddress { id, house: Some(named), line });
        assert_eq!(page, format!("/call/{id}?house=1203&line=101%EB%8F%99+1%EB%9D%BC%EC%9D%B8"));
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
