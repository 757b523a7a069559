//! Signing in by the housing service. One address leads there with a cookie of its own, and the other one takes the
//! answer. Both are 404 where no service is set up.
//!
//! The cookie binds the answer to the browser that asked, and the server keeps nothing meanwhile. A second factor is
//! asked for as after a password.

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
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

use super::{Next, code, is_local, next_of, sign_in_page};
use crate::{
    agent, auth,
    client_address::ClientAddress,
    problem::{Kind, Problem},
    state::AppState,
};

/// The address that leads to the housing service. The one that it leads back to is below it.
pub const BEGIN: &str = "/sign-in/service";

/// The cookie of a sign-in on its way. It is sent to these two addresses alone.
const COOKIE: &str = "iutsai-service";
/// The time for a sign-in at the service, in seconds.
const LASTS: u32 = 10 * 60;
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
pub fn address(next: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(next.map(|next| ("next", next)));
    let query = query.finish();
    if query.is_empty() { BEGIN.to_owned() } else { format!("{BEGIN}?{query}") }
}

/// `GET /sign-in/service` leads to the housing service.
pub async fn begin(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(provider) = &state.provider else { return off().into_response() };
    let next = next_of(query.as_deref()).filter(|next| next.len() <= NEXT_LIMIT);
    let begun = async {
        let turn = state.budgets.service_sign_ins.enter(auth::holder(&state, client, &headers)).await;
        let _turn = turn.map_err(|_| word::BUSY)?;
        provider.begin().await.map_err(|failed| failed_word(&failed))
    };
    match begun.await {
        Ok((attempt, address)) => {
            let kept = kept(&attempt, next.as_deref());
            let cookie = cookie(&kept, LASTS, auth::is_secure(&state, client));
            unstored(([(header::SET_COOKIE, cookie)], Redirect::to(&address)).into_response())
        }
        Err(word) => back(next.as_deref(), word),
    }
}

/// `GET /sign-in/service/callback` takes the answer of the housing service.
pub async fn callback(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(provider) = &state.provider else { return off().into_response() };
    let answer = Answer::read(query.as_deref());
    let Some((attempt, next)) = attempt(&headers) else { return back(None, word::EXPIRED) };
    // An answer to another attempt leaves this one as it is, because another page may have led here.
    if !attempt.is_answered_by(&answer.state) {
        return back(next.as_deref(), word::EXPIRED);
    }
    let visit = Visit { state: &state, client, headers: &headers };
    let entered = match answer.code {
        Some(code) => visit.enter(provider, attempt, &code, next.as_deref()).await,
        None => Err(if answer.is_cancelled { word::CANCELLED } else { word::REFUSED }),
    };
    let mut response = match entered {
        Ok(response) => unstored(response),
        Err(word) => back(next.as_deref(), word),
    };
    let forgotten = cookie("", 0, auth::is_secure(&state, client));
    response.headers_mut().append(header::SET_COOKIE, forgotten);
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

/// A browser that comes back from the housing service.
#[derive(Clone, Copy)]
struct Visit<'a> {
    state: &'a AppState,
    client: ClientAddress,
    headers: &'a HeaderMap,
}

impl Visit<'_> {
    /// Signs in with the code of the service; returns the answer, or the word for what went wrong.
    async fn enter(
        self,
        provider: &Provider,
        attempt: Attempt,
        code: &str,
        next: Option<&str>,
    ) -> Result<Response, &'static str> {
        let person = self.person(provider, attempt, code).await?;
        let resident = self.account(&person).await?;
        let entered = self.session(&resident, next).await;
        entered.map_err(|problem| {
            tracing::warn!(problem = problem.detail, "a sign-in by the housing service was not finished");
            word::BUSY
        })
    }

    /// Asks the service whose code it is, within the budget of such sign-ins.
    async fn person(self, provider: &Provider, attempt: Attempt, code: &str) -> Result<Person, &'static str> {
        let Self { state, client, headers } = self;
        let turn = state.budgets.service_sign_ins.enter(auth::holder(state, client, headers)).await;
        let _turn = turn.map_err(|_| word::BUSY)?;
        let finished = provider.finish(attempt, code).await;
        finished.map_err(|failed| {
            if matches!(failed, Failed::Refused(_)) {
                state.backend.audit.refused(client.ip, "", word::REFUSED);
            }
            failed_word(&failed)
        })
    }

    async fn account(self, person: &Person) -> Result<Resident, &'static str> {
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
    async fn session(self, resident: &Resident, next: Option<&str>) -> Result<Response, Problem> {
        let Self { state, client, headers } = self;
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

/// Returns the value of the cookie, which is the attempt and where to go on to.
fn kept(attempt: &Attempt, next: Option<&str>) -> String {
    // Cookies are read with %20 and not with +, which the encoding of forms writes for a space.
    let next = form_urlencoded::byte_serialize(next.unwrap_or_default().as_bytes()).collect::<String>();
    format!("{}~{}", attempt.written(), next.replace('+', "%20"))
}

/// Reads what [`kept`] has written, from a cookie whose value is decoded.
fn attempt(headers: &HeaderMap) -> Option<(Attempt, Option<String>)> {
    let jar = CookieJar::from_headers(headers);
    let (attempt, next) = jar.get(COOKIE)?.value().split_once('~')?;
    Some((Attempt::read(attempt)?, Some(next.to_owned()).filter(|next| is_local(next))))
}

fn cookie(kept: &str, seconds: u32, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={kept}; Path={BEGIN}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_out_of_reach_for_scripts_and_brings_back_where_to_go_on_to() {
        let secret = "a".repeat(43);
        let written = format!("{secret}.{secret}.{secret}");
        let attempt_kept = Attempt::read(&written).expect("an attempt");
        for next in [None, Some("/call?kind=fire&text=a b+c;d~%41"), Some("/관리")] {
            let value = cookie(&kept(&attempt_kept, next), LASTS, true);
            let value = value.to_str().expect("only ASCII");
            assert!(
                value.ends_with("; Path=/sign-in/service; Max-Age=600; HttpOnly; SameSite=Lax; Secure"),
                "{value}"
            );
            let mut headers = HeaderMap::new();
            let (pair, _) = value.split_once(';').expect("attributes");
            headers.insert(header::COOKIE, pair.parse().expect("a header"));
            let (read, to) = attempt(&headers).expect("it is read again");
            assert_eq!((read.written(), to.as_deref()), (written.clone(), next));
        }
    }

    #[test]
    fn a_cookie_leads_to_no_other_site() {
        let secret = "a".repeat(43);
        let mut headers = HeaderMap::new();
        let pair = format!("{COOKIE}={secret}.{secret}.{secret}~%2F%2Fevil.example");
        headers.insert(header::COOKIE, pair.parse().expect("a header"));
        assert!(attempt(&headers).is_some_and(|(_, next)| next.is_none()));
    }

    #[test]
    fn an_answer_has_a_state_and_a_code_or_an_error() {
        let answer = Answer::read(Some("code=a%20b&state=c&session_state=d"));
        assert_eq!((answer.state.as_str(), answer.code.as_deref()), ("c", Some("a b")));
        assert!(Answer::read(Some("error=access_denied&state=c")).is_cancelled);
        let other = Answer::read(Some("error=server_error"));
        assert!(!other.is_cancelled && other.code.is_none() && other.state.is_empty());
    }
}
