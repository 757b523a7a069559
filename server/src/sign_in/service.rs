//! Signing in by the housing service. One address leads there with a cookie of its own, and the other one takes the
//! answer. Both are 404 where no service is set up.
//!
//! The cookie binds the answer to the browser that asked, and the server keeps nothing meanwhile. A second factor is
//! asked for as after a password.

mod cookie;

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use backend::{
    audit::{Act, Record},
    people::{
        PeopleError,
        oidc::{Attempt, Failed, NoAccount, Person, Provider},
    },
};
use domain::Resident;
use http::{HeaderMap, HeaderValue, header};
use url::form_urlencoded;

use self::cookie::{LASTS, attempt, cookie, kept};
use super::{Next, code, next_of, sign_in_page};
use crate::{
    agent, auth,
    budgets::Turn,
    client_address::ClientAddress,
    problem::{Kind, Problem},
    state::AppState,
};

/// The address that leads to the housing service. The one that it leads back to is below it.
pub(crate) const BEGIN: &str = "/sign-in/service";

/// The longest address to go on to, because a cookie has 4 KiB.
const NEXT_LIMIT: usize = 1024;

/// Words of the sign-in page about what went wrong.
mod word {
    pub(super) const BUSY: &str = "unavailable";
    pub(super) const AWAY: &str = "service-away";
    pub(super) const REFUSED: &str = "service-refused";
    pub(super) const UNREADABLE: &str = "service-unreadable";
    pub(super) const CANCELLED: &str = "service-cancelled";
    pub(super) const EXPIRED: &str = "service-expired";
    pub(super) const UNKNOWN: &str = "service-unknown";
    pub(super) const OTHER: &str = "service-other";
    pub(super) const OFFICE: &str = "service-office";
    pub(super) const LOCKED: &str = "locked";
}

/// Returns the address that leads to the housing service and then on to `next`.
#[must_use]
pub(crate) fn address(next: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(next.map(|next| ("next", next)));
    let query = query.finish();
    if query.is_empty() { BEGIN.to_owned() } else { format!("{BEGIN}?{query}") }
}

/// `GET /sign-in/service` leads to the housing service.
pub(crate) async fn begin(visit: Visit) -> Response {
    let next = next_of(visit.query.as_deref()).filter(|next| next.len() <= NEXT_LIMIT);
    match visit.begin().await {
        Ok((attempt, address)) => {
            let cookie = visit.cookie(&kept(&attempt, next.as_deref()), LASTS);
            unstored(([(header::SET_COOKIE, cookie)], Redirect::to(&address)).into_response())
        }
        Err(word) => back(next.as_deref(), word),
    }
}

/// `GET /sign-in/service/callback` takes the answer of the housing service.
pub(crate) async fn callback(visit: Visit) -> Response {
    let answer = Answer::read(visit.query.as_deref());
    let Some((attempt, next)) = attempt(&visit.headers) else { return back(None, word::EXPIRED) };
    // An answer to another attempt leaves this one as it is, because another page may have led here.
    if !attempt.is_answered_by(&answer.state) {
        return back(next.as_deref(), word::EXPIRED);
    }
    let entered = match answer.code {
        Some(code) => visit.enter(attempt, &code, next.as_deref()).await,
        None => Err(if answer.is_cancelled { word::CANCELLED } else { word::REFUSED }),
    };
    let mut response = match entered {
        Ok(response) => unstored(response),
        Err(word) => back(next.as_deref(), word),
    };
    response.headers_mut().append(header::SET_COOKIE, visit.cookie("", 0));
    response
}

/// The answer of the housing service, which it appends to the address of the callback.
#[derive(Default)]
struct Answer {
    state: String,
    code: Option<String>,
    is_cancelled: bool,
}

impl Answer {
    fn read(query: Option<&str>) -> Self {
        let mut answer = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "state" => answer.state = value.into_owned(),
                "code" => answer.code = Some(value.into_owned()),
                "error" => answer.is_cancelled = value == "access_denied",
                _ => {}
            }
        }
        answer
    }
}

/// A browser on its way to the housing service, or back from it.
pub(crate) struct Visit {
    state: AppState,
    provider: Provider,
    client: ClientAddress,
    headers: HeaderMap,
    query: Option<String>,
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let (state, provider) = (state.clone(), state.provider.clone().ok_or_else(off)?);
        let (client, headers) = (state.proxies.sender(parts), parts.headers.clone());
        Ok(Self { state, provider, client, headers, query: parts.uri.query().map(str::to_owned) })
    }
}

