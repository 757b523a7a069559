//! The rules on who may do what to which call, over HTTP. A 202 is followed by the frame on the line, and everybody
//! else is refused.

mod one_id;

use std::time::Duration;

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, STRANGER, person_of, server_and_client, sign_in,
};
use domain::{
    AlertId, Event, House,
    api::{AcceptRequest, LocationRequest, ProgressRequest, Recorded},
};
use serde_json::json;
use testkit::{
    Error,
    client::{Answer, Client, Message, Session, Socket, Step},
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
