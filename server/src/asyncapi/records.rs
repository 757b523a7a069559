//! The topics and their records.

use domain::{header, record, topic};
use serde_json::{Value, json};
use utoipa::openapi::Schema;
use uuid::Uuid;

use super::{Channel, Example, Message, Way, examples, fields, written};
use crate::openapi::schemas::object;

/// A channel for each topic.
pub(super) fn channels() -> Vec<Channel> {
    let call = || object(&fields::alert(), &["id", "line", "house", "text", "at"]);
    let status = object(&fields::status(), &["id", "line", "alert", "status", "by", "at"]);
    let moved = object(&fields::moved(), &["line", "alert", "at"]);
    let receipt = object(&fields::receipt(), &["line", "alert", "reached", "seen"]);
    vec![
        calls(),
        accepts(),
        of_events(
            topic::STATUS,
            "The progress of a call. `by` is a house, @administrator or @service.",
            status,
            None,
        ),
        of_events(
            topic::DRILL,
            "A resident or the office holds a drill. One that is `alone` is for the calling house only.",
            call(),
            None,
        ),
        of_events(
            topic::LOCATION,
            "The caller is somewhere else now, or `house` is. Without `lat` and `lng`, `house` stops showing where it is.",
            moved,
            None,
        ),
        of_events(
            topic::RECEIPT,
            "A call has reached these flats. Records of one call add up.",
            receipt,
            None,
        ),
        history(),
        of_events(topic::CANARY, "The service calls itself. Nothing reads it.", call(), None),
        dead_letters(),
    ]
}

/// Calls. The original service writes them without ids and times.
fn calls() -> Channel {
    let original = json!({
        "line": "101-1", "house": "1203", "text": "도와주세요", "lat": "37.5665", "lng": "126.978",
    });
    let value = object(&fields::alert(), &["line", "house"]);
    of_events(topic::ALERT, "A resident calls for help.", value, Some(original))
}

/// Accepts. Those of the original service name no call.
fn accepts() -> Channel {
    let original = json!({ "line": "101-1", "accept": "1204", "target": "1203" });
    let meaning =
        "A neighbour is coming. One without `alert` is about the newest call of the house `target`.";
    let value = object(&fields::accept(), &["line", "accept", "target"]);
    of_events(topic::ACCEPT, meaning, value, Some(original))
}

/// A topic of events. `original` is the value of a record that the original service writes.
fn of_events(topic: &'static str, meaning: &'static str, value: Schema, original: Option<Value>) -> Channel {
    let events = examples::events().into_iter().filter(|event| event.topic() == topic);
    let written_here = events.map(|event| {
        // A receipt is of no request. The record of any other event has the key of its request.
        let id = (topic != topic::RECEIPT).then(|| event.id().unwrap_or_else(examples::key));
        let is_traced =
            topic::OF_ALERTS.contains(&topic) || [topic::ACCEPT, topic::LOCATION].contains(&topic);
        Example::new(headers(id, is_traced), Some(written(&record::write(&event).1)))
    });
    let types = header::TYPE_IDS.map(|(name, value)| (name, value.to_owned()));
    let original = original.map(|value| Example::new(types, Some(value)));
    let way = if topic == topic::CANARY { Way::Sent } else { Way::Both };
    channel(topic, meaning, way, value, "The call's line.", written_here.chain(original).collect())
}

fn history() -> Channel {
    let row = examples::row();
    let value = serde_json::to_value(&row).expect("a row is always JSON");
    let records = vec![Example::new(headers(Some(row.id.0), false), Some(value))];
    let meaning = "A call that is over, as the statistics keep it, without coordinates and texts.";
    channel(topic::HISTORY, meaning, Way::Both, fields::row(), "The call's line.", records)
}

fn dead_letters() -> Channel {
    let value = serde_json::to_value(examples::letter()).expect("a letter is always JSON");
    let records = vec![Example::new(headers(None, false), Some(value))];
    let meaning = "A record that could not be read, with the reason.";
    channel(topic::DEAD_LETTER, meaning, Way::Both, fields::letter(), "topic-partition-offset.", records)
}

fn channel(
    topic: &'static str,
    meaning: &'static str,
    way: Way,
    value: Schema,
    key: &str,
    examples: Vec<Example>,
) -> Channel {
    let key = json!({ "kafka": { "key": { "type": "string", "description": key } } });
    let message = Message {
        name: topic,
        meaning,
        way,
        headers: fields::record_headers(),
        payload: Some(value),
        more: vec![("bindings", key)],
        examples,
    };
    Channel {
        name: topic,
        address: Some(topic),
        server: "log",
        meaning,
        messages: vec![message],
        bindings: Some(json!({ "kafka": { "topic": topic, "topicConfiguration": kept(topic) } })),
    }
}

/// The time for which the service asks Kafka to keep a topic's records. A topic that is never cut has Kafka's word for
/// that, because JavaScript cannot read the number.
fn kept(topic: &str) -> Value {
    let millis = topic::retention(topic).filter(|millis| *millis < i64::MAX);
    json!({ "retention.ms": millis.unwrap_or(-1) })
}

/// The headers of a record that was published at once.
fn headers(id: Option<Uuid>, is_traced: bool) -> Vec<(&'static str, String)> {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut headers = vec![(header::AGE, "3".to_owned())];
    headers.extend(is_traced.then(|| (header::TRACEPARENT, trace.to_owned())));
    headers.extend(id.map(|id| (header::ID, id.to_string())));
    headers.extend(header::TYPE_IDS.map(|(name, value)| (name, value.to_owned())));
    headers
}
