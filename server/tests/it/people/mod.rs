//! The people of the complex, by importing houses, inviting and joining, and what the office does to accounts.

mod acts;
mod import;
mod join;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use testkit::client::{Client, Session};

use crate::support::send;

fn post(session: &Session, path: &str, body: &Value) -> RequestBuilder {
    session.request(Method::POST, path).json(body)
}

/// Does an act of the office, which succeeds.
pub(crate) async fn act(session: &Session, path: &str, body: &Value) -> Value {
    let response = send(post(session, path, body)).await;
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert!([200, 201].contains(&status), "{path}: {status} {text}");
    serde_json::from_str(&text).unwrap()
}

/// Status and type of a problem.
async fn refusal(response: Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    let problem: Value = response.json().await.unwrap();
    let text = |field: &str| problem[field].as_str().unwrap_or_default().to_owned();
    (status, text("type"), text("detail"))
}

/// Invites a house, and returns the code.
pub(crate) async fn invited(administrator: &Session, line: &str, house: &str) -> String {
    let made = act(administrator, "/api/invitations", &json!({ "line": line, "house": house })).await;
    made["invitations"][0]["code"].as_str().unwrap().to_owned()
}

/// The form by which somebody joins with a code.
pub(crate) fn joining(client: &Client, code: &str, name: &str) -> RequestBuilder {
    let body = json!({ "name": name, "password": "correct horse", "consent": "2026-12" });
    client.request(Method::POST, &format!("/join/{code}")).json(&body)
}

/// The house of a line as the office sees it.
async fn house(administrator: &Session, line: &str, house: &str) -> Option<Value> {
    let complex: Value = send(administrator.request(Method::GET, "/api/people")).await.json().await.unwrap();
    let lines = complex["lines"].as_array().unwrap();
    let houses = lines.iter().find(|of| of["line"] == line)?["houses"].as_array().unwrap();
    houses.iter().find(|of| of["house"] == house).cloned()
}
