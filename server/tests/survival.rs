//! What is acknowledged stays, whatever dies: the server, the broker, both.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bench::{client::Subscribe, server::Server};
use support::{CALLER, NEIGHBOUR, Outcome, program, server, sign_in};
use wire::api::State;

/// A snapshot of the caller's line that has the call: at once, or as soon as the rebuild has brought it.
async fn is_open(server: &Server, id: uuid::Uuid) -> Result<(), bench::Error> {
    let neighbour = sign_in(&server.client()?, NEIGHBOUR).await?;
    let (mut socket, snapshot) = neighbour.listen().await?;
    if snapshot.alert(id).is_none() {
        socket.wait_for("the call", |message| message.is_alert(id)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_call_is_in_the_snapshot_after_the_server_was_killed_right_after_its_answer() -> Outcome {
    let mut server = server().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    for text in ["first", "second", "third"] {
        let id = caller.at(&server.client()?).press(&caller.call(text)?, None).await?.ok()?.id;
        server.kill().await?;
        server.restart().await?;
        let neighbour = sign_in(&server.client()?, NEIGHBOUR).await?;
        let (_, snapshot) = neighbour.listen().await?;
        assert!(
            snapshot.alert(id).is_some(),
            "{text} is not in the snapshot of a server that says it is ready"
        );
    }
    Ok(())
}

#[tokio::test]
async fn calls_go_on_after_the_broker_was_killed() -> Outcome {
    let mut server = server().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    for text in ["before", "after", "and again"] {
        let id = caller.press(&caller.call(text)?, None).await?.ok()?.id;
        socket.wait_for(text, |message| message.is_alert(id)).await?;
        let broker = server.broker()?;
        broker.kill()?;
        server.broker_after(&broker).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_press_while_the_broker_does_not_answer_is_stored_and_delivered_when_it_is_back() -> Outcome {
    let mut server = server().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let broker = server.broker()?;
    broker.stop()?;
    let recorded = caller.press(&caller.call("held")?, None).await?.ok()?;
    assert_eq!(recorded.state, State::Stored);
    broker.resume()?;
    socket.wait_for("the call", |message| message.is_alert(recorded.id)).await?;
    is_open(&server, recorded.id).await
}

#[tokio::test]
async fn a_press_while_the_broker_is_dead_is_stored_and_delivered_when_it_is_back() -> Outcome {
    let mut server = server().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let broker = server.broker()?;
    broker.kill()?;
    let recorded = caller.press(&caller.call("dead")?, None).await?.ok()?;
    server.broker_after(&broker).await?;
    socket.wait_for("the call", |message| message.is_alert(recorded.id)).await?;
    is_open(&server, recorded.id).await
}

#[tokio::test]
async fn a_stored_call_survives_the_server_and_the_broker() -> Outcome {
    let mut server = server().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let broker = server.broker()?;
    broker.stop()?;
    let recorded = caller.press(&caller.call("both")?, None).await?.ok()?;
    assert_eq!(recorded.state, State::Stored);
    server.kill().await?;
    broker.kill()?;
    server.restart().await?;
    is_open(&server, recorded.id).await
}

#[tokio::test]
async fn the_broker_ends_when_the_server_is_killed() -> Outcome {
    let mut server = server().await?;
    let broker = server.broker()?;
    server.kill().await?;
    assert!(broker.ends_within(Duration::from_secs(20)).await);
    Ok(())
}

#[tokio::test]
async fn the_server_takes_calls_without_a_broker() -> Outcome {
    // It ends at once, with status 0, whenever it is started.
    let server = program().env("IUTSAI_BROKER_PROGRAM", "/bin/true").start_unready().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let recorded = caller.press(&caller.call("alone")?, None).await?.ok()?;
    assert_eq!(recorded.state, State::Stored);
    let mut socket = caller.connect().await?;
    socket.subscribe(&Subscribe::to("/sub/line/101-1")).await?;
    socket.snapshot("line").await.map(drop)
}
