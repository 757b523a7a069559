//! The AsyncAPI document of the running program. Every example in it is read by the types that read the topics and the
//! socket, and what the program sends has no part that the document leaves out.

mod running;

use std::collections::BTreeSet;

use crate::support::{Outcome, server_and_client};
use domain::{
    Event, Line, Position, Progress,
    body::Body,
    dead_letter::Letter,
    destination, header, reach,
    record::{self, Unreadable},
    seen::Seen,
    statistics::Row,
    topic,
};
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use stomp::{Command, Decoder, Frame, Incoming, Limits, Version};
use testkit::{Error, client::Client};

const PLACE: Position = Position { timestamp: 1_795_900_000_000, partition: 0, offset: 7 };

async fn document(client: &Client) -> Result<Value, Error> {
    client.send(client.request(Method::GET, "/asyncapi.json")).await?.ok()
}

/// Returns the messages of the channel with this address.
fn messages_at<'a>(document: &'a Value, address: Option<&str>) -> Vec<&'a Value> {
    let channels = document["channels"].as_object().unwrap();
    let channel = channels.values().find(|channel| channel["address"].as_str() == address);
    let channel = channel.unwrap_or_else(|| panic!("{address:?} is not in the document"));
    let messages = channel["messages"].as_object().unwrap().values();
    messages.map(|message| followed(document, message)).collect()
}

fn followed<'a>(document: &'a Value, reference: &Value) -> &'a Value {
    let path = reference["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
    document.pointer(path).unwrap_or_else(|| panic!("{path} leads nowhere"))
}

fn examples(message: &Value) -> &[Value] {
    let examples = message["examples"].as_array().unwrap();
    assert!(!examples.is_empty(), "{} has no example", message["name"]);
    examples
}

/// Makes sure that an object has only parts that its schema knows, and all that it needs.
fn fits(schema: &Value, object: &Value) {
    let (known, object) = (schema["properties"].as_object().cloned(), object.as_object().unwrap());
    let known = known.unwrap_or_default();
    for part in object.keys() {
        assert!(known.contains_key(part), "{part} is not in {schema}");
    }
    let needed = schema["required"].as_array().cloned().unwrap_or_default();
    for part in needed.iter().map(|part| part.as_str().unwrap()) {
        assert!(object.contains_key(part), "{part} is missing in {object:?}");
    }
}

/// Makes sure that the headers and the payload of an example are those of its message.
fn is_described(message: &Value, example: &Value) {
    fits(&message["headers"], &example["headers"]);
    match example.get("payload") {
        Some(payload) => fits(&message["payload"], payload),
        None => assert!(message.get("payload").is_none(), "{message}"),
    }
}

/// Reads a value by its type, and makes sure that it is written as it was.
fn read_as<T: Serialize + DeserializeOwned>(value: &Value) {
    let read: T = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), *value);
}

/// Names the kind of an event. A new kind does not compile here, and then belongs into [`KINDS`], too.
fn kind(event: &Event) -> &'static str {
    match event {
        Event::Alert(_) => "alert",
        Event::Accept(_) => "accept",
        Event::Status(_) => "status",
        Event::Moved(_) => "location",
        Event::Receipt(_) => "receipt",
    }
}

const KINDS: [&str; 5] = ["accept", "alert", "location", "receipt", "status"];

#[tokio::test]
async fn every_topic_is_described_and_each_example_is_read_as_its_record() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let document = document(&client).await?;
    assert_eq!(document["asyncapi"], "3.0.0");
    let mut events = Vec::new();
    for topic in topic::ALL {
        for message in messages_at(&document, Some(topic.name)) {
            for example in examples(message) {
                is_described(message, example);
                events.extend(read_record(topic.name, &example["payload"]));
            }
        }
    }
    let kinds: BTreeSet<&str> = events.iter().map(kind).collect();
    assert_eq!(Vec::from_iter(kinds), KINDS);
    for progress in Progress::ALL {
        let is_it = |event: &Event| matches!(event, Event::Status(status) if status.status == progress);
        assert!(events.iter().any(is_it), "{progress:?}");
    }
    Ok(())
}

