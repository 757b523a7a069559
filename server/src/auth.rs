//! Authentication by the session behind a cookie or an `Authorization: Bearer` header.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::request::Parts,
    middleware::Next,
    response::Response,
};
use axum_extra::extract::CookieJar;
use backend::people::sessions::{SESSION_LIFETIME, Session, SessionId, is_token};
use domain::{Resident, Role};
use http::{HeaderMap, HeaderValue, header};

use crate::{
    budgets::{Holder, Network},
    client_address::ClientAddress,
    problem::{Kind, Problem},
    state::AppState,
};

/// The cookie that holds the session's token.
pub(crate) const COOKIE: &str = "iutsai-session";

/// The time for which a command waits for its session to be copied from another node, which is two rounds of copying.
const KNOWN_WITHIN: Duration = Duration::from_secs(4);

/// The signed-in person; without one the request is refused with 401.
pub(crate) struct SignedIn(pub Resident);

/// An administrator; others are refused with 403.
pub(crate) struct Administrator(pub Resident);

/// A session, and the token that opens it.
pub(crate) struct Credentials {
    /// The session.
    pub session: Session,
    /// The token, to ask again whether it holds.
    pub token: String,
}

/// Returns the tokens that a request carries, that of the header first, then that of the cookie.
pub(crate) fn tokens(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let cookie = CookieJar::from_headers(headers).get(COOKIE).map(|cookie| cookie.value().to_owned());
    bearer(headers).into_iter().chain(cookie).filter(|token| is_token(token))
}

/// Returns the session of the request, if it has one that holds. A token in the header that opens none does not hide the
/// cookie, because proxies add headers of their own.
///
/// # Errors
/// [`Kind::UNAVAILABLE`] when none is found and one cannot be looked up, [`Kind::BUSY`] when one may not be looked up
/// now.
pub(crate) async fn session(state: &AppState, parts: &Parts) -> Result<Option<Credentials>, Problem> {
    let network = state.proxies.sender(parts).network();
    let mut unavailable = None;
    for token in tokens(&parts.headers) {
        match find(state, network, &token).await {
            Ok(Some(session)) => {
                renew(parts, &session, &token);
                return Ok(Some(Credentials { session, token }));
            }
            Ok(None) => {}
            Err(problem) => unavailable = Some(problem),
        }
    }
    unavailable.map_or(Ok(None), Err)
}

/// Returns the session that a token opens. A token that no session known here has is looked up within the budget of its
/// network.
///
/// # Errors
/// [`Kind::UNAVAILABLE`], or [`Kind::BUSY`] beyond the budget.
pub(crate) async fn find(
    state: &AppState,
    network: Network,
    token: &str,
) -> Result<Option<Session>, Problem> {
    // Hashed once, because each command asks.
    let Some(id) = SessionId::of_text(token) else { return Ok(None) };
    may_ask_for(state, network, &id)?;
    Ok(state.backend.sessions.find_named(&id).await?)
}

/// Counts the question that an unknown token costs the database.
///
/// # Errors [`Kind::BUSY`] beyond the budget, because the token may be good.
pub(crate) fn may_look_up(state: &AppState, network: Network, token: &str) -> Result<(), Problem> {
    SessionId::of_text(token).map_or(Ok(()), |id| may_ask_for(state, network, &id))
}

fn may_ask_for(state: &AppState, network: Network, id: &SessionId) -> Result<(), Problem> {
    if state.backend.sessions.has(id) {
        return Ok(());
    }
    state.budgets.tokens.take(network, Instant::now())
}

/// Returns the holder whose share of a budget a request uses. That is the resident whose session is known here, else
/// the strangers of its network. The database is not asked.
#[must_use]
pub(crate) fn holder(state: &AppState, client: ClientAddress, headers: &HeaderMap) -> Holder {
    let resident = tokens(headers).find_map(|token| state.backend.sessions.known(&token));
    Holder::new(resident.as_ref(), client.network())
}

/// Returns who gives a command. Where others of the network have used up its look-ups, this waits for the sessions that
/// began at other nodes to be known here, because a call must not be put off for the tokens of others.
///
/// # Errors
/// [`Kind::NOT_SIGNED_IN`], and as [`session`].
pub(crate) async fn commander(state: &AppState, parts: &Parts) -> Result<Resident, Problem> {
    let found = match session(state, parts).await {
        Err(problem) if problem.kind == Kind::BUSY => {
            let network = state.proxies.sender(parts).network();
            let _turn = state.budgets.commands.enter(Holder::Strangers(network)).await?;
            let tokens: Vec<_> = tokens(&parts.headers).collect();
            let known = state.backend.sessions.become_known(&tokens);
            // One that is known by then needs no look-up, and any other is refused as before.
            let _ = tokio::time::timeout(KNOWN_WITHIN, known).await;
            session(state, parts).await?
        }
        found => found?,
    };
    let resident = found.map(|credentials| Arc::unwrap_or_clone(credentials.session.resident));
    resident.ok_or_else(Problem::not_signed_in)
}

