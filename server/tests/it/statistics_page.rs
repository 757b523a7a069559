//! The numbers of the management office, with their readers, the answers, and the questions that are refused.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use testkit::{Error, client::Session};

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, header, page_request, program, send, server_and_client,
    sign_in,
};

const ADDRESSES: [&str; 3] = ["/api/statistics", "/api/statistics.csv", "/api/incidents.csv"];

/// The time for the consumer to count a call before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

fn get(session: &Session, path: &str) -> RequestBuilder {
    session.request(Method::GET, path)
}

async fn problem(response: Response) -> (u16, Value) {
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The figures of the last seven days, once they hold so many calls.
async fn figures_of(administrator: &Session, calls: u64) -> Result<Value, Error> {
    let begun = Instant::now();
    loop {
        let response = send(get(administrator, "/api/statistics?period=7d")).await;
        assert_eq!(response.status(), 200);
        let figures: Value = response.json().await.unwrap();
        if figures["calls"] == calls {
            return Ok(figures);
        }
        assert!(begun.elapsed() < PATIENCE, "{calls} calls are never counted: {figures}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn nobody_but_an_administrator_gets_a_number() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let resident = sign_in(&client, CALLER).await?;
    for address in ADDRESSES {
        let (status, body) = problem(send(client.request(Method::GET, address)).await).await;
        assert_eq!((status, &body["type"]), (401, &Value::from("/problems/not-signed-in")), "{address}");
        let (status, body) = problem(send(get(&resident, address)).await).await;
        assert_eq!((status, &body["type"]), (403, &Value::from("/problems/not-yours")), "{address}");
    }
    let response = send(page_request(&resident, "/admin/statistics")).await;
    assert_eq!(response.status(), 403);
    let html = response.text().await.unwrap();
    assert!(html.contains("관리사무소의 화면이에요") && !html.contains("data-testid=\"numbers\""), "{html}");
    let response = send(client.request(Method::GET, "/admin/statistics?period=7d")).await;
    assert_eq!(
        (response.status().as_u16(), header(&response, "location")),
        (303, "/sign-in?next=%2Fadmin%2Fstatistics%3Fperiod%3D7d")
    );
    Ok(())
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused_with_its_part() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let administrator = sign_in(&client, ADMINISTRATOR).await?;
    for (query, part) in [
        ("from=yesterday", "from"),
        ("from=2026-11-02&to=2026-11-01", "to"),
        ("from=2024-01-01&to=2026-01-01", "from"),
        ("until=2026-02-30", "until"),
        ("period=decade", "period"),
        ("line=101%2F1", "line"),
        ("kind=flood", "kind"),
    ] {
        for address in ADDRESSES {
            let (status, body) =
                problem(send(get(&administrator, &format!("{address}?{query}"))).await).await;
            assert_eq!(
                (status, &body["type"]),
                (422, &Value::from("/problems/invalid")),
                "{address}?{query}"
            );
            let detail = body["detail"].as_str().unwrap();
            assert!(detail.contains(&format!("'{part}'")), "{query}: {detail}");
        }
    }
    let response = send(page_request(&administrator, "/admin/statistics?from=yesterday&kind=fire")).await;
    assert_eq!(response.status(), 422);
    let html = response.text().await.unwrap();
    assert!(html.contains("value=\"yesterday\"") && html.contains("role=\"alert\""), "{html}");
    Ok(())
}

#[tokio::test]
async fn a_call_is_in_the_figures_of_json_tables_and_page() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let administrator = sign_in(&client, ADMINISTRATOR).await?;
    let before = send(get(&administrator, "/api/statistics?period=7d")).await;
    let known = header(&before, "etag").to_owned();
    let before: Value = before.json().await.unwrap();
    let calls = before["calls"].as_u64().unwrap();
    let caller = sign_in(&client, CALLER).await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let (mut socket, _) = neighbour.listen().await?;
    let id = caller.press(&caller.call("help")?, None).await?.ok()?.id;
    socket.wait_for("the alert", |message| message.is_alert(id)).await?;

    let figures = figures_of(&administrator, calls + 1).await?;
    for field in ["from", "to", "timezone", "as_of", "positions", "previous", "by_hour", "by_line", "by_kind"]
    {
        assert!(!figures[field].is_null(), "{field} in {figures}");
    }
    assert!(figures["to_first_accept_ms"]["count"].is_u64() && figures["by_line"]["101-1"].is_u64());
    let changed = get(&administrator, "/api/statistics?period=7d").header("if-none-match", &known);
    let changed = send(changed).await;
    assert_eq!((changed.status().as_u16(), header(&changed, "cache-control")), (200, "private, no-cache"));

    let table = send(get(&administrator, "/api/statistics.csv?period=7d")).await;
    assert_eq!(header(&table, "content-type"), "text/csv; charset=utf-8");
    assert!(header(&table, "content-disposition").contains("iutsai-statistics.csv"));
    let table = table.text().await.unwrap();
    let row = format!("calls,,{},", calls + 1);
    assert!(table.lines().any(|line| line.starts_with(&row)), "{row} in {table}");
    let rows = send(get(&administrator, "/api/incidents.csv?period=7d&line=101-1&reason=test"))
        .await
        .text()
        .await
        .unwrap();
    let own: Vec<&str> = rows.lines().filter(|line| line.starts_with(&id.to_string())).collect();
    assert!(own.len() == 1 && own[0].contains(",101-1,1203,none,false,"), "{rows}");
    assert!(!rows.contains("help"), "what the caller wrote is in no table");

    let html = send(page_request(&administrator, "/admin/statistics?period=7d")).await.text().await.unwrap();
    assert!(html.contains("data-testid=\"numbers\"") && html.contains("<script"), "{html}");
    assert!(html.contains("period=7d") && !html.contains(" style=\""), "the policy forbids inline styles");
    Ok(())
}

#[tokio::test]
async fn figures_that_have_not_changed_are_not_sent_again() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let administrator = sign_in(&client, ADMINISTRATOR).await?;
    let address = "/api/statistics?from=2001-01-01&to=2001-02-01";
    let first = send(get(&administrator, address)).await;
    let tag = header(&first, "etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    let again = send(get(&administrator, address).header("if-none-match", &tag)).await;
    assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, tag.as_str()));
    Ok(())
}

#[tokio::test]
async fn a_process_without_the_role_names_it_in_its_refusal() -> Outcome {
    let server = program().env("IUTSAI_ROLES", "web,producer,fanout").start().await?;
    let client = server.client()?;
    let administrator = sign_in(&client, ADMINISTRATOR).await?;
    for address in ADDRESSES {
        let (status, body) = problem(send(get(&administrator, address)).await).await;
        assert_eq!((status, &body["type"]), (404, &Value::from("/problems/role-absent")), "{address}");
    }
    let response = send(page_request(&administrator, "/admin/statistics")).await;
    assert_eq!(response.status(), 404);
    assert!(response.text().await.unwrap().contains("통계를 맡고 있지 않아요"));
    Ok(())
}
