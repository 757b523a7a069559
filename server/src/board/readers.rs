//! The readers of the board, who are administrators, and screens with a token. A screen gets its token by a link, and
//! keeps it in a cookie that no other address of this server is sent.

use std::time::Duration;

use app::page_table::BOARD;
use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use backend::people::displays::Found;
use domain::{Resident, Role};
use http::{HeaderValue, header, request::Parts};
use url::form_urlencoded;

use crate::{
    auth::{self, Credentials},
    budgets::Holder,
    problem::{Kind, Problem},
    state::AppState,
};

/// The cookie that holds the token of a screen.
const COOKIE: &str = "iutsai-display";
/// The parameter of a link that brings the token.
const PARAMETER: &str = "display";
/// The lifetime of the cookie in seconds, which is the longest that browsers keep one. Each load of the page and each
/// stream begins it anew.
const LASTS: u64 = 400 * 24 * 60 * 60;
/// The time for which a reader waits while the server applies, after its start, the events of before.
const PROMISED_WITHIN: Duration = Duration::from_secs(2);

/// Somebody who may read the board; others are refused with 401 or 403.
pub(crate) enum Reader {
    /// An administrator.
    Administrator(Credentials),
    /// A screen, by its id.
    Display(String),
}

impl Reader {
    /// Names the holder of the reader's streams. No account has a control character in its name.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Administrator(credentials) => credentials.session.resident.name.clone(),
            Self::Display(id) => name(id),
        }
    }
}

fn name(id: &str) -> String {
    format!("\u{0}display {id}")
}

impl FromRequestParts<AppState> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let session = auth::session(state, parts).await;
        match session {
            Ok(Some(credentials)) if credentials.session.resident.role == Role::Administrator => {
                Ok(Self::Administrator(credentials))
            }
            session => match cookie(parts).map(|token| state.backend.displays.find(&token)) {
                Some(Found::Known(id)) => Ok(Self::Display(id)),
                Some(Found::NotRead) => Err(Problem::unavailable(&"the displays have not been read")),
                Some(Found::Unknown) | None => Err(match session? {
                    Some(_) => {
                        Kind::NOT_YOURS.because("Only an administrator or a display may read the board.")
                    }
                    None => Problem::not_signed_in(),
                }),
            },
        }
    }
}

/// Returns the answer to the link of a screen, which keeps the token and leads to the board without it in the address.
/// Anybody may read an address off a wall.
pub(crate) fn entrance(state: &AppState, parts: &Parts) -> Option<Response> {
    if !BOARD.is_at(parts.uri.path()) {
        return None;
    }
    let token = asked(parts)?;
    let Found::Known(_) = state.backend.displays.find(&token) else { return None };
    let headers = [
        (header::SET_COOKIE, set_cookie(state, parts, &token)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Some((headers, Redirect::to(BOARD.path)).into_response())
}

/// Returns whether a request for the board is a screen's, be its token good or not. It is not led to the sign-in page,
/// where nobody could sign in.
pub(crate) fn has_display(parts: &Parts) -> bool {
    BOARD.is_at(parts.uri.path()) && token(parts).is_some()
}

/// Returns the holder of a page's turn, if a known screen asks for the board. It is not a stranger.
pub(crate) fn holder(state: &AppState, parts: &Parts) -> Option<Holder> {
    if !BOARD.is_at(parts.uri.path()) {
        return None;
    }
    match state.backend.displays.find(&token(parts)?) {
        Found::Known(id) => Some(Holder::Resident(name(&id))),
        Found::Unknown | Found::NotRead => None,
    }
}

/// Returns the cookie of a screen again, so that it never expires while the screen is used. People who are signed in
/// have a cookie of their own to renew.
pub(crate) fn renewed_cookie(
    state: &AppState,
    parts: &Parts,
    viewer: Option<&Resident>,
) -> Option<HeaderValue> {
    if viewer.is_some() || !parts.uri.path().starts_with(BOARD.path) {
        return None;
    }
    let token = cookie(parts)?;
    let is_known = matches!(state.backend.displays.find(&token), Found::Known(_));
    is_known.then(|| set_cookie(state, parts, &token))
}

/// Returns the token that a request carries, that of the link first, then that of the cookie.
pub(super) fn token(parts: &Parts) -> Option<String> {
    asked(parts).or_else(|| cookie(parts))
}

fn asked(parts: &Parts) -> Option<String> {
    let mut pairs = form_urlencoded::parse(parts.uri.query()?.as_bytes());
    pairs.find(|(name, _)| name == PARAMETER).map(|(_, token)| token.into_owned())
}

fn cookie(parts: &Parts) -> Option<String> {
    CookieJar::from_headers(&parts.headers).get(COOKIE).map(|cookie| cookie.value().to_owned())
}

/// Scripts do not see the cookie, and only the board's addresses are sent it.
fn set_cookie(state: &AppState, parts: &Parts, token: &str) -> HeaderValue {
    let is_secure = auth::is_secure(state, state.proxies.sender(parts));
    let secure = if is_secure { "; Secure" } else { "" };
    let path = BOARD.path;
    let cookie = format!("{COOKIE}={token}; Path={path}; Max-Age={LASTS}; HttpOnly; SameSite=Lax{secure}");
    // A known token has no character that a header cannot hold.
    HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Records in the background that a screen asked for the board, because the database may be away.
pub(super) fn note_seen(state: &AppState, id: String) {
    let displays = state.backend.displays.clone();
    tokio::spawn(async move {
        if let Err(error) = displays.seen(&id).await {
            tracing::debug!(%error, "it is not noted that a display was seen");
        }
    });
}

/// Waits until the hub has the events that were promised before the start, because half applied, calls that are over
/// look open. The wait is bounded, because a disk or a database may be away.
pub(super) async fn promised(state: &AppState) {
    // After that the board shows the calls that are known, and its stream brings the others.
    let _ = tokio::time::timeout(PROMISED_WITHIN, state.backend.readiness.promised()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(address: &str, cookies: &str) -> Parts {
        let request = http::Request::get(address).header(header::COOKIE, cookies);
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_token_comes_by_the_link_or_the_cookie_and_only_to_the_board() {
        let by_both = parts("/admin/board?lang=ko&display=a-link", "lang=ko; iutsai-display=a-cookie");
        assert_eq!(token(&by_both).as_deref(), Some("a-link"));
        let by_cookie = parts("/admin/board", "iutsai-session=s; iutsai-display=a-cookie");
        assert_eq!(token(&by_cookie).as_deref(), Some("a-cookie"));
        assert_eq!(token(&parts("/admin/board?displayed=x", "iutsai-session=s")), None);
        assert!(has_display(&by_both) && has_display(&by_cookie));
        for elsewhere in ["/", "/admin/board/displays?display=a", "/admin/people?display=a"] {
            assert!(!has_display(&parts(elsewhere, "iutsai-display=a-cookie")), "{elsewhere}");
        }
    }
}
