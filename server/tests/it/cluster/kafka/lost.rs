//! Records that Kafka acknowledged and has lost. They are published again, unasked or on command.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use domain::{
    AlertId,
    api::{ProgressRequest, State},
    topic,
};
use testkit::{
    Error,
    client::{Session, Step},
    server::Server,
};
use uuid::Uuid;

use super::{brokers::Brokers, published};
use crate::support::{CALLER, NEIGHBOUR, Outcome, accept_of, path, sign_in};

const PATIENCE: Duration = Duration::from_secs(60);

/// A server with three calls that Kafka has acknowledged, stopped.
async fn with_three_calls(brokers: &Brokers) -> Result<(Server, Session, Vec<Uuid>), Error> {
    let mut server = brokers.program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(published(&caller, text).await?);
    }
    server.terminate().await?;
    Ok((server, neighbour, ids))
}

/// Deletes the calls from Kafka.
async fn lose_the_calls(brokers: &Brokers) {
    let (admin, options) = brokers.admin();
    admin.delete_topics(&[topic::ALERT], &options).await.unwrap()[0].as_ref().unwrap();
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

/// Waits until the server's log has this.
async fn logs(server: &Server, words: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !server.log().unwrap().contains(words) {
        assert!(Instant::now() < deadline, "the server never logged: {words}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn records_that_kafka_lost_while_the_server_was_stopped_are_published_again() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let (mut server, neighbour, ids) = with_three_calls(&brokers).await?;
    lose_the_calls(&brokers).await;
    hide_the_outbox(&server);
    server.start_again().await?;
    logs(&server, "the outbox cannot be compared with the log yet").await;
    show_the_outbox(&server);
    brokers.have_calls(&ids).await;
    let (_, snapshot) = neighbour.at(&server.client()?).listen().await?;
    assert!(ids.into_iter().all(|id| snapshot.alert(id).is_some()));
    server.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn a_topic_that_was_deleted_under_the_running_server_is_made_again_and_gets_its_calls_back() -> Outcome
{
    let brokers = Brokers::start(1, &[]);
    let server = brokers.program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let mut ids = vec![published(&caller, "before").await?];
    lose_the_calls(&brokers).await;
    let recorded = caller.press(&caller.call("after")?, None).await?.ok()?;
    socket.wait_for("a call made after it", |message| message.is_alert(recorded.id)).await?;
    ids.push(recorded.id);
    let deadline = Instant::now() + PATIENCE;
    while brokers.partitions(topic::ALERT).is_empty() {
        assert!(Instant::now() < deadline, "the topic is not made again");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    brokers.have_calls(&ids).await;
    server.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn an_accept_that_only_kafka_has_is_accepted_again_when_repeated_after_the_call() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let (mut server, neighbour, ids) = with_three_calls(&brokers).await?;
    server.restart().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, neighbour.at(&client));
    let accept = accept_of(&neighbour, &caller, Some(AlertId(ids[0])));
    let key = Uuid::now_v7();
    while neighbour.accept(&accept, Some(key)).await?.ok()?.state == State::Stored {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    caller.progress(AlertId(ids[0]), Step::Cancel, &ProgressRequest::default(), None).await?.ok()?;
    // The stop waits until Kafka has everything.
    server.terminate().await?;
    for name in ["outbox.db", "outbox.db-wal", "outbox.db-shm"] {
        let removed = std::fs::remove_file(server.data_dir().join(name));
        assert!(removed.is_ok() || name != "outbox.db", "{removed:?}");
    }
    server.restart().await?;
    let neighbour = neighbour.at(&server.client()?);
    neighbour.listen().await?;
    assert_eq!(neighbour.accept(&accept, Some(key)).await?.ok()?.id, key);
    assert_eq!(neighbour.accept(&accept, None).await?.status, 409);
    server.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn a_log_is_refilled_on_command_and_nothing_sounds() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let (mut server, neighbour, ids) = with_three_calls(&brokers).await?;
    lose_the_calls(&brokers).await;
    let mut republish = Command::new(path());
    republish.arg("republish").env("IUTSAI_DATA_DIR", server.data_dir());
    let output = republish.env("KAFKA_BOOTSTRAP_SERVERS", brokers.servers()).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && out.starts_with("published 3 records again"), "{out}{err}");
    server.restart().await?;
    let (_, snapshot) = neighbour.at(&server.client()?).listen().await?;
    assert!(ids.into_iter().all(|id| snapshot.alert(id).is_some()));
    server.end().await
}
