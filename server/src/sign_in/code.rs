//! The second form of signing in, for the code. A ticket in a cookie of its own stands for the password; it is not a
//! session, and every other address ignores it.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use backend::people::tickets::{LASTS, Ticket};
use domain::Resident;
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

use super::{
    Next, is_local,
    page::{code_page, sign_in_page},
    proof::Prover,
    recorded,
};
use crate::{
    agent, auth,
    client_address::ClientAddress,
    payload::Payload,
    problem::{Kind, Problem},
    state::AppState,
};

/// The cookie that holds the ticket. It is sent to the sign-in page alone.
const COOKIE: &str = "iutsai-ticket";

/// The form for the code.
#[derive(Deserialize)]
pub(crate) struct CodeForm {
    #[serde(default)]
    code: String,
    next: Option<String>,
    #[serde(default)]
    check: String,
}

/// `POST /sign-in/code` is the second form. It is answered by 303 as the first one.
pub(crate) async fn form_code(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
    Payload { value: CodeForm { code, next, check } }: Payload<CodeForm>,
) -> Response {
    let next = Next { to: next.filter(|next| is_local(next)), is_checked: !check.is_empty() };
    let Some(ticket) = ticket(&headers) else {
        return Redirect::to(&sign_in_page(next.to.as_deref(), Some("expired"))).into_response();
    };
    let prover = Prover { state: &state, client, headers: &headers };
    match signed_in(prover, &ticket, &code).await {
        Ok(token) => {
            let mut response = next.entered(&state, client, &headers, &token);
            let forgotten = cookie("", 0, auth::is_secure(&state, client));
            response.headers_mut().append(header::SET_COOKIE, forgotten);
            response
        }
        Err(problem) => {
            let to = next.to.as_deref();
            let page = match problem.kind {
                Kind::CODE_REFUSED => code_page(to, Some("code")),
                Kind::TOO_MANY => code_page(to, Some("busy")),
                Kind::NOT_SIGNED_IN => sign_in_page(to, Some("expired")),
                _ => code_page(to, Some("unavailable")),
            };
            Redirect::to(&page).into_response()
        }
    }
}

/// Starts the session of a ticket with a code; returns its token.
async fn signed_in(prover: Prover<'_>, ticket: &str, code: &str) -> Result<String, Problem> {
    let Prover { state, client, headers } = prover;
    let accounts = &state.backend.accounts;
    let resident = {
        // A ticket costs a look-up, as a name does.
        let _turn = state.budgets.sign_ins.enter(auth::holder(state, client, headers)).await?;
        accounts.holder_of(ticket).await?.ok_or_else(Problem::not_signed_in)?
    };
    prover.code(&resident.name, code).await?;
    if !accounts.use_ticket(ticket).await? {
        return Err(Problem::not_signed_in());
    }
    let token = state.backend.sessions.start(&resident, &agent::device(headers, client)).await?;
    recorded(state, client, &resident);
    Ok(token.as_str().to_owned())
}

/// Leads to the form for the code, with a ticket.
///
/// # Errors
/// [`Kind::UNAVAILABLE`].
pub(crate) async fn ask(
    state: &AppState,
    client: ClientAddress,
    resident: &Resident,
    next: Option<&str>,
) -> Result<Response, Problem> {
    let ticket: Ticket = state.backend.accounts.issue_ticket(&resident.name).await?;
    let cookie = cookie(ticket.as_str(), LASTS / 1000, auth::is_secure(state, client));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&code_page(next, None))).into_response())
}

fn ticket(headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers).get(COOKIE).map(|cookie| cookie.value().to_owned())
}

fn cookie(ticket: &str, seconds: i64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={ticket}; Path=/sign-in; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_out_of_reach_for_scripts_and_is_sent_to_the_sign_in_page_alone() {
        let cookie = cookie("abc", 300, true);
        assert_eq!(cookie, "iutsai-ticket=abc; Path=/sign-in; Max-Age=300; HttpOnly; SameSite=Lax; Secure");
    }
}
