//! Where a caller is, as long as the call is open, and a helper, as long as the house is on the way and shows it.

use std::time::Duration;

use crate::{
    me::{choose, data, data_with_uses},
    support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, server_and_client, sign_in},
};
use domain::{
    AlertId, Event, Moved,
    api::{AcceptRequest, LocationRequest, ProgressRequest},
};
use serde_json::{Value, json};
use testkit::{
    Error,
    client::{Client, Message, Session, Snapshot, Socket, Step, Subscribe},
};
use uuid::Uuid;

/// The time within which a frame that must not come would have come.
const SOON: Duration = Duration::from_millis(500);

fn place(lat: f64) -> LocationRequest {
    LocationRequest { lat: json!(lat), lng: json!(127), accuracy: None }
}

fn is_location(message: &Message, call: AlertId) -> bool {
    matches!(message.event(), Some(Event::Moved(moved)) if moved.alert == call)
}

/// The body by which a helper stops showing where they are.
fn nowhere() -> LocationRequest {
    LocationRequest { lat: Value::Null, lng: Value::Null, accuracy: None }
}

/// The locations of helpers that a message or a snapshot shows.
fn helpers<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Vec<&'a Moved> {
    let moved = messages.into_iter().filter_map(|message| match message.event() {
        Some(Event::Moved(moved)) => Some(moved),
        _ => None,
    });
    moved.filter(|moved| moved.house.is_some() && moved.location.is_some()).collect()
}

/// 1203 calls without a location, and 1204 accepts. Returns both, the caller's socket, and the call.
async fn accepted(client: &Client) -> Result<(Session, Session, Socket, AlertId), Error> {
    let (caller, helper) = (sign_in(client, CALLER).await?, sign_in(client, NEIGHBOUR).await?);
    let (mut socket, _) = caller.listen().await?;
    let id = caller.press(&caller.call("")?, None).await?.ok()?.id;
    socket.wait_for("the call", |message| message.is_alert(id)).await?;
    accept(&caller, &helper, &mut socket, id).await?;
    Ok((caller, helper, socket, AlertId(id)))
}

async fn accept(caller: &Session, helper: &Session, socket: &mut Socket, call: Uuid) -> Result<(), Error> {
    let house = |of: &Session| of.resident().house.clone().expect("a resident has one");
    let accept = AcceptRequest {
        line: caller.line()?.clone(),
        accept_house: house(helper),
        target_house: house(caller),
        alert: Some(AlertId(call)),
    };
    let key = Uuid::now_v7();
    assert_eq!(helper.accept(&accept, Some(key)).await?.status, 202);
    socket.wait_for("the accept", |message| message.is_accept(key)).await?;
    Ok(())
}

/// Reports a word of a helper and waits until everybody has it.
async fn report(helper: &Session, socket: &mut Socket, call: AlertId, step: Step) -> Result<(), Error> {
    let key = Uuid::now_v7();
    assert_eq!(helper.progress(call, step, &ProgressRequest::default(), Some(key)).await?.status, 202);
    socket.wait_for("the word", |message| message.is_status(key)).await?;
    Ok(())
}

async fn snapshot_of(session: &Session) -> Result<Snapshot, Error> {
    Ok(session.listen().await?.1)
}

#[tokio::test]
async fn a_helper_shows_the_line_where_they_are_until_they_stop() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (_caller, helper, mut socket, call) = accepted(&client).await?;
    let other = sign_in(&client, SECOND_NEIGHBOUR).await?;
    for stranger in [&other, &sign_in(&client, ADMINISTRATOR).await?] {
        let refused = stranger.moved(call, &place(37.6), None).await?;
        assert_eq!(refused.status, 403, "{} is not on the way", stranger.resident().name);
        assert_eq!(refused.outcome.unwrap_err().kind, "/problems/not-yours");
    }

    assert_eq!(helper.moved(call, &place(37.6), None).await?.status, 202);

    let shown = socket.wait_for("where the helper is", |message| is_location(message, call)).await?.json();
    assert_eq!(
        (&shown["target"], &shown["house"], &shown["lat"]),
        (&json!("1203"), &json!("1204"), &json!(37.6))
    );
    let snapshot = snapshot_of(&other).await?;
    assert_eq!(helpers(&snapshot.messages).len(), 1);
    assert_eq!(helper.moved(call, &place(37.7), None).await?.status, 202);
    socket.wait_for("where the helper is now", |message| is_location(message, call)).await?;

    assert_eq!(helper.moved(call, &nowhere(), None).await?.status, 202);

    let gone =
        socket.wait_for("that it is shown no more", |message| is_location(message, call)).await?.json();
    assert_eq!((gone.get("lat"), gone.get("lng"), &gone["house"]), (None, None, &json!("1204")));
    assert!(helpers(&snapshot_of(&other).await?.messages).is_empty());
    assert_eq!(helper.moved(call, &place(37.8), None).await?.status, 202, "and may begin again");
    Ok(())
}

