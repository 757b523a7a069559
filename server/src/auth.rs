//! Who asks: the session behind a cookie or an `Authorization: Bearer` header.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::request::Parts,
    middleware::Next,
    response::Response,
};
use axum_extra::extract::CookieJar;
use backend::people::sessions::{SESSION_LIFETIME, Session, is_token};
use domain::{Resident, Role};
use http::{HeaderMap, HeaderValue, header};

use crate::{
    client_address::ClientAddress,
    problem::{Kind, Problem},
    state::AppState,
};

/// The cookie that holds the session's token.
pub const COOKIE: &str = "iutsai-session";

/// Whoever is signed in; without anybody the request is refused with 401.
pub struct SignedIn(pub Resident);

/// Whoever is signed in, if anybody is.
pub struct Viewer(pub Option<Resident>);

/// An administrator; others are refused with 403.
pub struct Administrator;

/// A session, and the token that opens it.
pub struct Credentials {
    /// The session.
    pub session: Session,
    /// The token, to ask again whether it holds.
    pub token: String,
}

/// Returns the tokens that a request carries: that of the header, then that of the cookie.
pub fn tokens(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let cookie = CookieJar::from_headers(headers).get(COOKIE).map(|cookie| cookie.value().to_owned());
    bearer(headers).into_iter().chain(cookie).filter(|token| is_token(token))
}

/// Returns the session of the request, if it has one that holds. A token in the header that opens none does not hide the
/// cookie, because proxies add headers of their own.
///
/// # Errors
/// [`Kind::UNAVAILABLE`] when none is found and one cannot be looked up.
pub async fn session(state: &AppState, parts: &Parts) -> Result<Option<Credentials>, Problem> {
    let mut unavailable = None;
    for token in tokens(&parts.headers) {
        match state.backend.sessions.find(&token).await {
            Ok(Some(session)) => {
                renew(parts, &session, &token);
                return Ok(Some(Credentials { session, token }));
            }
            Ok(None) => {}
            Err(error) => unavailable = Some(error),
        }
    }
    unavailable.map_or(Ok(None), |error| Err(Problem::from(error)))
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
pub fn cookie(token: &str, secure: bool) -> HeaderValue {
    set_cookie(token, SESSION_LIFETIME.as_secs(), secure)
}

/// The `Set-Cookie` value that forgets the token.
#[must_use]
pub fn forgotten_cookie(secure: bool) -> HeaderValue {
    set_cookie("", 0, secure)
}

/// Whether cookies are to be kept from plain http.
#[must_use]
pub fn is_secure(state: &AppState, client: ClientAddress) -> bool {
    state.settings.is_https() || client.https
}

/// Middleware: sends the cookie again when the session was prolonged, so that both last equally long.
pub async fn renew_cookie(
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
pub fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn set_cookie(token: &str, seconds: u64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

impl FromRequestParts<AppState> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Ok(Self(session(state, parts).await?.map(|credentials| credentials.session.resident)))
    }
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Viewer(viewer) = Viewer::from_request_parts(parts, state).await?;
        viewer.map(Self).ok_or_else(Problem::not_signed_in)
    }
}

impl FromRequestParts<AppState> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let SignedIn(resident) = SignedIn::from_request_parts(parts, state).await?;
        if resident.role != Role::Administrator {
            return Err(Kind::NOT_YOURS.because("Only an administrator may see this; sign in as one."));
        }
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
