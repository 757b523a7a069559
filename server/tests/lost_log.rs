//! A log that was lost or is away: what Kafka had acknowledged is published again, by itself or on command, and
//! told meanwhile.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    process::Command,
    time::{Duration, Instant},
};

use bench::{
    Error,
    client::{Session, Step},
    server::Server,
};
use support::{CALLER, NEIGHBOUR, Outcome, path, program, sign_in};
use uuid::Uuid;
use wire::{
    AlertId,
    api::{AcceptRequest, ProgressRequest, State},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// A server with three calls that Kafka has acknowledged, stopped, without its broker's disk.
async fn without_its_log() -> Result<(Server, Session, Vec<Uuid>), Error> {
    let (server, neighbour, ids) = with_three_calls().await?;
    std::fs::remove_dir_all(server.data_dir().join("broker")).unwrap();
    Ok((server, neighbour, ids))
}

/// A server with three calls that Kafka has acknowledged, stopped.
async fn with_three_calls() -> Result<(Server, Session, Vec<Uuid>), Error> {
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
async fn what_the_broker_lost_is_published_again_as_soon_as_the_outbox_can_be_used_again() -> Outcome {
    let (mut server, neighbour, ids) = without_its_log().await?;
    hide_the_outbox(&server);
    server.start_again().await?;
    says(&server, "the outbox cannot be compared with the log yet").await;
    show_the_outbox(&server);
    says(&server, "published again lost=3").await;
    let (mut socket, snapshot) = neighbour.at(&server.client()?).listen().await?;
    for id in ids {
        if snapshot.alert(id).is_none() {
            socket.wait_for("the call", |message| message.is_alert(id)).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_the_log_had_is_told_after_a_restart_without_a_broker() -> Outcome {
    let (server, neighbour, ids) = without_its_log().await?;
    // The broker ends at once, whenever it is started.
    let without = program().data_dir(server.data_dir()).env("IUTSAI_BROKER_PROGRAM", "/bin/true");
    let without = without.start_unready().await?;
    let (_, snapshot) = neighbour.at(&without.client()?).listen().await?;
    assert!(ids.into_iter().all(|id| snapshot.alert(id).is_some()));
    Ok(())
}

#[tokio::test]
async fn a_subscription_begins_when_what_was_promised_is_told() -> Outcome {
    let (server, neighbour, ids) = with_three_calls().await?;
    // A machine that is busy enough needs longer than a subscription waits. Without waiting, no try would do.
    for attempt in 0..10 {
        hide_the_outbox(&server);
        let without = program().data_dir(server.data_dir()).env("IUTSAI_BROKER_PROGRAM", "/bin/true");
        let without = without.start_unready().await?;
        let neighbour = neighbour.at(&without.client()?);
        let listening = tokio::spawn(async move { neighbour.listen().await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        show_the_outbox(&server);
        let (_, snapshot) = listening.await.unwrap()?;
        if ids.iter().all(|id| snapshot.alert(*id).is_some()) {
            return Ok(());
        }
        eprintln!("try {attempt}: the outbox was read too late");
        without.end().await?;
    }
    panic!("the subscription never waited for the outbox")
}

/// No disk is full at a test's word; a directory in the place of the file is as good as that.
fn hide_the_outbox(server: &Server) {
    let outbox = server.data_dir().join("outbox.db");
    std::fs::rename(&outbox, outbox.with_extension("kept")).unwrap();
    std::fs::create_dir(&outbox).unwrap();
}

fn show_the_outbox(server: &Server) {
    let outbox = server.data_dir().join("outbox.db");
    std::fs::remove_dir(&outbox).unwrap();
    std::fs::rename(outbox.with_extension("kept"), &outbox).unwrap();
}

#[tokio::test]
async fn an_accept_that_only_the_log_knows_is_taken_again_when_it_is_repeated_after_the_call() -> Outcome {
    let (mut server, neighbour, ids) = with_three_calls().await?;
    server.restart().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, neighbour.at(&client));
    let accept = AcceptRequest {
        line: caller.call("")?.line,
        accept_house: neighbour.call("")?.house,
        target_house: caller.call("")?.house,
        alert: Some(AlertId(ids[0])),
    };
    let (key, cancelled) = (Uuid::now_v7(), ProgressRequest::default());
    while neighbour.accept(&accept, Some(key)).await?.ok()?.state == State::Stored {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    caller.progress(AlertId(ids[0]), Step::Cancel, &cancelled, None).await?.ok()?;
    // Until Kafka has everything.
    server.terminate().await?;
    lose_the_outbox(&server);
    server.restart().await?;
    let neighbour = neighbour.at(&server.client()?);
    neighbour.listen().await?;
    assert_eq!(neighbour.accept(&accept, Some(key)).await?.ok()?.id, key);
    let late = neighbour.accept(&accept, None).await?;
    assert_eq!(late.status, 409);
    Ok(())
}

fn lose_the_outbox(server: &Server) {
    for name in ["outbox.db", "outbox.db-wal", "outbox.db-shm"] {
        let removed = std::fs::remove_file(server.data_dir().join(name));
        assert!(removed.is_ok() || name != "outbox.db", "{removed:?}");
    }
}

/// Waits until the server's log has this.
async fn says(server: &Server, words: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !server.log().unwrap().contains(words) {
        assert!(Instant::now() < deadline, "the server never said: {words}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
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
