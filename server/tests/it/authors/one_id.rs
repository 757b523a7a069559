//! Two houses may call with one id. Their calls stay apart, and an address names the house that is meant.

use std::time::Duration;

use backend::delivery::{
    log::{Log, Outgoing},
    outbox::{Outbox, Purpose},
};
use domain::{Alert, AlertId, Event, House, Line, api::ProgressRequest, record};
use reqwest::Method;
use serde_json::json;
use stomp::{Command, Frame};
use tempfile::TempDir;
use testkit::{
    Error,
    client::{Message, Session, Step},
    server::Server,
};
use uuid::Uuid;

use super::{is_location, kind, place, send_step};
use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, header, program, send, sign_in,
};

/// Appends an event as another node's would be, under no key of a request.
async fn write(log: &Log, event: &Event) {
    let (topic, value) = record::write(event);
    let timestamp = event.at().unwrap();
    let outgoing = Outgoing { timestamp, ..Outgoing::new(topic, event.line().as_str(), &value) };
    log.append(outgoing).await.unwrap();
}

/// A server that knows two calls of one id, by 1203 and by 1301, as two nodes that did not know of each other may take
/// them.
async fn server_with_two_calls_of_one_id() -> Result<(TempDir, Server, AlertId), Error> {
    let directory = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(directory.path(), Purpose::Log, |_| {}).await.unwrap();
    let (log, id) = (Log::Local(outbox.clone()), AlertId::generate());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    for house in ["1203", "1301"] {
        let alert = Alert::new(
            id,
            Line::new("101-1").unwrap(),
            House::new(house).unwrap(),
            i64::try_from(now.as_millis()).unwrap(),
        );
        write(&log, &Event::Alert(alert)).await;
    }
    outbox.close().await;
    let server = program().data_dir(directory.path()).start().await?;
    Ok((directory, server, id))
}

#[tokio::test]
async fn an_id_that_two_houses_used_needs_the_house_unless_one_of_them_asks() -> Outcome {
    let (_directory, server, call) = server_with_two_calls_of_one_id().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (other, office) = (sign_in(&client, SECOND_NEIGHBOUR).await?, sign_in(&client, ADMINISTRATOR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    for (by, step) in [(&neighbour, Step::Arrived), (&neighbour, Step::Withdraw), (&office, Step::Resolve)] {
        let answer = send_step(by, call, step, Uuid::now_v7()).await?;
        assert_eq!(kind(&answer), (409, "/problems/several-calls"), "{step:?}");
    }
    let mut target_of = async |by: &Session, command: &str| {
        let (path, key) = (format!("/alert/{call}/{command}"), Uuid::now_v7());
        let answer = by.command(&path, &ProgressRequest::default(), Some(key)).await.unwrap();
        assert_eq!(answer.status, 202, "{command}: {answer:?}");
        let status = socket.wait_for("the word", |message| message.is_status(key)).await.unwrap();
        status.json()["target"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(target_of(&neighbour, "arrived?house=1203").await, "1203");
    assert_eq!(target_of(&neighbour, "arrived?house=1301&line=101-1").await, "1301");
    assert_eq!(target_of(&caller, "cancel").await, "1203");
    assert_eq!(target_of(&office, "resolve?house=1301").await, "1301");
    let wrong = neighbour.command(&format!("/alert/{call}/arrived?house=1%2F3"), &json!({}), None).await?;
    assert_eq!(kind(&wrong), (422, "/problems/invalid"));
    let over = other.moved(call, &place(), None).await?;
    assert_eq!(kind(&over), (409, "/problems/no-open-call"), "the own call is meant, and it is over");
    Ok(())
}

#[tokio::test]
async fn two_calls_of_one_id_move_and_end_apart_and_a_form_stays_with_its_call() -> Outcome {
    let (_directory, server, call) = server_with_two_calls_of_one_id().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let other = sign_in(&client, SECOND_NEIGHBOUR).await?;
    let (mut socket, _) = neighbour.listen().await?;
    for (by, house) in [(&caller, "1203"), (&other, "1301")] {
        assert_eq!(by.moved(call, &place(), None).await?.status, 202);
        let moved = socket.wait_for("the location", |message| is_location(message, call)).await?.json();
        assert_eq!(moved["target"], house);
    }
    // A look that may mean either call counts for neither.
    socket.seen(call).await?;
    let named = json!({ "alert": call, "house": "1301" }).to_string();
    socket.send(&Frame::new(Command::Send).header("destination", "/pub/seen").body(named)).await?;
    let is_receipt = |message: &Message| matches!(message.event(), Some(Event::Receipt(_)));
    let receipt = socket.wait_for("the look", is_receipt).await?.json();
    assert_eq!((&receipt["target"], &receipt["seen"]), (&json!("1301"), &json!(["1204"])));
    socket.none_within(Duration::from_millis(500), "another receipt", is_receipt).await?;
    for house in ["1203", "1301"] {
        let address = format!("/call/{call}?house={house}");
        let cookie = format!("iutsai-session={}", neighbour.token());
        let page =
            client.request(Method::GET, &address).header("cookie", cookie).header("accept", "text/html");
        let html = send(page).await.text().await.unwrap();
        assert!(html.contains(&format!("name=\"targetHouse\" value=\"{house}\"")), "{html}");
        assert!(html.contains(&format!("url={address}")), "the page refreshes itself at {address}");
    }
    let path = format!("/alert/{call}/arrived");
    for (query, to) in [
        ("", format!("/call/{call}?problem=several-calls")),
        ("?house=1203", format!("/call/{call}?house=1203")),
    ] {
        let form = neighbour.request(Method::POST, &format!("{path}{query}")).form(&[("note", "")]);
        let response = send(form).await;
        assert_eq!((response.status().as_u16(), header(&response, "location")), (303, &*to), "{query}");
    }
    Ok(())
}
