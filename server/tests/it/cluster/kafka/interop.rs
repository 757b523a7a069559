//! The original Spring service on the same topics. This service reads its records, and it reads ours. `end2end/kafka`
//! has its producer and its consumer, which are Spring's own.

use std::{
    io::Write,
    process::{Child, Stdio},
};

use domain::{
    AlertId, House,
    api::{AcceptRequest, CallRequest},
    topic,
};
use serde_json::{Value, json};

use super::brokers::Brokers;
use crate::{
    cluster::script::script,
    support::{CALLER, NEIGHBOUR, Outcome, sign_in},
};

/// Starts one of the Java programs.
fn java(arguments: &[&str]) -> Child {
    let mut command = script("kafka");
    command.arg("client").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The lines it prints until its end, which must be in order.
fn lines(child: Child) -> Vec<String> {
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the Java program ended with {}:\n{err}", output.status);
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Lets the original producer write these values; a line for each.
fn produce(brokers: &Brokers, topic: &str, values: &[Value]) {
    let mut producer = java(&["Producer", brokers.servers(), topic]);
    let text: String = values.iter().map(|value| format!("{value}\n")).collect();
    producer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert_eq!(lines(producer).len(), values.len());
}

/// Returns what the original consumer makes of the first records of the topics.
fn consume(brokers: &Brokers, count: usize, topics: &[&str]) -> Vec<Value> {
    let count_text = count.to_string();
    let arguments = [&["Consumer", brokers.servers(), &count_text], topics].concat();
    let records = lines(java(&arguments));
    assert_eq!(records.len(), count, "{records:?}");
    records.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn records_of_the_original_producer_are_read() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let server = brokers.program().start().await?;
    let neighbour = sign_in(&server.client()?, NEIGHBOUR).await?;
    let (mut socket, _) = neighbour.listen().await?;
    let whole =
        json!({"line": "101-1", "house": "1203", "text": "도와주세요", "lat": "37.5", "lng": "127.03"});
    let bare = json!({"line": "101-1", "house": "1301", "text": null, "lat": null, "lng": null});
    produce(&brokers, topic::ALERT, &[whole, bare]);
    let of = |house: &'static str| {
        move |message: &testkit::client::Message| {
            message.json()["type"] == "alert" && message.json()["house"] == house
        }
    };
    let alert = socket.wait_for("the call with everything", of("1203")).await?.json();
    assert_eq!(
        (&alert["text"], &alert["lat"], &alert["lng"]),
        (&json!("도와주세요"), &json!("37.5"), &json!("127.03"))
    );
    let alert = socket.wait_for("the call with nulls", of("1301")).await?.json();
    assert_eq!((&alert["text"], alert.get("lat")), (&json!(""), None));

    produce(&brokers, topic::ACCEPT, &[json!({"line": "101-1", "accept": "1301", "target": "1203"})]);
    let accept = socket.wait_for("the accept", |message| message.json()["type"] == "accept").await?.json();
    assert_eq!((&accept["accept"], &accept["target"]), (&json!("1301"), &json!("1203")));
    server.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn the_original_consumer_reads_what_is_written_here() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let server = brokers.program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let call = CallRequest {
        lat: Some(json!(37.5)),
        lng: Some(json!("127.03")),
        accuracy: Some(json!(12)),
        ..caller.call("도와주세요")?
    };
    let recorded = caller.press(&call, None).await?.ok()?;
    caller.press(&caller.call("")?, None).await?.ok()?;
    let accept = AcceptRequest {
        line: caller.line()?.clone(),
        accept_house: House::new("1204").unwrap(),
        target_house: House::new("1203").unwrap(),
        alert: Some(AlertId(recorded.id)),
    };
    neighbour.accept(&accept, None).await?.ok()?;

    let records = consume(&brokers, 3, &[topic::ALERT, topic::ACCEPT]);
    assert!(records.iter().all(|record| record["class"] == "java.util.HashMap"), "{records:?}");
    assert!(records.iter().all(|record| record["key"] == "101-1"), "{records:?}");
    let has = |topic: &str, fields: Value| {
        records.iter().any(|record| {
            let same = |(name, field): (&String, &Value)| record["value"].get(name) == Some(field);
            record["topic"] == topic && fields.as_object().unwrap().iter().all(same)
        })
    };
    let house =
        json!({"line": "101-1", "house": "1203", "text": "도와주세요", "lat": "37.5", "lng": "127.03"});
    assert!(has(topic::ALERT, house), "{records:?}");
    assert!(has(topic::ALERT, json!({"line": "101-1", "house": "1203", "text": ""})), "{records:?}");
    let accept = json!({"line": "101-1", "accept": "1204", "target": "1203"});
    assert!(has(topic::ACCEPT, accept), "{records:?}");
    server.end().await
}
