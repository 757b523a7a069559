//! A call that nobody comes to, on its way to the neighbouring lines and the administrators, and what their people can
//! do about it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use domain::{
    AlertId, Escalation, Event, Flats, Line, Neighbour, Progress, Receipt,
    api::{AcceptRequest, ProgressRequest},
    destination,
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{
    Error,
    client::{Client, Message, Session, Socket, Step, Subscribe},
};
use uuid::Uuid;

use crate::{
    reach::armed,
    support::{
        ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, STRANGER, header, send, server_and_client, sign_in,
    },
};

/// The time for a step on a busy machine. Whom a call can alarm is read once a second.
const PATIENCE: Duration = Duration::from_secs(60);
/// Within this a step would have come.
const NO_STEP_WITHIN: Duration = Duration::from_secs(5);

/// Makes 101-2 the neighbour of 101-1, and sets the rules; returns an administrator.
pub(crate) async fn with_rules(client: &Client, rules: Value) -> Result<Session, Error> {
    let office = sign_in(client, ADMINISTRATOR).await?;
    let neighbours = json!({ "line": "101-1", "neighbours": "101-2" });
    for (path, body) in [("/api/lines/neighbours", neighbours), ("/api/escalation", rules)] {
        let answer = send(office.request(Method::POST, path).json(&body)).await;
        assert_eq!(answer.status(), 200, "{path}");
    }
    Ok(office)
}

/// A page on a line next to the call's, which would sound.
pub(crate) async fn page(session: &Session) -> Result<Socket, Error> {
    let mut socket = armed(session).await?;
    socket.set_patience(PATIENCE);
    Ok(socket)
}

/// Returns the step that a message reports.
pub(crate) fn step_of(message: &Message) -> Option<&Escalation> {
    match message.event() {
        Some(Event::Status(status)) if status.status == Progress::Escalated => status.escalation.as_ref(),
        _ => None,
    }
}

async fn press(by: &Session) -> Result<Uuid, Error> {
    Ok(by.press(&by.call("the neighbouring line may help")?, None).await?.ok()?.id)
}

/// Comes to the call of house 1203; returns the answer's status.
async fn accept(by: &Session, call: Uuid) -> Result<u16, Error> {
    let accept = AcceptRequest {
        line: "101-1".parse().unwrap(),
        accept_house: by.call("")?.house,
        target_house: "1203".parse().unwrap(),
        alert: Some(AlertId(call)),
    };
    Ok(by.accept(&accept, None).await?.status)
}

async fn report(by: &Session, call: Uuid, step: Step) -> Result<u16, Error> {
    Ok(by.progress(AlertId(call), step, &ProgressRequest::default(), None).await?.status)
}

fn lines(names: &[&str]) -> BTreeSet<Line> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// Waits for a receipt that has a flat in one of its sets.
async fn receipt_with(
    socket: &mut Socket,
    awaited: &str,
    set: fn(&Receipt) -> &Flats,
    flat: &Neighbour,
) -> Outcome {
    let has_it = |message: &Message| match message.event() {
        Some(Event::Receipt(receipt)) => set(receipt).contains(flat),
        _ => false,
    };
    socket.wait_for(awaited, has_it).await.map(drop)
}

fn is_end(message: &Message) -> bool {
    matches!(message.event(), Some(Event::Status(status)) if status.status == Progress::Resolved)
}

