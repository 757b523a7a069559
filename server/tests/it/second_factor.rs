//! The second factor of administrators, by the page's forms, by JSON, and by the operator's command.

mod authenticator;
mod changes;
mod required;
mod sealing;
mod sign_in;

use reqwest::{Method, Response};
use testkit::client::{Client, Session};

use self::authenticator::{code, octets};
use crate::support::{ADMINISTRATOR, PASSWORD, header, page, send};

/// An account whose second factor is on.
pub(crate) struct Protected {
    secret: Vec<u8>,
    /// Its recovery codes.
    pub recovery_codes: Vec<String>,
}

impl Protected {
    /// The code of the step that lies so many after the present one.
    pub(crate) fn code(&self, after: u64) -> String {
        code(&self.secret, after)
    }
}

async fn act(session: &Session, fields: &[(&str, &str)]) -> Response {
    send(session.request(Method::POST, "/me/sign-in").form(fields)).await
}

/// Returns where a form led to.
pub(crate) async fn led_to(session: &Session, fields: &[(&str, &str)]) -> String {
    let response = act(session, fields).await;
    assert_eq!(response.status().as_u16(), 303);
    header(&response, "location").to_owned()
}

/// Every text between `before` and the next `after`.
fn between(html: &str, before: &str, after: &str) -> Vec<String> {
    let parts = html.split(before).skip(1).filter_map(|part| part.split(after).next());
    parts.map(str::to_owned).collect()
}

async fn begun(session: &Session) -> Vec<u8> {
    let to = led_to(session, &[("act", "begin"), ("password", PASSWORD)]).await;
    assert_eq!(to, "/me/sign-in");
    let html = page(session, "/me/sign-in").await;
    octets(&between(&html, "data-secret=\"", "\"")[0])
}

/// Sets up the second factor of an administrator.
pub(crate) async fn protect(session: &Session) -> Protected {
    let secret = begun(session).await;
    let response = act(session, &[("act", "confirm"), ("code", code(&secret, 0).as_str())]).await;
    assert_eq!(response.status().as_u16(), 200);
    let recovery_codes = recovery_codes(response).await;
    Protected { secret, recovery_codes }
}

async fn recovery_codes(page: Response) -> Vec<String> {
    assert_eq!(header(&page, "cache-control"), "no-store");
    let html = page.text().await.unwrap();
    let codes = between(&html, "data-testid=\"recovery-code\">", "<");
    assert_eq!(codes.len(), 10, "{html}");
    codes
}

async fn refusal(client: &Client, code: Option<&str>) -> (u16, String) {
    let refused = client.sign_in_with_code(ADMINISTRATOR, PASSWORD, code).await.unwrap_err();
    let problem = refused.problem().expect("a problem");
    (problem.status, problem.kind.clone())
}

fn is_refused(kind: &str) -> (u16, String) {
    (401, format!("/problems/{kind}"))
}
