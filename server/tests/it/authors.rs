//! The rules on who may do what to which call, over HTTP. A 202 is followed by the frame on the line, and everybody
//! else is refused.

use std::time::Duration;

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, STRANGER, header, person_of, program, send,
    server_and_client, sign_in,
};
use backend::delivery::{
    log::{Log, Outgoing},
    outbox::Outbox,
};
use domain::{
    Alert, AlertId, Event, House, Line,
    api::{AcceptRequest, LocationRequest, ProgressRequest, Recorded},
    record,
};
use reqwest::Method;
use serde_json::json;
use stomp::{Command, Frame};
use tempfile::TempDir;
use testkit::{
    Error,
    client::{Answer, Client, Message, Session, Socket, Step},
    server::Server,
};
use uuid::Uuid;

const STEPS: [Step; 4] = [Step::Cancel, Step::Resolve, Step::Withdraw, Step::Arrived];

fn kind(answer: &Answer<Recorded>) -> (u16, &str) {
    (answer.status, answer.outcome.as_ref().err().map_or("accepted", |problem| problem.kind.as_str()))
}

fn place() -> LocationRequest {
    LocationRequest { lat: json!(10.5), lng: json!(127), accuracy: None }
}

async fn send_step(by: &Session, call: AlertId, step: Step, key: Uuid) -> Result<Answer<Recorded>, Error> {
    by.progress(call, step, &ProgressRequest::default(), Some(key)).await
}

fn is_location(message: &Message, call: AlertId) -> bool {
    matches!(message.event(), Some(Event::Moved(moved)) if moved.alert == call)
}

/// A call of 1203 that reaches a neighbour.
async fn called(client: &Client) -> Result<(Session, Session, Socket, AlertId), Error> {
    let (caller, neighbour) = (sign_in(client, CALLER).await?, sign_in(client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let id = caller.press(&caller.call("")?, None).await?.ok()?.id;
    socket.wait_for("the call", |message| message.is_alert(id)).await?;
    Ok((caller, neighbour, socket, AlertId(id)))
}

/// Nothing that these keys were sent with is pushed to the line, and no location.
async fn none_delivered(socket: &mut Socket, keys: &[Uuid], call: AlertId) -> Outcome {
    let is_one = |message: &Message| {
        is_location(message, call)
            || keys.iter().any(|key| message.is_status(*key) || message.is_accept(*key))
    };
    socket.none_within(Duration::from_millis(500), "what was refused", is_one).await
}

#[tokio::test]
async fn permitted_events_reach_the_line_and_all_others_are_refused() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour, mut socket, call) = called(&client).await?;
    let (stranger, office) = (sign_in(&client, STRANGER).await?, sign_in(&client, ADMINISTRATOR).await?);
    let mut refused = Vec::new();
    for (who, by, steps) in [
        ("the caller", &caller, &[Step::Withdraw, Step::Arrived][..]),
        ("a neighbour", &neighbour, &[Step::Cancel, Step::Resolve][..]),
        ("a stranger", &stranger, &STEPS[..]),
        ("the office", &office, &[Step::Cancel, Step::Withdraw, Step::Arrived][..]),
    ] {
        for step in steps {
            let key = Uuid::now_v7();
            let answer = send_step(by, call, *step, key).await?;
            assert_eq!(kind(&answer), (403, "/problems/not-yours"), "{step:?} by {who}");
            refused.push(key);
        }
    }
    for by in [&neighbour, &stranger, &office] {
        let answer = by.moved(call, &place(), None).await?;
        assert_eq!(kind(&answer), (403, "/problems/not-yours"), "a location by {}", by.resident().name);
    }
    none_delivered(&mut socket, &refused, call).await?;

    assert_eq!(caller.moved(call, &place(), None).await?.status, 202);
    let moved = socket.wait_for("the location", |message| is_location(message, call)).await?.json();
    assert_eq!((&moved["target"], &moved["lat"]), (&json!("1203"), &json!(10.5)));
    assert_eq!(moved.get("house"), None, "absent: the caller");
    for (by, step, author) in [
        (&neighbour, Step::Arrived, "1204"),
        (&neighbour, Step::Withdraw, "1204"),
        (&office, Step::Resolve, "@administrator"),
        (&caller, Step::Cancel, "1203"),
    ] {
        let key = Uuid::now_v7();
        assert_eq!(send_step(by, call, step, key).await?.status, 202, "{step:?}");
        let status = socket.wait_for("the word", |message| message.is_status(key)).await?.json();
        assert_eq!((&status["by"], &status["target"]), (&json!(author), &json!("1203")), "{step:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_administrator_in_the_flat_of_that_number_on_another_line_is_not_the_caller() -> Outcome {
    let (server, client) = server_and_client().await?;
    let (_caller, _neighbour, mut socket, call) = called(&client).await?;
    let office = person_of(&server, &client, "administrator", ("101-2", "1203"), "admin-of-101-2").await?;
    let mut refused = Vec::new();
    for step in [Step::Cancel, Step::Withdraw, Step::Arrived] {
        let key = Uuid::now_v7();
        assert_eq!(
            kind(&send_step(&office, call, step, key).await?),
            (403, "/problems/not-yours"),
            "{step:?}"
        );
        refused.push(key);
    }
    assert_eq!(kind(&office.moved(call, &place(), None).await?), (403, "/problems/not-yours"));
    none_delivered(&mut socket, &refused, call).await?;
    let key = Uuid::now_v7();
    assert_eq!(send_step(&office, call, Step::Resolve, key).await?.status, 202);
    let resolved = socket.wait_for("the end", |message| message.is_status(key)).await?.json();
    assert_eq!(resolved["by"], "@administrator");
    Ok(())
}

fn accept(neighbour: &Session, target: &str, call: Option<AlertId>) -> Result<AcceptRequest, Error> {
    Ok(AcceptRequest {
        line: neighbour.line()?.clone(),
        accept_house: neighbour.call("")?.house,
        target_house: House::new(target).unwrap(),
        alert: call,
    })
}

#[tokio::test]
async fn an_accept_that_names_another_house_than_the_one_that_called_is_refused() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (_caller, neighbour, mut socket, call) = called(&client).await?;
    let key = Uuid::now_v7();
    let answer = neighbour.accept(&accept(&neighbour, "1301", Some(call))?, Some(key)).await?;
    assert_eq!(kind(&answer), (409, "/problems/no-open-call"));
    none_delivered(&mut socket, &[key], call).await?;
    let key = Uuid::now_v7();
    assert_eq!(neighbour.accept(&accept(&neighbour, "1203", Some(call))?, Some(key)).await?.status, 202);
    socket.wait_for("the accept", |message| message.is_accept(key)).await.map(drop)
}

#[tokio::test]
async fn a_command_about_an_unknown_call_is_accepted_but_in_nobody_elses_name() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, office) = (sign_in(&client, CALLER).await?, sign_in(&client, ADMINISTRATOR).await?);
    let unknown = AlertId::generate();
    for step in STEPS {
        assert_eq!(send_step(&caller, unknown, step, Uuid::now_v7()).await?.status, 202, "{step:?}");
    }
    let cancel = format!("/alert/{unknown}/cancel?house=1204");
    let answer = caller.command(&cancel, &ProgressRequest::default(), None).await?;
    assert_eq!(kind(&answer), (403, "/problems/not-yours"));
    let answer = send_step(&office, unknown, Step::Resolve, Uuid::now_v7()).await?;
    assert_eq!(kind(&answer), (404, "/problems/unknown-call"));
    Ok(())
}

