//! Where a caller is, as long as the call is open and no longer.

use std::time::Duration;

use crate::support::{CALLER, NEIGHBOUR, Outcome, server_and_client, sign_in};
use domain::{
    AlertId, Event,
    api::{LocationRequest, ProgressRequest},
};
use serde_json::json;
use testkit::client::{Message, Step, Subscribe};
use uuid::Uuid;

/// The time within which a frame that must not come would have come.
const SOON: Duration = Duration::from_millis(500);

fn place(lat: f64) -> LocationRequest {
    LocationRequest { lat: json!(lat), lng: json!(127), accuracy: None }
}

fn is_location(message: &Message, call: AlertId) -> bool {
    matches!(message.event(), Some(Event::Moved(moved)) if moved.alert == call)
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
