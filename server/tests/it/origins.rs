//! Pages of other sites can make no browser call, nor listen.

use crate::support::{CALLER, Outcome, PASSWORD, header, program, send, server_and_client, sign_in};
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

#[tokio::test]
async fn a_page_whose_proxy_hides_its_origin_or_names_the_port_may_sign_in_and_press() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let hidden = [("origin", "null"), ("sec-fetch-site", "same-origin")];
    let with_port = [("origin", "https://iutsai.example"), ("host", "iutsai.example:443")];
    let plain = [("origin", "http://iutsai.example"), ("host", "iutsai.example:80")];
    for headers in [hidden, with_port, plain] {
        let with = |request: reqwest::RequestBuilder| {
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
        };
        let form = [("name", CALLER), ("password", PASSWORD)];
        let response = send(with(client.request(Method::POST, "/sign-in")).form(&form)).await;
        assert_eq!((response.status().as_u16(), header(&response, "location")), (303, "/"), "{headers:?}");
        let form = [("line", "101-1"), ("house", "1203")];
        let response = send(with(caller.request(Method::POST, "/alert")).form(&form)).await;
        assert!(header(&response, "location").starts_with("/call/"), "{headers:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_proxys_own_authorization_does_not_hide_the_cookie() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let cookie = format!("iutsai-session={}", caller.token());
    let another = "a".repeat(43);
    for value in
        ["Basic dXNlcjpwYXNz", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln", format!("Bearer {another}").as_str()]
    {
        let request = |method, path| {
            client.request(method, path).header("authorization", value).header("cookie", &cookie)
        };
        let press = request(Method::POST, "/alert").json(&caller.call("")?);
        assert_eq!(send(press).await.status(), 202, "{value}");
        assert_eq!(send(request(Method::GET, "/api/session")).await.status(), 200, "{value}");
    }
    let out = client.request(Method::POST, "/sign-out").header("authorization", "Bearer of-a-proxy");
    assert_eq!(send(out.header("cookie", &cookie)).await.status(), 303);
    let asked = client.request(Method::GET, "/api/session").header("cookie", &cookie);
    assert_eq!(send(asked).await.status(), 401, "the cookie's session has ended");
    Ok(())
}

#[tokio::test]
async fn an_allowed_page_may_ask_first_and_read_the_answer() -> Outcome {
    let server =
        program().env("IUTSAI_ALLOWED_ORIGINS", "https://app.example, capacitor://localhost").start().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    for origin in ["https://app.example", "capacitor://localhost"] {
        let preflight = client
            .request(Method::OPTIONS, "/alert")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type,idempotency-key,traceparent",
            );
        let answer = send(preflight).await;
        assert!(answer.status().is_success());
        assert_eq!(header(&answer, "access-control-allow-origin"), origin);
        assert!(header(&answer, "access-control-allow-methods").contains("POST"));
        for name in ["authorization", "content-type", "idempotency-key", "traceparent"] {
            assert!(header(&answer, "access-control-allow-headers").contains(name), "{name}");
        }
        let press = caller.request(Method::POST, "/alert").header("origin", origin);
        let answer = send(press.header("sec-fetch-site", "cross-site").json(&caller.call("")?)).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "access-control-allow-origin")), (202, origin));
        let refused = client.request(Method::POST, "/alert").header("origin", origin).body("{}");
        let answer = send(refused).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "access-control-allow-origin")), (401, origin));
        Socket::open(&client, &Handshake::default().header("Origin", origin)).await?;
    }
    let foreign = client.request(Method::OPTIONS, "/alert").header("origin", "https://evil.example");
    let answer = send(foreign.header("access-control-request-method", "POST")).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), "");
    Ok(())
}
