//! Records. Every written one can be read, those of the original service too, and no input panics.

mod fields;
mod original;

use domain::{
    Alert, Event, Location, Position, Progress,
    record::{Unreadable, read, write},
    topic,
};
use proptest::prelude::*;

use crate::history;

const CALL_ID: &str = "01900000-0000-7000-8000-000000000000";
const HERE: Position = Position { timestamp: 1_767_225_600_123, partition: 1, offset: 42 };

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        history::alert().prop_map(Event::Alert),
        history::accept().prop_map(Event::Accept),
        history::status().prop_map(Event::Status),
        history::moved().prop_map(Event::Moved),
        history::receipt().prop_map(Event::Receipt),
    ]
}

fn alert(value: &str) -> Alert {
    match read(topic::ALERT, value.as_bytes(), HERE) {
        Ok(Event::Alert(alert)) => alert,
        other => panic!("{value}: {other:?}"),
    }
}

/// Reads a record with these fields after those of its line and call.
fn about_a_call(topic: &str, fields: &str) -> Event {
    let value = format!(r#"{{"line":"101-1","alert":"{CALL_ID}",{fields}}}"#);
    read(topic, value.as_bytes(), HERE).unwrap_or_else(|error| panic!("{value}: {error}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_written_record_is_read_as_the_same(event in event(), position in history::position()) {
        let (topic, value) = write(&event);
        prop_assert_eq!(read(topic, &value, position).expect("readable"), event);
    }

    #[test]
    fn no_bytes_panic(value in prop::collection::vec(any::<u8>(), 0..64), text in "\\PC{0,64}") {
        for topic in topic::ALL {
            let _ = read(topic.name, &value, HERE);
            let _ = read(topic.name, text.as_bytes(), HERE);
        }
    }

    #[test]
    fn no_json_panics_and_no_trimmings_lose_a_call(
        fields in prop::collection::btree_map(
            prop::sample::select(vec!["id", "text", "lat", "lng", "accuracy", "kind", "at", "unknown"]),
            odd_value(),
            0..8,
        ),
    ) {
        let mut value = serde_json::json!({"line": "101-1", "house": "1203"});
        for (field, odd) in fields {
            value[field] = odd;
        }
        let call = alert(&value.to_string());
        prop_assert_eq!((call.line.as_str(), call.house.as_str()), ("101-1", "1203"));
        for topic in topic::ALL {
            let _ = read(topic.name, value.to_string().as_bytes(), HERE);
        }
    }
}

fn odd_value() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        "\\PC{0,12}".prop_map(serde_json::Value::from),
        prop::sample::select(vec!["", "null", "NaN", "inf", "-0", "999", "1e400", " 37.5 "])
            .prop_map(serde_json::Value::from),
        Just(serde_json::json!([1, 2])),
        Just(serde_json::json!({"a": 1})),
    ]
}