/// Has the cookie sent again when its session was prolonged.
fn renew(parts: &Parts, session: &Session, token: &str) {
    if session.renewed
        && bearer(&parts.headers).as_deref() != Some(token)
        && let Some(renewed) = parts.extensions.get::<RenewedCookie>()
    {
        // A request looks its session up once or twice; either time it is the same token.
        let _ = renewed.0.set(token.to_owned());
    }
}

/// The `Set-Cookie` value that keeps `token` for the session's lifetime.
#[must_use]
pub(crate) fn cookie(token: &str, secure: bool) -> HeaderValue {
    set_cookie(token, SESSION_LIFETIME.as_secs(), secure)
}

/// The `Set-Cookie` value that forgets the token.
#[must_use]
pub(crate) fn forgotten_cookie(secure: bool) -> HeaderValue {
    set_cookie("", 0, secure)
}

/// Returns whether cookies are to be kept from plain http.
#[must_use]
pub(crate) fn is_secure(state: &AppState, client: ClientAddress) -> bool {
    state.settings.is_https() || client.https
}

/// Middleware. Sends the cookie again when the session was prolonged, so that both last equally long.
pub(crate) async fn renew_cookie(
    State(state): State<AppState>,
    client: ClientAddress,
    mut request: Request,
    next: Next,
) -> Response {
    let renewed = RenewedCookie::default();
    request.extensions_mut().insert(renewed.clone());
    let mut response = next.run(request).await;
    if let Some(token) = renewed.0.get() {
        // A sign-in or sign-out of the same request has the last word.
        if !response.headers().contains_key(header::SET_COOKIE) {
            response.headers_mut().append(header::SET_COOKIE, cookie(token, is_secure(&state, client)));
        }
    }
    response
}

#[derive(Clone, Default)]
struct RenewedCookie(Arc<OnceLock<String>>);

/// The token of an `Authorization: Bearer` header (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Option<String> {
    bearer_token(headers.get(header::AUTHORIZATION)?.to_str().ok()?).map(str::to_owned)
}

/// The token of an `Authorization` value; the scheme's case does not matter (RFC 9110, section 11.1).
#[must_use]
pub(crate) fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn set_cookie(token: &str, seconds: u64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let credentials = session(state, parts).await?.ok_or_else(Problem::not_signed_in)?;
        Ok(Self(Arc::unwrap_or_clone(credentials.session.resident)))
    }
}

impl FromRequestParts<AppState> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let credentials = session(state, parts).await?.ok_or_else(Problem::not_signed_in)?;
        let Session { resident, is_limited, .. } = credentials.session;
        if is_limited {
            return Err(Kind::SECOND_FACTOR_NEEDED
                .because("An administrator needs a second factor here; set it up at /me/sign-in."));
        }
        if resident.role != Role::Administrator {
            return Err(Kind::NOT_YOURS.because("Only an administrator may see this; sign in as one."));
        }
        Ok(Self(Arc::unwrap_or_clone(resident)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_by_header_or_by_cookie_and_the_header_comes_first() {
        let (by_header, by_cookie) = ("h".repeat(43), "c".repeat(43));
        let mut headers = HeaderMap::new();
        assert_eq!(tokens(&headers).count(), 0);
        headers.insert(header::COOKIE, format!("lang=ko; iutsai-session={by_cookie}").parse().unwrap());
        assert_eq!(tokens(&headers).collect::<Vec<_>>(), std::slice::from_ref(&by_cookie));
        headers.insert(header::AUTHORIZATION, format!("bearer {by_header}").parse().unwrap());
        assert_eq!(tokens(&headers).collect::<Vec<_>>(), [by_header, by_cookie.clone()]);
        for of_a_proxy in ["Basic dTpw", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "Bearer", ""] {
            headers.insert(header::AUTHORIZATION, of_a_proxy.parse().unwrap());
            assert_eq!(
                tokens(&headers).collect::<Vec<_>>(),
                std::slice::from_ref(&by_cookie),
                "{of_a_proxy}"
            );
        }
    }

    #[test]
    fn a_cookie_is_out_of_reach_for_scripts_and_other_sites() {
        let cookie = cookie("abc", true);
        assert_eq!(cookie, "iutsai-session=abc; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax; Secure");
    }
}
