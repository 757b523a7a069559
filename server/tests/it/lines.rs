//! The calls of a line and of every line, live and as a snapshot, and nothing of other lines.

use std::time::Duration;

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, STRANGER, accept_of, server_and_client, sign_in,
};
use domain::{Event, body::Body};
use stomp::{Command, Frame};
use testkit::client::{Ack, Message, Session, Subscribe};
use uuid::Uuid;

#[tokio::test]
async fn a_call_reaches_its_line_and_no_other() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut neighbours, snapshot) = neighbour.listen().await?;
    assert!(snapshot.messages.is_empty());
    let (mut strangers, _) = sign_in(&client, STRANGER).await?.listen().await?;
    let mut call = caller.call("불이야: \\n <b>")?;
    (call.lat, call.lng) = (Some("37.5665".into()), Some(126.978.into()));
    let id = caller.press(&call, None).await?.ok()?.id;
    let message = neighbours.wait_for("the alert", |message| message.is_alert(id)).await?;
    let Some(Event::Alert(alert)) = message.event() else { panic!("{message:?}") };
    assert_eq!((alert.house.as_str(), alert.text.as_str()), ("1203", "불이야: \\n <b>"));
    assert_eq!(alert.location.unwrap().lat, 37.5665);
    assert_eq!(message.header("destination"), Some("/sub/line/101-1"));
    assert_eq!(message.header("type"), Some("alert"));
    assert_eq!(message.header("ack"), message.header("message-id"));
    assert!(!message.is_replay() && !message.is_late());
    strangers.none_within(Duration::from_millis(500), "the call of another line", |_| true).await
}

#[tokio::test]
async fn a_late_subscriber_gets_the_open_calls_first() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut early, _) = neighbour.listen().await?;
    let id = caller.press(&caller.call("still open")?, None).await?.ok()?.id;
    early.wait_for("the alert", |message| message.is_alert(id)).await?;
    let (mut socket, snapshot) = neighbour.listen().await?;
    assert!(snapshot.alert(id).unwrap().is_replay());
    assert!(!snapshot.truncated);
    socket
        .none_within(Duration::from_millis(300), "the call a second time", |message| message.is_alert(id))
        .await
}

#[tokio::test]
async fn an_ended_subscription_receives_nothing_more() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut socket, _) = caller.listen().await?;
    socket.send_with_receipt(Frame::new(Command::Unsubscribe).header("id", "line")).await?;
    caller.press(&caller.call("")?, None).await?.ok()?;
    socket.none_within(Duration::from_millis(500), "a message", |_| true).await
}

#[tokio::test]
async fn ended_calls_of_the_last_day_come_where_they_are_asked_for() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut socket, _) = caller.listen().await?;
    let mut call = caller.call("over")?;
    (call.lat, call.lng) = (Some(37.5.into()), Some(127.into()));
    let id = caller.press(&call, None).await?.ok()?.id;
    let nothing = domain::api::ProgressRequest::default();
    let step = testkit::client::Step::Cancel;
    let cancelled = caller.progress(domain::AlertId(id), step, &nothing, None).await?.ok()?.id;
    socket.wait_for("the status", |message| message.is_status(cancelled)).await?;
    assert_eq!(snapshot(&caller, Subscribe::to("/sub/line/101-1")).await?.alert(id), None);
    let with_ended = snapshot(&caller, Subscribe::to("/sub/line/101-1").replay("24h")).await?;
    let Some(Event::Alert(alert)) = with_ended.alert(id).and_then(|message| message.event().cloned()) else {
        panic!("{with_ended:?}")
    };
    assert_eq!(alert.location, None, "an ended call's place is nobody's business");
    assert!(with_ended.messages.iter().any(|message| message.is_status(cancelled)));
    Ok(())
}

async fn snapshot(
    session: &Session,
    subscribe: Subscribe,
) -> Result<testkit::client::Snapshot, testkit::Error> {
    let mut socket = session.connect().await?;
    socket.subscribe(&subscribe).await?;
    socket.snapshot(&subscribe.id).await
}

#[tokio::test]
async fn a_snapshot_does_not_grow_with_the_answers_of_a_house_that_changes_its_mind() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = caller.listen().await?;
    let call = domain::AlertId(press(&caller).await?);
    socket.wait_for("the alert", |message| message.is_alert(call.0)).await?;
    let accept = accept_of(&neighbour, &caller, Some(call));
    let nothing = domain::api::ProgressRequest::default();
    let (mut coming, mut taken_back) = (Vec::new(), Vec::new());
    // A house has twenty answers before it is asked to wait.
    for _ in 0..10 {
        coming.push(neighbour.accept(&accept, None).await?.ok()?.id);
        let withdraw = neighbour.progress(call, testkit::client::Step::Withdraw, &nothing, None);
        taken_back.push(withdraw.await?.ok()?.id);
    }
    let last = taken_back[9];
    socket.wait_for("the last word", |message| message.is_status(last)).await?;
    let (_, snapshot) = neighbour.listen().await?;
    let words: Vec<_> =
        snapshot.messages.iter().filter_map(|message| message.event().and_then(Event::id)).collect();
    assert_eq!(words, [call.0, coming[0], last]);
    Ok(())
}

#[tokio::test]
async fn everyone_learns_which_of_two_accepts_was_first() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let neighbours =
        [sign_in(&client, NEIGHBOUR).await?, sign_in(&client, crate::support::SECOND_NEIGHBOUR).await?];
    let (mut socket, _) = caller.listen().await?;
    let call = caller.press(&caller.call("")?, None).await?.ok()?.id;
    socket.wait_for("the alert", |message| message.is_alert(call)).await?;
    let mut firsts = Vec::new();
    for neighbour in &neighbours {
        let accept = accept_of(neighbour, &caller, Some(domain::AlertId(call)));
        let id = neighbour.accept(&accept, None).await?.ok()?.id;
        let message = socket.wait_for("the accept", |message| message.is_accept(id)).await?;
        assert_eq!(message.json()["text"], "1203");
        firsts.push(match message.body {
            Body::Event { first, .. } => first,
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(firsts, [Some(true), Some(false)]);
    Ok(())
}

async fn press(caller: &Session) -> Result<Uuid, testkit::Error> {
    Ok(caller.press(&caller.call("")?, None).await?.ok()?.id)
}

/// A subscription to every line.
fn every_line() -> Subscribe {
    Subscribe::to("/sub/lines").id("all").ack(Ack::ClientIndividual)
}

#[tokio::test]
async fn the_snapshot_of_every_line_ends_once_and_names_no_line() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let id = press(&sign_in(&client, CALLER).await?).await?;
    let other = press(&sign_in(&client, STRANGER).await?).await?;
    let mut socket = sign_in(&client, ADMINISTRATOR).await?.connect().await?;
    socket.subscribe(&every_line()).await?;
    let is_end = |message: &Message| matches!(message.body, Body::SnapshotEnd { .. });
    let end = socket.wait_for("the end", is_end).await?;
    assert_eq!(end.header("destination"), Some("/sub/lines"));
    assert_eq!(end.json(), serde_json::json!({ "type": "snapshot-end", "truncated": false }));
    for call in [id, other] {
        socket.wait_for("the alert", |message| message.is_alert(call)).await?;
    }
    socket.none_within(Duration::from_millis(300), "another end", is_end).await?;
    socket.send_with_receipt(Frame::new(Command::Unsubscribe).header("id", "all")).await?;
    press(&sign_in(&client, CALLER).await?).await?;
    socket.none_within(Duration::from_millis(300), "a message", |_| true).await
}
