//! A log that was lost: what Kafka had acknowledged is published again, by itself or on command.
#![allow(clippy::unwrap_used)]

mod support;

use std::{process::Command, time::Duration};

use bench::{Error, client::Session, server::Server};
use support::{CALLER, NEIGHBOUR, Outcome, path, program, sign_in};
use uuid::Uuid;
use wire::api::State;

/// A server with three calls that Kafka has acknowledged, stopped, without its broker's disk.
async fn without_its_log() -> Result<(Server, Session, Vec<Uuid>), Error> {
    let mut server = program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        // A busy machine may miss the answer's short wait for Kafka: the same key asks again.
        let (call, key) = (caller.call(text)?, Uuid::now_v7());
        while caller.press(&call, Some(key)).await?.ok()?.state == State::Stored {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        ids.push(key);
    }
    server.terminate().await?;
    std::fs::remove_dir_all(server.data_dir().join("broker")).unwrap();
    Ok((server, neighbour, ids))
}

#[tokio::test]
async fn what_the_broker_lost_is_published_again_and_heard() -> Outcome {
    let (mut server, neighbour, ids) = without_its_log().await?;
    server.restart().await?;
    let (mut socket, snapshot) = neighbour.at(&server.client()?).listen().await?;
    for id in ids {
        if snapshot.alert(id).is_none() {
            socket.wait_for("the call", |message| message.is_alert(id)).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_log_is_refilled_on_command_and_nothing_sounds() -> Outcome {
    let (mut server, neighbour, ids) = without_its_log().await?;
    let output =
        Command::new(path()).arg("republish").env("IUTSAI_DATA_DIR", server.data_dir()).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && out.starts_with("published 3 records again"), "{out}{err}");
    server.restart().await?;
    let (_, snapshot) = neighbour.at(&server.client()?).listen().await?;
    assert!(ids.into_iter().all(|id| snapshot.alert(id).is_some()));
    Ok(())
}

#[tokio::test]
async fn republishing_beside_a_running_server_is_refused() -> Outcome {
    let server = program().start().await?;
    let output =
        Command::new(path()).arg("republish").env("IUTSAI_DATA_DIR", server.data_dir()).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && err.contains("needs the server to be stopped"), "{err}");
    Ok(())
}
