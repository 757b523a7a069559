//! Acknowledged calls. They stay, whatever dies or is moved away.

use std::{process::Command, time::Duration};

use crate::support::{
    CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, accept_of, path, program, server, sign_in,
};
use domain::{AlertId, api::State};
use testkit::{Error, client::Message, server::Server};

/// A snapshot of the caller's line that has the call, at once, or as soon as the rebuild has brought it.
async fn is_open(server: &Server, id: uuid::Uuid) -> Result<(), testkit::Error> {
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
            "{text} is not in the snapshot of a server that reports itself ready"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_first_accept_and_the_houses_reached_are_known_after_a_restart() -> Outcome {
    let mut server = server().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let (first, second) = (sign_in(&client, NEIGHBOUR).await?, sign_in(&client, SECOND_NEIGHBOUR).await?);
    let (mut socket, _) = first.listen().await?;
    let (mut at_home, _) = caller.listen().await?;
    let call = caller.press(&caller.call("who is first?")?, None).await?.ok()?.id;
    let message = socket.wait_for("the call", |message| message.is_alert(call)).await?;
    socket.ack(&message).await?;
    let is_receipt = |message: &Message| message.json()["type"] == "receipt";
    at_home.wait_for("the receipt", is_receipt).await?;
    let mut accepted = Vec::new();
    for neighbour in [&first, &second] {
        let accept = accept_of(neighbour, &caller, Some(AlertId(call)));
        accepted.push(neighbour.accept(&accept, None).await?.ok()?.id);
    }
    // A receipt waits a moment for an entry to share its fsync with.
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.kill().await?;
    server.restart().await?;
    let (_, snapshot) = caller.at(&server.client()?).listen().await?;
    let firsts: Vec<_> =
        snapshot.messages.iter().filter(|message| message.json()["type"] == "accept").collect();
    let firsts: Vec<_> = firsts.iter().map(|message| message.json()["first"].clone()).collect();
    assert_eq!(firsts, [true, false], "{snapshot:?}");
    assert!(snapshot.messages.iter().any(|message| message.is_accept(accepted[0])));
    let receipt = snapshot.messages.iter().find(|message| is_receipt(message)).unwrap();
    assert_eq!(receipt.json()["reached"], serde_json::json!(["1204"]));
    Ok(())
}

#[tokio::test]
async fn no_second_process_runs_and_a_call_is_in_the_log_when_it_is_answered() -> Outcome {
    let server = server().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let recorded = caller.press(&caller.call("alone")?, None).await?.ok()?;
    assert_eq!(recorded.state, State::Published);
    assert_eq!(server.process()?.children()?, []);
    is_open(&server, recorded.id).await
}

#[tokio::test]
async fn an_outbox_moved_away_under_a_running_server_loses_nothing() -> Outcome {
    let mut server = server().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let mut ids = vec![caller.press(&caller.call("before")?, None).await?.ok()?.id];
    let away = server.data_dir().join("away");
    std::fs::create_dir(&away).unwrap();
    for name in ["outbox.db", "outbox.db-wal", "outbox.db-shm"] {
        std::fs::rename(server.data_dir().join(name), away.join(name)).unwrap();
    }
    ids.push(caller.press(&caller.call("after")?, None).await?.ok()?.id);
    server.kill().await?;
    server.restart().await?;
    let (_, snapshot) = caller.at(&server.client()?).listen().await?;
    assert!(ids.into_iter().all(|id| snapshot.alert(id).is_some()), "{snapshot:?}");
    Ok(())
}

#[tokio::test]
async fn a_second_server_on_the_same_database_is_refused_by_name() -> Outcome {
    let server = server().await?;
    let url = format!("sqlite://{}", server.data_dir().join("iutsai.db").display());
    let refused = program().env("DATABASE_URL", url).start_unready().await;
    let Err(Error::ServerEnded { log, .. }) = refused else { panic!("a second server started") };
    let directory = server.data_dir().canonicalize().unwrap();
    assert!(log.contains("another server uses the same database"), "{log}");
    assert!(log.contains(&directory.display().to_string()), "{log}");
    assert!(log.contains("KAFKA_BOOTSTRAP_SERVERS"), "{log}");
    Ok(())
}

#[tokio::test]
async fn roles_that_need_kafka_are_refused_without_it() {
    for roles in ["web,producer", "fanout"] {
        let refused = program().env("IUTSAI_ROLES", roles).start_unready().await;
        let Err(Error::ServerEnded { log, .. }) = refused else { panic!("{roles} started") };
        assert!(log.contains("IUTSAI_ROLES: without KAFKA_BOOTSTRAP_SERVERS"), "{log}");
    }
}

/// Nobody answers at this address, so Kafka is away for as long as the server runs.
const NOBODY: &str = "127.0.0.1:1";

#[tokio::test]
async fn with_kafka_away_a_call_is_stored_delivered_at_once_and_known_after_a_restart() -> Outcome {
    let mut server = program().env("KAFKA_BOOTSTRAP_SERVERS", NOBODY).start_unready().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let recorded = caller.press(&caller.call("past Kafka")?, None).await?.ok()?;
    assert_eq!(recorded.state, State::Stored);
    socket.wait_for("the call", |message| message.is_alert(recorded.id)).await?;
    server.kill().await?;
    server.start_again().await?;
    let (_, snapshot) = neighbour.at(&server.client()?).listen().await?;
    assert!(snapshot.alert(recorded.id).is_some(), "{snapshot:?}");
    Ok(())
}

#[tokio::test]
async fn a_subscription_begins_when_what_was_acknowledged_is_known() -> Outcome {
    let mut server = server().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let call = caller.press(&caller.call("kept")?, None).await?.ok()?.id;
    server.terminate().await?;
    let outbox = server.data_dir().join("outbox.db");
    // A machine that is busy enough needs longer than a subscription waits. Without waiting, no attempt would do.
    for attempt in 0..10 {
        // No disk is full at a test's word; a directory in the place of the file is as good as that.
        std::fs::rename(&outbox, outbox.with_extension("kept")).unwrap();
        std::fs::create_dir(&outbox).unwrap();
        server.start_again().await?;
        let neighbour = neighbour.at(&server.client()?);
        let listening = tokio::spawn(async move { neighbour.listen().await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        std::fs::remove_dir(&outbox).unwrap();
        std::fs::rename(outbox.with_extension("kept"), &outbox).unwrap();
        let (_, snapshot) = listening.await.unwrap()?;
        if snapshot.alert(call).is_some() {
            return Ok(());
        }
        eprintln!("attempt {attempt}: the outbox was read too late");
        server.terminate().await?;
    }
    panic!("the subscription never waited for the outbox")
}

#[tokio::test]
async fn republishing_needs_a_kafka_and_a_server_that_is_stopped() -> Outcome {
    let server = server().await?;
    let republish = |kafka: &str| {
        let mut command = Command::new(path());
        command
            .arg("republish")
            .env("IUTSAI_DATA_DIR", server.data_dir())
            .env("KAFKA_BOOTSTRAP_SERVERS", kafka);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(republish("").contains("the outbox itself is the log"));
    assert!(republish(NOBODY).contains("needs the server to be stopped"));
    Ok(())
}