#[tokio::test]
async fn a_call_that_nobody_accepts_comes_to_the_next_line_which_may_help_and_sees_its_end() -> Outcome {
    let (_server, client) = server_and_client().await?;
    with_rules(&client, json!({ "neighbours": 1 })).await?;
    let (caller, stranger) = (sign_in(&client, CALLER).await?, sign_in(&client, STRANGER).await?);
    let (mut callers, _) = caller.listen().await?;
    callers.set_patience(PATIENCE);
    let mut next = page(&stranger).await?;
    let call = press(&caller).await?;

    let alert = next.wait_for("the alert", |message| message.is_alert(call)).await?;
    assert_eq!(alert.header("destination"), Some("/sub/line/101-2"), "it comes by the own subscription");
    let body = alert.json();
    assert_eq!((&body["line"], &body["house"]), (&json!("101-1"), &json!("1203")), "and names its own line");
    assert!(!alert.is_late() && !alert.is_replay());
    let age: u64 = alert.header("age").unwrap().parse().unwrap();
    assert!(age >= 1_000, "the call is as old as it is: {age} ms");
    let status = next.wait_for("the step", |message| step_of(message).is_some()).await?;
    let step = step_of(&status).unwrap();
    assert_eq!((step.round, step.step, &step.lines), (call, 1, &lines(&["101-2"])));
    callers.wait_for("the step", |message| step_of(message) == Some(step)).await?;

    next.ack(&alert).await?;
    let house = stranger.call("")?.house;
    let reached = Neighbour { line: Line::new("101-2").ok(), house: house.clone() };
    receipt_with(&mut callers, "that the other line has it", |receipt| &receipt.reached, &reached).await?;
    next.seen(AlertId(call)).await?;
    receipt_with(&mut callers, "that somebody there looked", |receipt| &receipt.seen, &reached).await?;
    let (_, snapshot) = stranger.listen().await?;
    let listed = snapshot.alert(call).expect("a page that comes later has it, too");
    assert_eq!(listed.header("destination"), Some("/sub/line/101-2"));
    assert!(snapshot.messages.iter().any(|message| step_of(message) == Some(step)));

    assert_eq!(accept(&stranger, call).await?, 202);
    let comes = |message: &Message| match message.event() {
        Some(Event::Accept(accept)) => {
            accept.accept == house && accept.accept_line == Line::new("101-2").ok()
        }
        _ => false,
    };
    callers.wait_for("who comes, and from which line", comes).await?;
    next.wait_for("the accept", comes).await?;
    assert_eq!(report(&stranger, call, Step::Arrived).await?, 202);
    assert_eq!(report(&stranger, call, Step::Cancel).await?, 403, "only the caller ends it");
    assert_eq!(report(&caller, call, Step::Resolve).await?, 202);
    next.wait_for("the end", is_end).await?;
    assert_eq!(stranger.listen().await?.1.alert(call), None, "a call that is over is nobody's business");
    Ok(())
}

#[tokio::test]
async fn a_line_that_was_not_alarmed_gets_nothing_and_can_do_nothing() -> Outcome {
    let (_server, client) = server_and_client().await?;
    with_rules(&client, json!({ "neighbours": 3_600 })).await?;
    let (caller, stranger) = (sign_in(&client, CALLER).await?, sign_in(&client, STRANGER).await?);
    let (mut callers, _) = caller.listen().await?;
    let mut next = page(&stranger).await?;
    let call = press(&caller).await?;
    callers.wait_for("the alert", |message| message.is_alert(call)).await?;
    assert_eq!(accept(&stranger, call).await?, 403);
    for step in [Step::Arrived, Step::Withdraw, Step::Cancel, Step::Resolve] {
        assert_eq!(report(&stranger, call, step).await?, 403, "{step:?}");
    }
    next.seen(AlertId(call)).await?;
    let of_stranger =
        |message: &Message| matches!(message.event(), Some(Event::Accept(_) | Event::Receipt(_)));
    callers.none_within(Duration::from_secs(1), "a word of another line", of_stranger).await?;
    next.none_within(Duration::from_secs(1), "the call", |_| true).await
}

#[tokio::test]
async fn an_accept_stops_the_steps_and_each_withdrawal_of_the_last_helper_begins_them_again() -> Outcome {
    let (_server, client) = server_and_client().await?;
    with_rules(&client, json!({ "neighbours": 2 })).await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let mut next = page(&sign_in(&client, STRANGER).await?).await?;
    let (mut callers, _) = caller.listen().await?;
    callers.set_patience(PATIENCE);
    let call = press(&caller).await?;
    assert_eq!(accept(&neighbour, call).await?, 202);
    next.none_within(NO_STEP_WITHIN, "a call that somebody comes to", |_| true).await?;

    let mut rounds = Vec::new();
    for number in 1..=2 {
        assert_eq!(report(&neighbour, call, Step::Withdraw).await?, 202);
        let withdrawn = |message: &Message| match message.event() {
            Some(Event::Status(status)) => status.status == Progress::Withdrawn,
            _ => false,
        };
        let word = callers.wait_for("the withdrawal", withdrawn).await?;
        let Some(Event::Status(withdrawal)) = word.event() else { panic!("{word:?}") };
        let status = next.wait_for("the step", |message| step_of(message).is_some()).await?;
        let step = step_of(&status).unwrap();
        assert_eq!((step.round, step.step), (withdrawal.id.0, 1), "round {number}");
        rounds.push(step.round);
        assert_eq!(accept(&neighbour, call).await?, 202);
    }
    assert_ne!(rounds[0], rounds[1]);
    next.none_within(NO_STEP_WITHIN, "another step", |message| step_of(message).is_some()).await
}