#[tokio::test]
async fn a_helper_who_withdraws_or_arrives_is_shown_no_more_and_one_of_an_ended_call_is_refused() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, helper, mut socket, call) = accepted(&client).await?;
    let other = sign_in(&client, SECOND_NEIGHBOUR).await?;
    for step in [Step::Withdraw, Step::Arrived] {
        assert_eq!(helper.moved(call, &place(37.6), None).await?.status, 202);
        socket.wait_for("where the helper is", |message| is_location(message, call)).await?;
        report(&helper, &mut socket, call, step).await?;
        assert!(helpers(&snapshot_of(&other).await?.messages).is_empty(), "{step:?}");
        assert_eq!(helper.moved(call, &place(37.7), None).await?.status, 403, "{step:?}");
        accept(&caller, &helper, &mut socket, call.0).await?;
        assert!(helpers(&snapshot_of(&other).await?.messages).is_empty(), "not before it is reported anew");
    }
    assert_eq!(helper.moved(call, &place(37.8), None).await?.status, 202);
    report(&caller, &mut socket, call, Step::Resolve).await?;

    let refused = helper.moved(call, &place(37.9), None).await?;

    assert_eq!(refused.status, 409);
    assert_eq!(refused.outcome.unwrap_err().kind, "/problems/no-open-call");
    let mut later = other.connect().await?;
    later.subscribe(&Subscribe::to("/sub/line/101-1").replay("24h")).await?;
    let ended = later.snapshot("line").await?;
    assert!(ended.alert(call.0).is_some() && helpers(&ended.messages).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_helper_reads_who_was_shown_where_they_were_and_may_keep_it_back() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, helper, mut socket, call) = accepted(&client).await?;
    assert_eq!(helper.moved(call, &place(37.6), None).await?.status, 202);
    socket.wait_for("where the helper is", |message| is_location(message, call)).await?;

    let held = data_with_uses(&helper, 1).await;

    let shown = &held["location_uses"][0];
    assert_eq!((&shown["viewer"], &shown["means"]), (&json!(CALLER), &json!("alarm")));
    assert_eq!(shown["call"], json!(call));
    assert_eq!(data(&caller).await["location_uses"], json!([]), "the caller showed none");

    assert_eq!(choose(&helper, "pause").await, 200);
    assert_eq!(helper.moved(call, &place(37.7), None).await?.status, 403);
    assert_eq!(helper.moved(call, &nowhere(), None).await?.status, 202, "to stop needs no consent");
    assert_eq!(choose(&helper, "give").await, 200);
    assert_eq!(helper.moved(call, &place(37.8), None).await?.status, 202);
    socket.wait_for("where the helper is again", |message| is_shown(message, call)).await?;

    assert_eq!(choose(&helper, "withdraw").await, 200);

    assert!(helpers(&snapshot_of(&caller).await?.messages).is_empty(), "it is destroyed");
    assert_eq!(data(&helper).await["location_uses"], json!([]));
    Ok(())
}

fn is_shown(message: &Message, call: AlertId) -> bool {
    is_location(message, call) && !helpers([message]).is_empty()
}

#[tokio::test]
async fn after_its_end_a_call_accepts_no_location_and_shows_none() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let mut request = caller.call("")?;
    (request.lat, request.lng) = (Some(json!(37.5)), Some(json!(127)));
    let id = caller.press(&request, None).await?.ok()?.id;
    let call = AlertId(id);
    socket.wait_for("the call", |message| message.is_alert(id)).await?;
    assert_eq!(caller.moved(call, &place(37.6), None).await?.status, 202);
    socket.wait_for("where the caller is", |message| is_location(message, call)).await?;
    let end = Uuid::now_v7();
    let ended = caller.progress(call, Step::Resolve, &ProgressRequest::default(), Some(end)).await?;
    assert_eq!(ended.status, 202);
    socket.wait_for("the end", |message| message.is_status(end)).await?;

    let refused = caller.moved(call, &place(37.7), None).await?;

    assert_eq!(refused.status, 409);
    assert_eq!(refused.outcome.unwrap_err().kind, "/problems/no-open-call");
    socket.none_within(SOON, "a location", |message| is_location(message, call)).await?;
    let mut later = neighbour.connect().await?;
    later.subscribe(&Subscribe::to("/sub/line/101-1").replay("24h")).await?;
    let snapshot = later.snapshot("line").await?;
    let alert = snapshot.alert(id).expect("it ended within the last day").json();
    assert!(alert["lat"].is_null() && alert["lng"].is_null(), "{alert}");
    assert!(!snapshot.messages.iter().any(|message| is_location(message, call)));
    Ok(())
}

#[tokio::test]
async fn a_location_that_comes_before_a_call_that_is_over_is_sent_to_nobody() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let id = Uuid::now_v7();
    let call = AlertId(id);
    // A node that receives a call last trusts both.
    assert_eq!(caller.moved(call, &place(37.6), None).await?.status, 202);
    let end = Uuid::now_v7();
    let ended = caller.progress(call, Step::Cancel, &ProgressRequest::default(), Some(end)).await?;
    assert_eq!(ended.status, 202);

    assert_eq!(caller.press(&caller.call("")?, Some(id)).await?.status, 202);

    socket.wait_for("the call", |message| message.is_alert(id)).await?;
    socket.wait_for("its end", |message| message.is_status(end)).await?;
    socket.none_within(SOON, "a location", |message| is_location(message, call)).await
}
