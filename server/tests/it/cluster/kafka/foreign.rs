//! Records of other programs, as odd as Kafka allows. Each that can be read alarms, and so does the next one.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use domain::topic;
use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord, Producer},
};
use serde_json::{Value, json};
use testkit::{
    client::{Message, Socket},
    server::Server,
};

use super::brokers::Brokers;
use crate::support::{NEIGHBOUR, Outcome, sign_in};

const PATIENCE: Duration = Duration::from_secs(30);
const TOO_LARGE_FOR_A_LETTER: usize = 1024 * 1024 - 400;

fn producer(brokers: &Brokers, settings: &[(&str, &str)]) -> FutureProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers.servers()).set("message.max.bytes", "2000000");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config.create().unwrap()
}

fn call(text: &str) -> String {
    json!({"line": "101-1", "house": "1301", "text": text, "lat": null, "lng": null}).to_string()
}

/// Writes a call, always to the same partition.
async fn write(producer: &FutureProducer, text: &str, timestamp: Option<i64>) {
    let value = call(text);
    let mut record = FutureRecord::to(topic::ALERT).partition(0).key("101-1").payload(&value);
    record.timestamp = timestamp;
    producer.send(record, PATIENCE).await.unwrap();
}

async fn receives(socket: &mut Socket, text: &str) -> Outcome {
    let is_it = |message: &Message| message.json()["text"] == text;
    socket.wait_for(text, is_it).await.map(drop)
}

async fn listen(server: &Server) -> Result<(Socket, Vec<String>), testkit::Error> {
    let (mut socket, snapshot) = sign_in(&server.client()?, NEIGHBOUR).await?.listen().await?;
    socket.set_patience(PATIENCE);
    let texts =
        snapshot.messages.iter().filter_map(|message| message.json()["text"].as_str().map(str::to_owned));
    Ok((socket, texts.collect()))
}

/// Waits until both roles are ready.
async fn is_ready(server: &Server) -> Outcome {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (_, report) = server.client()?.readiness().await?;
        let roles: Value = serde_json::from_str(&report).unwrap();
        if roles["producer"]["state"] == "ready" && roles["fanout"]["state"] == "ready" {
            return Ok(());
        }
        assert!(Instant::now() < deadline, "{report}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn compressed_and_transactional_records_are_read_and_so_are_those_after_them() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let mut server = brokers.program().start().await?;
    let (mut socket, _) = listen(&server).await?;
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        write(&producer(&brokers, &[("compression.type", codec)]), codec, None).await;
        receives(&mut socket, codec).await?;
    }
    let transactional = producer(&brokers, &[("transactional.id", "another-program")]);
    transactional.init_transactions(PATIENCE).unwrap();
    transactional.begin_transaction().unwrap();
    write(&transactional, "in an open transaction", None).await;
    receives(&mut socket, "in an open transaction").await?;
    // The log is inspected every ten seconds. An open transaction does not make it look shorter.
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(!server.log()?.contains("the log has become shorter"), "{}", server.log()?);
    transactional.commit_transaction(PATIENCE).unwrap();
    is_ready(&server).await?;

    // A transaction's marker is the last thing in the partition, and a rebuild ends all the same.
    server.restart().await?;
    is_ready(&server).await?;
    let (mut socket, texts) = listen(&server).await?;
    assert!(
        texts.iter().any(|text| text == "in an open transaction") && texts.iter().any(|text| text == "zstd")
    );
    write(&producer(&brokers, &[]), "after them", None).await;
    receives(&mut socket, "after them").await?;
    is_ready(&server).await?;
    server.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn records_with_an_odd_timestamp_are_read_also_after_a_restart() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let mut server = brokers.program().start().await?;
    let (mut socket, _) = listen(&server).await?;
    let ordinary = producer(&brokers, &[]);
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let odd = [("of seconds", i64::try_from(seconds).unwrap()), ("of 1970", 1), ("of no time", 0)];
    for (text, timestamp) in odd {
        write(&ordinary, text, Some(timestamp)).await;
        receives(&mut socket, text).await?;
    }
    server.restart().await?;
    let (_, texts) = listen(&server).await?;
    for (text, _) in odd {
        assert!(texts.iter().any(|heard| heard == text), "{text} is not in {texts:?}");
    }
    server.end().await
}

/// Returns every letter in the topic, as its reasons by the place it is about.
fn letters(brokers: &Brokers) -> BTreeMap<String, Vec<String>> {
    let mut letters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, value) in brokers.records(topic::DEAD_LETTER) {
        let letter: Value = serde_json::from_str(&value).unwrap();
        let text = |name: &str| letter[name].as_str().unwrap().to_owned();
        letters.entry(text("place")).or_default().push(text("reason"));
    }
    letters
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn unreadable_records_become_letters_once_and_the_next_call_is_delivered() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let mut server = brokers.program().start().await?;
    let (mut socket, _) = listen(&server).await?;
    let huge = "x".repeat(TOO_LARGE_FOR_A_LETTER);
    let unreadable =
        [Some("{not json"), Some(r#"{"order":17,"items":[]}"#), Some("[]"), Some(huge.as_str()), None];
    let ordinary = producer(&brokers, &[]);
    for value in unreadable {
        let mut record = FutureRecord::<str, str>::to(topic::ALERT).partition(0).key("101-1");
        record.payload = value;
        ordinary.send(record, PATIENCE).await.unwrap();
    }
    write(&ordinary, "after them", None).await;
    receives(&mut socket, "after them").await?;
    let deadline = Instant::now() + PATIENCE;
    while letters(&brokers).len() < unreadable.len() {
        assert!(Instant::now() < deadline, "{:?}", letters(&brokers));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let first = letters(&brokers);
    // These records are read again after a restart, and have their letters.
    server.restart().await?;
    is_ready(&server).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let second = letters(&brokers);
    assert!(second.values().all(|reasons| reasons.len() == 1), "{second:?}");
    assert_eq!(second, first);
    server.end().await
}