#[tokio::test]
async fn the_office_is_alarmed_last_and_every_step_is_taken_once_also_after_the_server_was_killed() -> Outcome
{
    let (mut server, client) = server_and_client().await?;
    let office = with_rules(&client, json!({ "neighbours": 0, "administrators": 1 })).await?;
    let mut everything = office.connect().await?;
    everything.set_patience(PATIENCE);
    everything.subscribe(&Subscribe::to(destination::LINES).id("all")).await?;
    everything.snapshot("all").await?;
    let (caller, stranger) = (sign_in(&client, CALLER).await?, sign_in(&client, STRANGER).await?);
    let mut next = page(&stranger).await?;
    let call = press(&caller).await?;
    next.wait_for("the alert", |message| message.is_alert(call)).await?;
    let of_office = |message: &Message| step_of(message).is_some_and(|step| step.step == 3);
    let status = everything.wait_for("the office's step", of_office).await?;
    assert_eq!(step_of(&status).map(|step| (step.round, step.lines.len())), Some((call, 0)));
    assert_eq!(status.header("destination"), Some("/sub/line/101-1"));

    server.kill().await?;
    server.restart().await?;
    let client = server.client()?;
    let (mut again, snapshot) = caller.at(&client).listen().await?;
    let steps = |messages: &[Message]| -> Vec<u8> {
        messages.iter().filter_map(step_of).map(|step| step.step).collect()
    };
    let mut taken = steps(&snapshot.messages);
    taken.sort_unstable();
    assert_eq!(taken, [1, 3]);
    again.none_within(NO_STEP_WITHIN, "a step again", |message| step_of(message).is_some()).await?;
    assert!(stranger.at(&client).listen().await?.1.alert(call).is_some(), "the other line has it still");
    Ok(())
}

#[tokio::test]
async fn a_call_that_was_escalated_is_counted_as_that() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = with_rules(&client, json!({ "administrators": 0 })).await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut callers, _) = caller.listen().await?;
    callers.set_patience(PATIENCE);
    let call = press(&caller).await?;
    callers.wait_for("the step", |message| step_of(message).is_some()).await?;
    assert_eq!(report(&caller, call, Step::Resolve).await?, 202);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let hour = 3_600_000;
    let path = format!("/api/statistics?from={}&to={}", now - hour, now + hour);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let figures: Value = client.send(office.request(Method::GET, &path)).await?.ok()?;
        // The calls of the demo's past were never escalated.
        if figures["escalated"] == json!(1) {
            return Ok(());
        }
        assert!(Instant::now() < deadline, "{figures}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn rules_that_cannot_be_are_refused_with_a_sentence_and_change_nothing() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let chosen = json!({ "neighbours": 7, "arrival": 9 });
    let office = with_rules(&client, chosen.clone()).await?;
    for (field, odd) in [("neighbours", json!(-1)), ("building", json!("soon")), ("arrival", json!(0))] {
        let answer = send(office.request(Method::POST, "/api/escalation").json(&json!({ field: odd }))).await;
        assert_eq!(answer.status(), 422, "{field}");
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("whole number"), "{problem}");
    }
    let form = |fields: &'static str| {
        let request = office.request(Method::POST, "/api/escalation");
        request.header("content-type", "application/x-www-form-urlencoded").body(fields)
    };
    let refused = send(form("back=%2Fadmin%2Fescalation&neighbours=thirty")).await;
    assert_eq!(
        (refused.status().as_u16(), header(&refused, "location")),
        (303, "/admin/escalation?problem=invalid")
    );
    let page =
        send(office.request(Method::GET, "/admin/escalation?problem=invalid")).await.text().await.unwrap();
    assert!(page.contains("0부터 3600까지"), "{page}");
    let rules: Value = client.send(office.request(Method::GET, "/api/escalation")).await?.ok()?;
    let kept =
        json!({ "complex": false, "neighbours": 7, "building": null, "administrators": null, "arrival": 9 });
    assert_eq!(rules, kept);

    let saved = send(form(
        "back=%2Fadmin%2Fescalation&complex=true&neighbours=5&neighbours_off=true&building=0&administrators=&arrival=3",
    ))
    .await;
    assert_eq!(saved.status(), 303);
    let rules: Value = client.send(office.request(Method::GET, "/api/escalation")).await?.ok()?;
    let kept =
        json!({ "complex": true, "neighbours": null, "building": 0, "administrators": null, "arrival": 3 });
    assert_eq!(rules, kept);
    Ok(())
}