/// Appends an event as another node's would be, under no key of a request.
async fn write(log: &Log, event: &Event) {
    let (topic, value) = record::write(event);
    let (key, timestamp) = (event.line().as_str(), event.at().unwrap());
    let (id, republished, age, traceparent) = (None, false, Duration::ZERO, None);
    let outgoing = Outgoing { topic, key, value: &value, timestamp, id, republished, age, traceparent };
    log.append(outgoing).await.unwrap();
}

/// A server that knows two calls of one id, by 1203 and by 1301, as two nodes that did not know of each other may take
/// them.
async fn server_with_two_calls_of_one_id() -> Result<(TempDir, Server, AlertId), Error> {
    let directory = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(directory.path(), |_| {}).await.unwrap();
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

#[tokio::test]
async fn until_the_outbox_is_read_an_answer_is_neither_accepted_nor_refused_for_good() -> Outcome {
    let (mut server, client) = server_and_client().await?;
    let (caller, neighbour, socket, call) = called(&client).await?;
    drop(socket);
    server.terminate().await?;
    // A directory in the place of the file cannot be read, and what was acknowledged is not known.
    let outbox = server.data_dir().join("outbox.db");
    std::fs::rename(&outbox, outbox.with_extension("kept")).unwrap();
    std::fs::create_dir(&outbox).unwrap();
    server.start_again().await?;
    let client = server.client()?;
    let (caller, neighbour) = (caller.at(&client), neighbour.at(&client));
    let request = accept(&neighbour, "1203", None)?;
    let (accepted, cancelled) = (Uuid::now_v7(), Uuid::now_v7());
    for answer in [
        neighbour.accept(&request, Some(accepted)).await?,
        send_step(&caller, call, Step::Cancel, cancelled).await?,
    ] {
        assert_eq!(kind(&answer), (503, "/problems/unavailable"));
        assert!(answer.header("retry-after").is_some());
    }
    let pressed = caller.press(&caller.call("an alert waits for nothing")?, None).await?;
    assert_eq!(kind(&pressed), (503, "/problems/not-durable"));

    std::fs::remove_dir(&outbox).unwrap();
    std::fs::rename(outbox.with_extension("kept"), &outbox).unwrap();
    for _ in 0..300 {
        let answer = neighbour.accept(&request, Some(accepted)).await?;
        if answer.status == 503 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        }
        assert_eq!(kind(&answer), (202, "accepted"));
        assert_eq!(send_step(&caller, call, Step::Cancel, cancelled).await?.status, 202);
        return Ok(());
    }
    panic!("the outbox is not read")
}
