//! The permissions of everybody. Each row of `authorization.csv` is a request to the running program by each of them. A
//! test beside the router checks that the table has every route and every destination.

use domain::AlertId;
use reqwest::Method;
use stomp::{Command, Frame};
use testkit::{
    Error,
    client::{Client, Handshake, Session, Socket, Subscribe},
};

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, STRANGER, header, send, server_and_client,
    sign_in,
};

const TABLE: &str = include_str!("authorization.csv");
const ACTORS: [&str; 4] = [CALLER, NEIGHBOUR, STRANGER, ADMINISTRATOR];

/// A row of the table.
struct Row {
    method: String,
    path: String,
    body: String,
    /// The words for nobody, and for each actor.
    expected: Vec<String>,
}

fn rows() -> Vec<Row> {
    let mut table = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(TABLE.as_bytes());
    let row = |row: csv::StringRecord| Row {
        method: row[0].to_owned(),
        path: row[1].to_owned(),
        body: row[2].to_owned(),
        expected: row.iter().skip(3).map(str::to_owned).collect(),
    };
    table.records().map(|record| row(record.unwrap())).collect()
}

async fn actors(client: &Client) -> Result<Vec<Session>, Error> {
    let mut actors = Vec::new();
    for name in ACTORS {
        actors.push(sign_in(client, name).await?);
    }
    Ok(actors)
}

/// Puts what exists in the place of what stands in braces.
fn filled(text: &str, call: Option<AlertId>) -> String {
    let text = text.replace("{name}", SECOND_NEIGHBOUR).replace("{code}", "0000-0000-0000");
    let text = text.replace("{line}", "101-1");
    match call {
        Some(call) => text.replace("{id}", &call.to_string()),
        None => text,
    }
}

/// Makes a new call for a request about one, since most of them end it.
async fn called(row: &Row, caller: &Session) -> Result<Option<AlertId>, Error> {
    if !row.path.contains("{id}") && !row.body.contains("{id}") {
        return Ok(None);
    }
    Ok(Some(AlertId(caller.press(&caller.call("")?, None).await?.ok()?.id)))
}

/// Asks for what a row is about, and returns what followed in a word of the table.
async fn asked(client: &Client, row: &Row, who: Option<&Session>, caller: &Session) -> Result<String, Error> {
    let call = called(row, caller).await?;
    let (to, body) = (filled(&row.path, call), filled(&row.body, call));
    let got = match row.method.as_str() {
        "SUBSCRIBE" | "SEND" => by_stomp(client, who, &row.method, &to, &body).await?,
        _ => by_http(client, who, &row.method, &to, &body).await,
    };
    if let Some(call) = call {
        // A call that is open and was looked at would keep its house from making more; most are over already.
        send(caller.request(Method::POST, &format!("/alert/{call}/cancel"))).await;
    }
    Ok(got)
}

async fn by_http(client: &Client, who: Option<&Session>, method: &str, path: &str, body: &str) -> String {
    let method: Method = method.parse().unwrap();
    let request = match who {
        Some(session) => session.request(method, path),
        None => client.request(method, path),
    };
    answered(request, body).await
}

/// Sends a request with its body, and returns what followed in a word of the table.
async fn answered(request: reqwest::RequestBuilder, body: &str) -> String {
    let content_type = match body {
        "" => None,
        body if body.starts_with('{') => Some("application/json"),
        body if body.contains('=') => Some("application/x-www-form-urlencoded"),
        _ => Some("text/csv"),
    };
    let request = match content_type {
        Some(content_type) => request.header("content-type", content_type).body(body.to_owned()),
        None => request,
    };
    let response = send(request).await;
    match response.status().as_u16() {
        status @ (401 | 403) => status.to_string(),
        303 if header(&response, "location").starts_with("/sign-in") => "sign-in".into(),
        status @ (405 | 500..) => format!("failed with {status}"),
        _ => "yes".into(),
    }
}

async fn by_stomp(
    client: &Client,
    who: Option<&Session>,
    command: &str,
    to: &str,
    body: &str,
) -> Result<String, Error> {
    let Some(session) = who else {
        let mut socket = Socket::open(client, &Handshake::default()).await?;
        let refused = socket.connect(&"x".repeat(43)).await.is_err();
        return Ok(if refused { "401" } else { "yes" }.into());
    };
    let mut socket = session.connect().await?;
    let frame = if command == "SUBSCRIBE" {
        Subscribe::to(to).frame()
    } else {
        Frame::new(Command::Send).header("destination", to).body(body)
    };
    match socket.send_with_receipt(frame).await {
        Ok(()) => Ok("yes".into()),
        Err(Error::Ended { .. }) => Ok("403".into()),
        Err(error) => Err(error),
    }
}

#[tokio::test]
async fn everybody_gets_what_the_table_lists() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let mut actors = actors(&client).await?;
    let mut different = Vec::new();
    for row in rows() {
        let everybody = std::iter::once(None).chain(actors.iter().map(Some));
        let names = std::iter::once("nobody").chain(ACTORS);
        for ((who, name), expected) in everybody.zip(names).zip(&row.expected) {
            let got = asked(&client, &row, who, &actors[0]).await?;
            if got != *expected {
                let Row { method, path, .. } = &row;
                different.push(format!("{method} {path} by {name}: {got}, and the table has {expected}"));
            }
        }
        if row.path == "/sign-out" || row.method == "DELETE" {
            actors = self::actors(&client).await?;
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    Ok(())
}

/// The addresses that a screen on a wall may read.
const OF_A_DISPLAY: [&str; 3] = ["/admin/board", "/admin/board/calls", "/admin/board/plan"];
/// Rows that are asked with the token in the place of a session's, too. There are few, because looking up unknown tokens
/// has a bound.
const AS_A_SESSION: [&str; 3] = ["/alert", "/api/session", "/admin/board/calls"];

#[tokio::test]
async fn a_display_gets_what_nobody_gets_and_the_board() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let made = office.request(Method::POST, "/api/displays").json(&serde_json::json!({ "name": "wall" }));
    let made: serde_json::Value = send(made).await.json().await.unwrap();
    let (_, token) = made["link"].as_str().unwrap().split_once("?display=").unwrap();
    let mut different = Vec::new();
    for row in rows() {
        let Row { method, path, body, expected } = &row;
        if ["SUBSCRIBE", "SEND"].contains(&method.as_str()) {
            continue;
        }
        let nobody = expected[0].as_str();
        let own = if OF_A_DISPLAY.contains(&path.as_str()) { "yes" } else { nobody };
        let mut ways = vec![("cookie", format!("iutsai-display={token}"), own)];
        if AS_A_SESSION.contains(&path.as_str()) {
            ways.push(("cookie", format!("iutsai-session={token}"), nobody));
            ways.push(("authorization", format!("Bearer {token}"), nobody));
        }
        let (to, body) = (filled(path, Some(AlertId::generate())), filled(body, Some(AlertId::generate())));
        for (name, value, expected) in ways {
            let request = client.request(method.parse().unwrap(), &to).header(name, &value);
            let got = answered(request, &body).await;
            if got != expected {
                let (way, _) = value.split_at(14);
                different.push(format!("{method} {path} by {name} {way}: {got} and not {expected}"));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    let mut socket = Socket::open(&client, &Handshake::default()).await?;
    assert!(socket.connect(token).await.is_err(), "it opens no socket");
    Ok(())
}