/// Reads a record as the readers of its topic do. Returns its event, if it is of one.
fn read_record(name: &str, value: &Value) -> Option<Event> {
    let octets = value.to_string().into_bytes();
    match name {
        topic::HISTORY => read_as::<Row>(value),
        topic::DEAD_LETTER => read_as::<Letter>(value),
        topic::CANARY => {
            // Nobody reads it. It is a drill of a line that nobody can name.
            let read = record::read(name, &octets, PLACE);
            assert!(matches!(read, Err(Unreadable::Topic(_))), "{read:?}");
            assert_eq!(value["line"], Line::canary().as_str());
            let mut drill = value.clone();
            drill["line"] = "101-1".into();
            record::read(topic::DRILL, drill.to_string().as_bytes(), PLACE).unwrap();
        }
        _ => {
            let event = record::read(name, &octets, PLACE).unwrap();
            assert_eq!(event.topic(), name);
            // An accept of the original service is named by its place and its octets.
            if event.alert().is_some() {
                let (_, written) = record::write(&event);
                assert_eq!(record::read(name, &written, PLACE).unwrap(), event);
            }
            return Some(event);
        }
    }
    None
}

/// Returns the frame of an example, read from the octets that it has on the wire.
fn frame(message: &Value, example: &Value) -> Frame {
    let command = message["x-stomp-command"].as_str().unwrap();
    let command = Command::from_wire(command.as_bytes()).unwrap();
    let headers = example["headers"].as_object().unwrap().iter();
    let frame =
        headers.fold(Frame::new(command), |frame, (name, value)| frame.header(name, value.as_str().unwrap()));
    let frame = match example.get("payload") {
        Some(payload) => frame.body(payload.to_string()),
        None => frame,
    };
    let mut decoder = Decoder::new(Limits::default());
    decoder.set_version(Version::V1_2);
    decoder.push(&stomp::encode(&frame, Version::V1_2));
    let read = decoder.next().unwrap();
    assert_eq!(read, Some(Incoming::Frame(frame.clone())));
    frame
}

#[tokio::test]
async fn every_destination_is_described_and_each_example_is_read_as_its_body() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let document = document(&client).await?;
    for (command, address) in destination::ALL {
        let mut types = BTreeSet::new();
        for message in messages_at(&document, Some(address)) {
            for example in examples(message) {
                is_described(message, example);
                let frame = frame(message, example);
                let sent_by = if command == "SEND" { Command::Send } else { Command::Message };
                assert_eq!(frame.command, sent_by, "{address}");
                read_body(address, &frame, &example["payload"]);
                types.extend(frame.get(header::TYPE).map(str::to_owned));
            }
        }
        let expected: BTreeSet<String> = match address {
            destination::SEEN | destination::ARMED => BTreeSet::new(),
            "/sub/line/{line}/reach" => [reach::TYPE.to_owned()].into(),
            _ => Body::TYPES.map(str::to_owned).into(),
        };
        assert_eq!(types, expected, "{address}");
    }
    Ok(())
}

/// Reads a body as the server or a page does.
fn read_body(address: &str, frame: &Frame, payload: &Value) {
    match (address, frame.get(header::TYPE)) {
        (destination::SEEN, _) => read_as::<Seen>(payload),
        (destination::ARMED, _) => read_as::<reach::Armed>(payload),
        (_, Some(reach::TYPE)) => {
            assert_eq!(reach::read(&frame.body).map(u64::from), payload["houses"].as_u64());
        }
        (_, named) => {
            let body = Body::parse(&frame.body).unwrap();
            assert_eq!(Some(body.type_name()), named);
            assert_eq!(serde_json::from_slice::<Value>(&body.to_json()).unwrap(), *payload);
        }
    }
}