impl Visit {
    /// Waits for a turn of the budget of such sign-ins.
    async fn turn(&self) -> Result<Turn, &'static str> {
        let holder = auth::holder(&self.state, self.client, &self.headers);
        self.state.budgets.service_sign_ins.enter(holder).await.map_err(|_| word::BUSY)
    }

    /// Begins an attempt, and returns it with the address at the service.
    async fn begin(&self) -> Result<(Attempt, String), &'static str> {
        let _turn = self.turn().await?;
        self.provider.begin().await.map_err(|failed| failed_word(&failed))
    }

    fn cookie(&self, kept: &str, seconds: u32) -> HeaderValue {
        cookie(kept, seconds, auth::is_secure(&self.state, self.client))
    }

    /// Signs in with the code of the service; returns the answer, or the word for what went wrong.
    async fn enter(
        &self,
        attempt: Attempt,
        code: &str,
        next: Option<&str>,
    ) -> Result<Response, &'static str> {
        let person = self.person(attempt, code).await?;
        let resident = self.account(&person).await?;
        let entered = self.session(&resident, next).await;
        entered.map_err(|problem| {
            tracing::warn!(problem = problem.detail, "a sign-in by the housing service was not finished");
            word::BUSY
        })
    }

    /// Asks the service whose code it is.
    async fn person(&self, attempt: Attempt, code: &str) -> Result<Person, &'static str> {
        let _turn = self.turn().await?;
        let finished = self.provider.finish(attempt, code).await;
        finished.map_err(|failed| {
            if matches!(failed, Failed::Refused(_)) {
                self.state.backend.audit.refused(self.client.ip, "", word::REFUSED);
            }
            failed_word(&failed)
        })
    }

    async fn account(&self, person: &Person) -> Result<Resident, &'static str> {
        let name = person.account.as_str();
        let accounts = self.state.backend.accounts.acting(self.client.by(name));
        let error = match accounts.of_person(person).await {
            Ok(resident) => return Ok(resident),
            Err(error) => error,
        };
        let (word, reason) = match &error {
            NoAccount::Unknown => (word::UNKNOWN, word::UNKNOWN),
            NoAccount::Other => (word::OTHER, word::OTHER),
            NoAccount::Office => (word::OFFICE, word::OFFICE),
            NoAccount::Unavailable(PeopleError::Locked) => (word::LOCKED, Kind::ACCOUNT_LOCKED.slug()),
            NoAccount::Unavailable(error) => {
                tracing::error!(%error, "an account cannot be looked up for the housing service");
                return Err(word::BUSY);
            }
        };
        tracing::warn!(%error, "the housing service signed somebody in who gets into no account");
        self.state.backend.audit.refused(self.client.ip, name, reason);
        Err(word)
    }

    /// Starts the session, or asks for the code of the second factor.
    async fn session(&self, resident: &Resident, next: Option<&str>) -> Result<Response, Problem> {
        let (state, client, headers) = (&self.state, self.client, &self.headers);
        if state.backend.accounts.needs_code(&resident.name).await? {
            return code::ask(state, client, resident, next).await;
        }
        let token = state.backend.sessions.start(resident, &agent::device(headers, client)).await?;
        let record = Record::new(Act::SignedIn, client.by(&resident.name)).about(&resident.name);
        state.backend.audit.later(record.with("service"));
        // The cookie of the attempt came back, so this browser keeps cookies.
        let next = Next { to: next.map(str::to_owned), is_checked: false };
        Ok(next.entered(state, client, headers, token.as_str()))
    }
}

/// Returns the word for a failure of the service, and logs it.
fn failed_word(failed: &Failed) -> &'static str {
    tracing::warn!(%failed, "a sign-in by the housing service failed");
    match failed {
        Failed::Away(_) => word::AWAY,
        Failed::Refused(_) => word::REFUSED,
        Failed::Unreadable(_) => word::UNREADABLE,
        Failed::NoAccount => word::UNKNOWN,
    }
}

/// There is no housing service here.
fn off() -> Problem {
    Kind::NOT_FOUND.because("Signing in by a housing service is not set up here; sign in at /sign-in.")
}

/// Leads back to the sign-in page with a word about what went wrong.
fn back(next: Option<&str>, word: &str) -> Response {
    unstored(Redirect::to(&sign_in_page(next, Some(word))).into_response())
}

/// Keeps an answer out of every cache.
fn unstored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_state_and_a_code_or_an_error() {
        let answer = Answer::read(Some("code=a%20b&state=c&session_state=d"));
        assert_eq!((answer.state.as_str(), answer.code.as_deref()), ("c", Some("a b")));
        assert!(Answer::read(Some("error=access_denied&state=c")).is_cancelled);
        let other = Answer::read(Some("error=server_error"));
        assert!(!other.is_cancelled && other.code.is_none() && other.state.is_empty());
    }
}
