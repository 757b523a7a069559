//! The commands over HTTP. Each is sent again, with one `Idempotency-Key`, until it is answered, because the network
//! may be gone, the server may be restarting, and the same key makes the same call.

mod answer;
mod pause;

use domain::{
    Alert, AlertId, CallKey, House, Location, Millis, Progress, Resident,
    api::{AcceptRequest, ProgressRequest, Recorded, location_request},
    header,
};
use futures_util::future::{self, Either};
use gloo_net::http::{Request, RequestBuilder, Response};
use gloo_timers::future::TimeoutFuture;
use leptos::logging;
use leptos_router::location::Url;
use uuid::Uuid;
use web_sys::AbortController;

use crate::{json, key};

pub(crate) use answer::{Answer, CALL_STANDS, ID_TAKEN};
pub use answer::{Refused, Trouble};
pub(crate) use pause::wait_to_retry;

/// The longest wait for an answer before the command is sent again, in milliseconds. A server whose disk hangs answers
/// after ten seconds.
const PATIENCE: u32 = 15_000;

/// Gets each failure, and the number of failures so far.
pub type OnTrouble = Box<dyn Fn(Trouble, u32)>;

/// Reports that `house` is coming to help with a call. `on_trouble` gets each failure, and the number of failures so
/// far.
///
/// # Errors
/// [`Refused`], if the server will not take it.
pub async fn accept(call: &Alert, house: House, on_trouble: OnTrouble) -> Result<Recorded, Refused> {
    let request = AcceptRequest {
        line: call.line.clone(),
        accept_house: house,
        target_house: call.house.clone(),
        alert: Some(call.id),
    };
    post("/accept", key::fresh(), &request.to_json(), on_trouble).await
}

/// Sends a progress, which is `cancelled`, `resolved`, `withdrawn` or `arrived`. The address names house and line,
/// because two houses may have used one id.
///
/// # Errors
/// [`Refused`], if the server will not take it.
///
/// # Panics
/// With a progress that only the service makes.
pub async fn progress(
    call: &CallKey,
    progress: Progress,
    note: Option<String>,
    on_trouble: OnTrouble,
) -> Result<Recorded, Refused> {
    let command = progress.path().unwrap_or_else(|| panic!("only the service writes {progress:?}"));
    let (house, line) = (Url::escape(call.house.as_str()), Url::escape(call.line.as_str()));
    let path = format!("/alert/{}/{command}?house={house}&line={line}", call.id);
    post(&path, key::fresh(), &ProgressRequest { note }.to_json(), on_trouble).await
}

/// Sends a command until it is answered.
async fn post(path: &str, key: Uuid, body: &str, on_trouble: OnTrouble) -> Result<Recorded, Refused> {
    let mut failures = 0;
    loop {
        match once(path, key, body).await {
            Answer::Recorded(recorded) => return Ok(recorded),
            Answer::Refused(refused) => return Err(refused),
            Answer::Again(trouble, at_least) => {
                failures += 1;
                on_trouble(trouble, failures);
                wait_to_retry(failures, at_least).await;
            }
        }
    }
}

/// Sends where the caller is now, once, because a newer place follows.
pub(crate) async fn moved(call: AlertId, location: Location) -> Answer {
    once(&format!("/alert/{call}/location"), key::fresh(), &location_request(Some(location))).await
}

/// Reports that a helper does not show any longer where they are, until it is answered.
///
/// # Errors
/// [`Refused`], if the server will not take it.
pub(crate) async fn hide(call: AlertId) -> Result<Recorded, Refused> {
    post(&format!("/alert/{call}/location"), key::fresh(), &location_request(None), Box::new(|_, _| {})).await
}

/// Sends a command once.
pub(crate) async fn once(path: &str, key: Uuid, body: &str) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("accept", "application/json, application/problem+json")
        .header(header::IDEMPOTENCY_KEY, &key.to_string());
    match exchange(request, Some(body.to_owned())).await {
        Some(Ok(came)) => came.answer,
        Some(Err(error)) => {
            // The others would bring the words for all errors of files and of JSON into the browser's part.
            if let gloo_net::Error::JsError(error) = error {
                logging::log!("POST {path}: {error}");
            }
            Answer::NONE
        }
        None => Answer::NONE,
    }
}

/// An answer as it came.
struct Came {
    answer: Answer,
    is_ok: bool,
    body: String,
    /// The server's time, from the header `Date`.
    server_time: Option<Millis>,
}

/// Returns what a request brings within [`PATIENCE`]; after that it is aborted.
async fn exchange(request: RequestBuilder, body: Option<String>) -> Option<Result<Came, gloo_net::Error>> {
    let abort = AbortController::new().ok();
    let request = request.abort_signal(abort.as_ref().map(AbortController::signal).as_ref());
    let asked = async move {
        let request = match body {
            Some(body) => request.body(body)?,
            None => request.build()?,
        };
        let response = request.send().await?;
        let (status, is_ok, server_time) = (response.status(), response.ok(), date(&response));
        let header = |name| response.headers().get(name);
        let (content_type, retry_after) = (header("content-type"), header("retry-after"));
        let body = response.text().await?;
        let answer = Answer::read(status, content_type.as_deref(), retry_after.as_deref(), &body);
        Ok(Came { answer, is_ok, body, server_time })
    };
    match future::select(Box::pin(asked), TimeoutFuture::new(PATIENCE)).await {
        Either::Left((came, _)) => Some(came),
        Either::Right(_) => {
            if let Some(abort) = abort {
                abort.abort();
            }
            None
        }
    }
}

/// True if the browser's session still holds, and what time it is at the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionCheck {
    /// The server has answered that nobody is signed in. Without an answer of its own nobody knows.
    pub(crate) signed_out: bool,
    /// The person whom the server has signed in.
    pub(crate) resident: Option<Resident>,
    /// The server's time, from the header `Date`.
    pub(crate) server_time: Option<Millis>,
}

/// Asks the server who is signed in.
pub(crate) async fn check_session() -> SessionCheck {
    let Some(Ok(came)) = exchange(Request::get("/api/session"), None).await else {
        return SessionCheck::default();
    };
    let resident = if came.is_ok { json::read(&came.body) } else { None };
    SessionCheck { signed_out: came.answer.is_signed_out(), resident, server_time: came.server_time }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit for 285 000 years")]
fn date(response: &Response) -> Option<Millis> {
    let date = js_sys::Date::parse(&response.headers().get("date")?);
    // The header has whole seconds, so it is half a second behind on average.
    date.is_finite().then_some(date as Millis + 500)
}
