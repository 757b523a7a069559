//! Brokers that die while calls are made.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use bench::{
    Error,
    client::{Message, Socket},
};
use uuid::Uuid;
use wire::{Event, topic};

use super::brokers::Brokers;
use crate::support::{CALLER, NEIGHBOUR, Outcome, sign_in};

const PRESSES: usize = 150;
const EVERY: Duration = Duration::from_millis(40);
/// After so many presses the leader is killed.
const KILLED_AT: usize = 50;

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn every_call_that_is_answered_while_its_partitions_leader_dies_is_heard_once() -> Outcome {
    let brokers = Brokers::start(3, &[]);
    let server = brokers.program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let first = caller.press(&caller.call("first")?, None).await?.ok()?;
    let heard = socket.wait_for("the first call", |message| message.is_alert(first.id)).await?;
    let leader = leader(&brokers, &heard);

    let listening = tokio::spawn(hear(socket, PRESSES));
    let mut pressed = Vec::new();
    let mut ticks = tokio::time::interval(EVERY);
    for press in 0..PRESSES {
        ticks.tick().await;
        if press == KILLED_AT {
            brokers.node(leader).kill()?;
        }
        let began = Instant::now();
        let recorded = caller.press(&caller.call(&format!("press {press}"))?, None).await?.ok()?;
        pressed.push((recorded.id, began));
    }
    let (mut socket, heard) = listening.await.unwrap()?;
    let waits = pressed.iter().map(|(id, began)| heard[id].duration_since(*began));
    println!("of {PRESSES} calls the one that was heard last took {:?}", waits.max().unwrap());
    let again = |message: &Message| pressed.iter().any(|(id, _)| message.is_alert(*id));
    socket.none_within(Duration::from_secs(5), "a call that was heard before", again).await?;

    brokers.start_again(leader);
    let recorded = caller.press(&caller.call("with all brokers")?, None).await?.ok()?;
    socket.wait_for("a call after it", |message| message.is_alert(recorded.id)).await?;
    server.end().await
}

/// The node that leads the partition of calls that this message came from.
fn leader(brokers: &Brokers, message: &Message) -> i32 {
    let id = message.header("message-id").unwrap();
    let place = id.strip_prefix(topic::ALERT).and_then(|rest| rest.strip_prefix('-')).unwrap();
    let partition: usize = place.split_once('-').unwrap().0.parse().unwrap();
    brokers.partitions(topic::ALERT)[partition].0
}

/// So many calls, each heard for the first time, and when.
async fn hear(mut socket: Socket, count: usize) -> Result<(Socket, HashMap<Uuid, Instant>), Error> {
    let mut heard = HashMap::new();
    while heard.len() < count {
        let message = socket.wait_for("the next call", |message| id(message).is_some()).await?;
        let before = heard.insert(id(&message).unwrap(), Instant::now());
        assert!(before.is_none(), "heard twice: {:?}", message.frame);
    }
    Ok((socket, heard))
}

fn id(message: &Message) -> Option<Uuid> {
    match message.event() {
        Some(Event::Alert(alert)) => Some(alert.id.0),
        _ => None,
    }
}
