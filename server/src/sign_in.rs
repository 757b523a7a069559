//! Signing in and out, as JSON for programs, and as forms for pages. A page holds only the cookie, never the token.

use std::time::Instant;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use backend::people::{accounts::can_be_name, sessions::Token};
use domain::{
    Resident,
    api::{SignIn, SignedIn as Answer},
};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use url::form_urlencoded;

use crate::{
    auth::{self, SignedIn},
    client_address::ClientAddress,
    payload::Payload,
    problem::{Kind, Problem},
    state::AppState,
};

/// `POST /api/session` gives a token for a name and a password.
pub async fn start_session(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
    Payload { value: SignIn { name, password } }: Payload<SignIn>,
) -> Result<Json<Answer>, Problem> {
    let (token, resident) = sign_in(&state, client, &headers, &name, &password).await?;
    Ok(Json(Answer { token: token.as_str().to_owned(), resident }))
}

/// `GET /api/session` names the signed-in person.
pub async fn tell_session(SignedIn(resident): SignedIn) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(resident))
}

/// `DELETE /api/session` signs out, without a session too.
pub async fn end_session(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    sign_out(&state, client, &headers).await?;
    let cookie = auth::forgotten_cookie(auth::is_secure(&state, client));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// The sign-in page's form.
#[derive(Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    next: Option<String>,
    /// The form is the page's, which asks to see whether the browser keeps the cookie.
    #[serde(default)]
    check: String,
}

/// `POST /sign-in` is the page's form. It is answered by 303 to where the person was going, or back with `?problem=`.
///
/// The page's own form leads back to the page first, to see whether the browser kept the cookie. A signed-in person is
/// led on from there. The others read what is wrong, instead of the same page without a word.
pub async fn form_sign_in(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
    Payload { value: SignInForm { name, password, next, check } }: Payload<SignInForm>,
) -> Response {
    let next = next.filter(|next| is_local(next));
    let back = |problem: &str| sign_in_page(next.as_deref(), Some(problem));
    let problem = match sign_in(&state, client, &headers, &name, &password).await {
        Ok((token, _)) => {
            let is_secure = auth::is_secure(&state, client);
            let to = match (check.is_empty(), is_secure && comes_by_http(&headers)) {
                (true, _) => next.clone().unwrap_or_else(|| "/".into()),
                (false, true) => back("insecure"),
                (false, false) => back("cookie"),
            };
            let cookie = auth::cookie(token.as_str(), is_secure);
            return ([(header::SET_COOKIE, cookie)], Redirect::to(&to)).into_response();
        }
        Err(problem) => problem,
    };
    let word = match problem.kind {
        Kind::SIGN_IN_REFUSED => "refused",
        Kind::TOO_MANY => "busy",
        Kind::ACCOUNT_LOCKED => "locked",
        _ => "unavailable",
    };
    Redirect::to(&back(word)).into_response()
}

/// Returns whether the page that sent the form was shown over plain http, where browsers keep no Secure cookie.
fn comes_by_http(headers: &HeaderMap) -> bool {
    let mut of_page = [header::ORIGIN, header::REFERER].into_iter().filter_map(|name| headers.get(name));
    of_page.any(|address| address.as_bytes().starts_with(b"http://"))
}

/// `POST /sign-out` is the pages' form.
pub async fn form_sign_out(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
) -> Response {
    match sign_out(&state, client, &headers).await {
        Ok(()) => {
            let cookie = auth::forgotten_cookie(auth::is_secure(&state, client));
            ([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// Returns where the sign-in page's address leads on to, if that is on this site.
#[must_use]
pub fn next_of(query: Option<&str>) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find_map(|(name, value)| (name == "next" && is_local(&value)).then(|| value.into_owned()))
}

/// The sign-in page's address, with where to go on to and what went wrong.
#[must_use]
pub fn sign_in_page(next: Option<&str>, problem: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    problem.map(|problem| query.append_pair("problem", problem));
    next.map(|next| query.append_pair("next", next));
    let query = query.finish();
    if query.is_empty() { "/sign-in".into() } else { format!("/sign-in?{query}") }
}

async fn sign_in(
    state: &AppState,
    client: ClientAddress,
    headers: &HeaderMap,
    name: &str,
    password: &str,
) -> Result<(Token, Resident), Problem> {
    let refused = || Kind::SIGN_IN_REFUSED.because("Wrong name or password; check both and try again.");
    // Telephones add a space behind a name that they complete.
    let name = name.trim();
    if !can_be_name(name) {
        return Err(refused());
    }
    let resident = verified(state, client, headers, name, password).await?.ok_or_else(refused)?;
    Ok((state.backend.sessions.start(&resident).await?, resident))
}

/// Returns whose name and password these are, within the budgets of signing in; `None` if nobody's.
///
/// # Errors
/// [`Kind::TOO_MANY`], [`Kind::BUSY`], [`Kind::ACCOUNT_LOCKED`], [`Kind::UNAVAILABLE`].
pub async fn verified(
    state: &AppState,
    client: ClientAddress,
    headers: &HeaderMap,
    name: &str,
    password: &str,
) -> Result<Option<Resident>, Problem> {
    // The turn comes first, because a sign-in that is refused for want of one has not failed.
    let _turn = state.budgets.sign_ins.enter(auth::holder(state, client, headers)).await?;
    let (failures, network) = (&state.budgets.failures, client.network());
    failures.attempt(name, network, Instant::now()).map_err(|wait| {
        let seconds = wait.as_secs_f64().ceil() as u64;
        let detail = format!("Signing in failed too often; try again in {} minutes.", seconds.div_ceil(60));
        Kind::TOO_MANY.because(detail).retry_after(seconds)
    })?;
    let verified = state.backend.accounts.verify(name, password).await;
    if !matches!(verified, Ok(None)) {
        failures.succeeded(name, network);
    }
    Ok(verified?)
}

async fn sign_out(state: &AppState, client: ClientAddress, headers: &HeaderMap) -> Result<(), Problem> {
    for token in auth::tokens(headers) {
        auth::may_look_up(state, client.network(), &token)?;
        state.backend.sessions.end(&token).await?;
    }
    Ok(())
}

/// Returns whether an address stays on this site. Browsers read a backslash as a slash, and drop tabs and line ends.
pub fn is_local(next: &str) -> bool {
    next.starts_with('/')
        && !next[1..].starts_with(['/', '\\'])
        && !next.chars().any(|c| c.is_control() || c == '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_no_other_site() {
        assert!(is_local("/") && is_local("/call?kind=fire"));
        for foreign in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "call"]
        {
            assert!(!is_local(foreign), "{foreign:?}");
        }
    }

    #[test]
    fn the_sign_in_page_keeps_where_to_go_on_to() {
        assert_eq!(sign_in_page(None, None), "/sign-in");
        assert_eq!(
            sign_in_page(Some("/call?a=b"), Some("refused")),
            "/sign-in?problem=refused&next=%2Fcall%3Fa%3Db"
        );
    }
}
