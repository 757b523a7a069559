//! The bodies of STOMP messages.

use domain::{
    Event, Location, Position,
    body::{Body, Unreadable},
    record,
};
use proptest::prelude::*;
use serde_json::{Value, json as odd};

use crate::{
    examples::{accept_of, alert_of},
    history::{MORNING, accept, alert, alert_id, event_id, house, line, moved, receipt, status},
};

fn body() -> impl Strategy<Value = Body> {
    let silent = |event| Body::Event { event, first: None };
    prop_oneof![
        alert().prop_map(Event::Alert).prop_map(silent),
        status().prop_map(Event::Status).prop_map(silent),
        moved().prop_map(Event::Moved).prop_map(silent),
        receipt().prop_map(Event::Receipt).prop_map(silent),
        (accept(), any::<Option<bool>>())
            .prop_map(|(accept, first)| Body::Event { event: Event::Accept(accept), first }),
        (0..4_usize, prop::option::of(0..4_usize), 0..4_usize, 0..4_usize).prop_map(
            |(alert, target, accept, id)| Body::First {
                line: line(),
                alert: alert_id(alert),
                target: target.map(house),
                accept: house(accept),
                id: event_id(id),
            }
        ),
        any::<(bool, bool)>()
            .prop_map(|(one_line, truncated)| Body::SnapshotEnd { line: one_line.then(line), truncated }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        alert().prop_map(Event::Alert),
        accept().prop_map(Event::Accept),
        status().prop_map(Event::Status),
        moved().prop_map(Event::Moved),
        receipt().prop_map(Event::Receipt),
    ]
}

/// A value that a field may have in the record of another producer.
fn odd_value() -> impl Strategy<Value = Value> {
    let values = [
        odd!(null),
        odd!(""),
        odd!(" 1203 "),
        odd!("1203"),
        odd!("101-2/1203"),
        odd!("@service"),
        odd!("a/b/c"),
        odd!("fire"),
        odd!("flood"),
        odd!("arrived"),
        odd!("escalated"),
        odd!("37.5"),
        odd!("north"),
        odd!("01890a5d-ac96-774b-bcce-b302099a8057"),
        odd!(true),
        odd!(7),
        odd!(-7),
        odd!(1.5),
        odd!(300),
        odd!(5_000_000_000_i64),
        odd!([]),
        odd!(["1203", "101-2/1204"]),
        odd!(["1203", 7]),
        odd!({ "a": 1 }),
    ];
    prop::sample::select(values.to_vec())
}

fn json(body: &Body) -> Value {
    serde_json::from_slice(&body.to_json()).expect("JSON")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_written_body_is_read_as_the_same(body in body()) {
        prop_assert_eq!(&json(&body)["type"], body.type_name());
        prop_assert_eq!(Body::parse(&body.to_json()).expect("readable"), body);
    }

    #[test]
    fn a_body_is_read_as_serde_reads_the_record(
        event in event(),
        field in any::<prop::sample::Index>(),
        odd in odd_value(),
    ) {
        let (topic, value) = record::write(&event);
        let mut fields: Value = serde_json::from_slice(&value).expect("JSON");
        let names: Vec<String> = fields.as_object().expect("an object").keys().cloned().collect();
        let name = field.get(&names);
        // A record without these has them made up.
        if !(matches!(event, Event::Alert(_) | Event::Accept(_)) && ["id", "at", "alert"].contains(&name.as_str())) {
            fields[name] = odd;
        }
        let position = Position { timestamp: MORNING, partition: 0, offset: 0 };
        let as_record = record::read(topic, fields.to_string().as_bytes(), position).ok();
        let silent = Body::Event { event, first: None };
        fields["type"] = silent.type_name().into();
        if let Body::Event { event: Event::Alert(alert), .. } = &silent {
            fields["drill"] = alert.drill.into();
        }
        let as_body = Body::parse(fields.to_string().as_bytes()).ok();
        prop_assert_eq!(as_body, as_record.map(|event| Body::Event { event, first: None }));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "\\PC{0,64}") {
        let _ = Body::parse(&bytes);
        let _ = Body::parse(text.as_bytes());
    }
}

#[test]
fn an_alert_has_every_field_of_the_contract() {
    let mut alert = alert_of("1203", 0);
    alert.location = Location::new(37.5, 127.0, Some(12.5));
    alert.kind = Some(domain::Kind::Fire);
    let written = json(&Body::Event { event: Event::Alert(alert.clone()), first: None });
    let expected = serde_json::json!({
        "type": "alert", "id": alert.id, "line": "101-1", "house": "1203", "text": "", "lat": "37.5", "lng": "127",
        "accuracy": 12.5, "kind": "fire", "drill": false, "at": alert.at,
    });
    assert_eq!(written, expected);
}

#[test]
fn an_accept_has_the_target_as_text_for_the_original_clients_and_whether_it_is_first() {
    for first in [None, Some(true), Some(false)] {
        let written = json(&Body::Event { event: Event::Accept(accept_of(1, "1204", 1)), first });
        assert_eq!((&written["text"], &written["target"]), (&Value::from("1203"), &Value::from("1203")));
        assert_eq!(written["first"], Value::from(first));
        assert!(written.as_object().is_some_and(|fields| fields.contains_key("first")), "null, not absent");
    }
}

#[test]
fn the_end_of_a_snapshot_of_every_line_names_no_line() {
    let end = json(&Body::SnapshotEnd { line: None, truncated: false });
    assert_eq!(end, serde_json::json!({ "type": "snapshot-end", "truncated": false }));
}

#[test]
fn a_type_of_a_newer_version_is_named() {
    let unknown = Body::parse(br#"{"type":"weather"}"#);
    assert!(matches!(unknown, Err(Unreadable::Type(ref name)) if name == "weather"), "{unknown:?}");
    for json in ["{}", "null", "[]", "1", r#"{"type":1}"#] {
        assert_eq!(Body::parse(json.as_bytes()), Err(Unreadable::Field("type")), "{json}");
    }
    assert_eq!(Body::parse(b"weather"), Err(Unreadable::NotJson));
}

#[test]
fn a_body_without_what_it_needs_is_unreadable() {
    for kind in ["alert", "accept", "status", "location", "receipt", "first", "snapshot-end"] {
        let json = format!(r#"{{"type":"{kind}"}}"#);
        assert!(Body::parse(json.as_bytes()).is_err(), "{kind}");
    }
}
