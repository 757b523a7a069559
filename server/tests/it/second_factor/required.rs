//! A complex that requires the second factor of its administrators.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use testkit::client::Session;

use super::protect;
use crate::support::{ADMINISTRATOR, Outcome, header, page, person_of, program, send, sign_in};

async fn people(session: &Session) -> (u16, String) {
    let response = send(session.request(Method::GET, "/api/people")).await;
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["type"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn where_it_is_required_an_administrator_sets_it_up_first_and_still_calls_from_the_own_flat() -> Outcome
{
    let server = program().env("IUTSAI_REQUIRE_SECOND_FACTOR", "1").start().await?;
    let client = server.client()?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let needed = (403, "/problems/second-factor-needed".to_owned());
    assert_eq!(people(&office).await, needed);
    for path in ["/", "/admin/people", "/devices"] {
        let response = send(office.request(Method::GET, path)).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "location")),
            (303, "/me/sign-in"),
            "{path}"
        );
    }
    assert!(page(&office, "/me/sign-in").await.contains("data-testid=\"required\""));

    let kim = person_of(&server, &client, "administrator", ("101-1", "1203"), "kim").await?;
    assert_eq!(people(&kim).await, needed);
    let (mut at_home, _) = kim.listen().await?;
    let id = kim.press(&kim.call("help")?, None).await?.ok()?.id;
    at_home.wait_for("the own call", |message| message.is_alert(id)).await?;

    protect(&office).await;
    assert_eq!(people(&office).await.0, 200);
    assert!(!page(&office, "/me/sign-in").await.contains("data-testid=\"required\""));
    protect(&kim).await;
    at_home.set_patience(Duration::from_secs(5));
    assert_eq!(
        at_home.ended().await?.code(),
        Some(1008),
        "the socket comes back with the rights of the office"
    );
    assert_eq!(people(&kim).await.0, 200);
    Ok(())
}
