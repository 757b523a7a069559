//! Pages of other sites can make no browser call, nor listen.

use crate::support::{CALLER, Outcome, program, send, server_and_client, sign_in};
use reqwest::Method;
use testkit::{
    Error,
    client::{Handshake, Socket},
};

#[tokio::test]
async fn a_foreign_page_cannot_press() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let press = |header: &str, value: &str| {
        let body = caller.call("").unwrap();
        send(caller.request(Method::POST, "/alert").header(header, value).json(&body))
    };
    for (header, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        let response = press(header, value).await;
        assert_eq!(response.status(), 403, "{header}: {value}");
        let problem: domain::api::Problem = response.json().await.unwrap();
        assert_eq!(problem.kind, "/problems/foreign-origin");
    }
    assert_eq!(press("origin", client.address()).await.status(), 202);
    assert_eq!(press("sec-fetch-site", "same-origin").await.status(), 202);
    Ok(())
}

#[tokio::test]
async fn a_foreign_page_cannot_listen() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let foreign = Handshake::default().header("Origin", "https://evil.example");
    let refused = Socket::open(&client, &foreign).await.unwrap_err();
    assert!(matches!(refused, Error::UpgradeRefused { status: 403, .. }), "{refused}");
    let own = Handshake::default().header("Origin", client.address());
    Socket::open(&client, &own).await?;
    Ok(())
}

#[tokio::test]
async fn an_allowed_page_may_press_and_listen() -> Outcome {
    let server =
        program().env("IUTSAI_ALLOWED_ORIGINS", "https://app.example, https://kiosk.example").start().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let press = caller.request(Method::POST, "/alert").header("origin", "https://kiosk.example");
    let press = press.header("sec-fetch-site", "cross-site").json(&caller.call("")?);
    assert_eq!(send(press).await.status(), 202);
    Socket::open(&client, &Handshake::default().header("Origin", "https://app.example")).await?;
    Ok(())
}
