//! Brokers that die while calls are made.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use domain::{AlertId, Event, api::ProgressRequest, topic};
use testkit::{
    Error,
    client::{Message, Socket, Step},
};
use uuid::Uuid;

use super::{brokers::Brokers, published};
use crate::support::{CALLER, NEIGHBOUR, Outcome, sign_in};

const PRESSES: usize = 150;
const EVERY: Duration = Duration::from_millis(40);
/// After so many presses the leader is killed.
const KILLED_AT: usize = 50;
/// The beginning of the text of these calls, so that no other is counted.
const TEXT: &str = "press ";

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn every_call_answered_while_its_partitions_leader_dies_is_received_once() -> Outcome {
    let brokers = Brokers::start(3, &[]);
    let server = brokers.program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let first = published(&caller, "first").await?;
    socket.wait_for("the first call", |message| message.is_alert(first)).await?;
    let nothing = ProgressRequest::default();
    // A call that is open and heard would stand for the next ones.
    caller.progress(AlertId(first), Step::Cancel, &nothing, None).await?.ok()?;
    let partition = brokers.partition_of(first).unwrap();
    let leader = brokers.partitions(topic::ALERT)[usize::try_from(partition).unwrap()].0;

    let listening = tokio::spawn(receive(socket, PRESSES));
    let mut pressed = Vec::new();
    let mut ticks = tokio::time::interval(EVERY);
    for press in 0..PRESSES {
        ticks.tick().await;
        if press == KILLED_AT {
            brokers.node(leader).kill()?;
        }
        let began = Instant::now();
        let recorded = caller.press(&caller.call(&format!("{TEXT}{press}"))?, None).await?.ok()?;
        pressed.push((recorded.id, began));
        caller.progress(AlertId(recorded.id), Step::Cancel, &nothing, None).await?.ok()?;
    }
    let (mut socket, received) = listening.await.unwrap()?;
    let waits = pressed.iter().map(|(id, began)| received[id].duration_since(*began));
    println!("of {PRESSES} calls the one that was heard last took {:?}", waits.max().unwrap());
    let again = |message: &Message| pressed.iter().any(|(id, _)| message.is_alert(*id));
    socket.none_within(Duration::from_secs(5), "a call that was heard before", again).await?;

    brokers.start_again(leader);
    let recorded = caller.press(&caller.call("with all brokers")?, None).await?.ok()?;
    socket.wait_for("a call after it", |message| message.is_alert(recorded.id)).await?;
    server.end().await
}

/// So many of the calls that are counted, each heard for the first time, and when.
async fn receive(mut socket: Socket, count: usize) -> Result<(Socket, HashMap<Uuid, Instant>), Error> {
    let mut received = HashMap::new();
    while received.len() < count {
        let message = socket.wait_for("the next call", |message| id(message).is_some()).await?;
        let before = received.insert(id(&message).unwrap(), Instant::now());
        assert!(before.is_none(), "heard twice: {:?}", message.frame);
    }
    Ok((socket, received))
}

/// The id of one of the calls that are counted.
fn id(message: &Message) -> Option<Uuid> {
    match message.event() {
        Some(Event::Alert(alert)) if alert.text.starts_with(TEXT) => Some(alert.id.0),
        _ => None,
    }
}