#[test]
fn an_unusable_location_leaves_a_call_without_one() {
    let odd = [
        r#""lat":"here","lng":"127""#,
        r#""lat":"","lng":"""#,
        r#""lat":"null","lng":"null""#,
        r#""lat":"999","lng":"127""#,
        r#""lat":999,"lng":127"#,
        r#""lat":"NaN","lng":"NaN""#,
        r#""lat":"inf","lng":"127""#,
        r#""lat":"37.5""#,
        r#""lat":"37.5","lng":null"#,
        r#""lat":true,"lng":[127]"#,
        r#""lat":{},"lng":"127""#,
    ];
    for fields in odd {
        let call = alert(&format!(r#"{{"line":"101-1","house":"1203",{fields}}}"#));
        assert_eq!(call.location, None, "{fields}");
    }
    for accuracy in [r#""near""#, "-5", r#""NaN""#, "1e300", "null", "[]"] {
        let fields =
            format!(r#"{{"line":"101-1","house":"1203","lat":"37.5","lng":"127","accuracy":{accuracy}}}"#);
        assert_eq!(alert(&fields).location, Location::new(37.5, 127.0, None), "{accuracy}");
    }
}

#[test]
fn missing_fields_are_named() {
    for (topic, value, field) in [
        (topic::ALERT, r#"{"house":"1203"}"#, "line"),
        (topic::ALERT, r#"{"line":"101-1"}"#, "house"),
        (topic::ALERT, r#"{"line":"101-1","house":null}"#, "house"),
        (topic::ACCEPT, r#"{"line":"101-1","target":"1203"}"#, "accept"),
        (topic::ACCEPT, r#"{"line":"101-1","accept":"1204"}"#, "target"),
    ] {
        let reason = read(topic, value.as_bytes(), HERE);
        assert!(
            matches!(reason, Err(Unreadable::Missing(missing)) if missing == field),
            "{value}: {reason:?}"
        );
    }
    let reason = read(topic::ALERT, br#"{"line":"101/1","house":"1203"}"#, HERE);
    assert!(matches!(reason, Err(Unreadable::Invalid { field: "line", .. })), "{reason:?}");
    let reason = read(topic::ACCEPT, br#"{"line":"1","accept":"2","target":"3","acceptLine":"@"}"#, HERE);
    assert!(matches!(reason, Err(Unreadable::Invalid { field: "acceptLine", .. })), "{reason:?}");
}

#[test]
fn only_a_drill_is_for_one_house_alone() {
    let alone = |topic: &str, alone: &str| {
        let value = format!(r#"{{"line":"101-1","house":"1203","alone":{alone}}}"#);
        match read(topic, value.as_bytes(), HERE).expect("a call") {
            Event::Alert(alert) => (alert.drill, alert.alone),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(alone(topic::DRILL, "true"), (true, true));
    assert_eq!(alone(topic::ALERT, "true"), (false, false), "an emergency is everybody's");
    for other in ["false", "null", "\"yes\"", "1"] {
        assert_eq!(alone(topic::DRILL, other), (true, false), "{other}");
    }
}

#[test]
fn every_topic_of_alerts_is_listed_and_kept_for_one_time() {
    for topic in topic::ALL {
        let is_alert =
            matches!(read(topic.name, br#"{"line":"101-1","house":"1203"}"#, HERE), Ok(Event::Alert(_)));
        assert_eq!(is_alert, topic::OF_ALERTS.contains(&topic.name), "{}", topic.name);
    }
    for name in topic::OF_ALERTS {
        let (kept, of_alerts) = (topic::retention(name), topic::retention(topic::ALERT));
        assert!(
            kept.is_some() && kept == of_alerts,
            "statistics would take its calls for deleted ones: {name}"
        );
        assert!(topic::is_of_lines(name), "{name}");
    }
}

#[test]
fn a_value_that_is_not_a_record_is_unreadable() {
    for topic in topic::ALL {
        for value in ["", "null", "[]", "1", "{", "\"call\"", "{\"line\":}", "\u{0}"] {
            assert!(read(topic.name, value.as_bytes(), HERE).is_err(), "{} {value:?}", topic.name);
        }
    }
    let unknown = read("an-else", b"{}", HERE);
    assert!(matches!(unknown, Err(Unreadable::Topic(ref name)) if name == "an-else"));
    let nowhere =
        r#"{"line":"1","alert":"01900000-0000-7000-8000-000000000000","lat":"999","lng":"1","at":1}"#;
    assert!(read(topic::LOCATION, nowhere.as_bytes(), HERE).is_err());
}

#[test]
fn an_accept_that_names_something_else_than_a_call_is_not_applied_to_another_one() {
    let value = br#"{"line":"101-1","accept":"1204","target":"1203","alert":"the newest"}"#;
    assert!(matches!(read(topic::ACCEPT, value, HERE), Err(Unreadable::Json(_))));
}

#[test]
fn a_receipt_of_a_version_that_knew_nothing_of_sounding_has_sounded_nowhere() {
    let value = concat!(
        r#"{"line":"101-1","alert":"01900000-0000-7000-8000-000000000000","#,
        r#""reached":["1204"],"seen":["1204"]}"#
    );
    let Ok(Event::Receipt(receipt)) = read(topic::RECEIPT, value.as_bytes(), HERE) else {
        panic!("a receipt is due")
    };
    assert!(receipt.sounded.is_empty() && receipt.pushed.is_empty());
    assert_eq!((receipt.reached.len(), receipt.seen.len()), (1, 1));
    let (_, written) = write(&Event::Receipt(receipt.clone()));
    assert_eq!(written, value.as_bytes());
    let sounded = receipt.reached.clone();
    let pushed = receipt.reached.clone();
    let sounds = Event::Receipt(domain::Receipt { sounded, pushed, after: Some(1_500), ..receipt });
    let (_, written) = write(&sounds);
    assert_eq!(read(topic::RECEIPT, &written, HERE).expect("readable"), sounds);
    for odd in ["null", "-1", r#""soon""#, "1e300"] {
        let fields = format!(r#""reached":["1204"],"seen":[],"after":{odd}"#);
        let Event::Receipt(receipt) = about_a_call(topic::RECEIPT, &fields) else { panic!("no receipt") };
        assert!(receipt.after.is_none() && receipt.reached.len() == 1, "{odd}");
    }
    for odd in ["null", "7", r#"["no/such/flat"]"#] {
        let fields = format!(r#""reached":["1204"],"sounded":{odd},"seen":[]"#);
        let Event::Receipt(receipt) = about_a_call(topic::RECEIPT, &fields) else { panic!("no receipt") };
        assert!(receipt.sounded.is_empty() && receipt.reached.len() == 1, "{odd}");
    }
}

#[test]
fn texts_with_escapes_are_read_as_those_without() {
    let written = r#"{"line":" 101-\u0031","house":"12\u00303","text":"a\nb","kind":"f\u0069re","at":1}"#;
    let plain = alert(r#"{"line":"101-1","house":"1203","kind":"fire","at":1}"#);
    let read = alert(written);
    assert_eq!(read.text, "a\nb");
    assert_eq!((read.key().line, read.house, read.kind), (plain.line, plain.house, plain.kind));
    assert!(plain.kind.is_some());
    let fields = r#""reached":["12\u00304"],"sounded":["12\u00304","101-2/1204"],"seen":[]"#;
    let Event::Receipt(receipt) = about_a_call(topic::RECEIPT, fields) else { panic!("no receipt") };
    assert!(receipt.reached.is_subset(&receipt.sounded) && receipt.sounded.len() == 2);
}

#[test]
fn every_kind_of_progress_has_its_text() {
    for (word, progress) in [
        ("withdrawn", Progress::Withdrawn),
        ("arrived", Progress::Arrived),
        ("cancelled", Progress::Cancelled),
        ("resolved", Progress::Resolved),
        ("escalated", Progress::Escalated),
        ("expired", Progress::Expired),
    ] {
        let id = "01900000-0000-7000-8000-000000000000";
        let value = format!(
            r#"{{"id":"{id}","line":"101-1","alert":"{id}","status":"{word}","by":"@service","at":1}}"#
        );
        let read = read(topic::STATUS, value.as_bytes(), HERE).expect("readable");
        assert!(matches!(read, Event::Status(status) if status.status == progress));
    }
}
