//! Records. Every written one can be read, those of the original service too, and no input panics.

use std::collections::BTreeSet;

use domain::{
    Alert, Escalation, Event, House, Line, Location, Neighbour, Position, Progress,
    record::{Unreadable, read, write},
    topic,
};
use proptest::prelude::*;

use crate::history;

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
fn the_five_strings_of_the_original_service_are_a_call() {
    let call =
        alert(r#"{"line":"101-1","house":"1203","text":"도와주세요","lat":"37.5665","lng":"126.978"}"#);
    assert_eq!(
        (call.line.as_str(), call.house.as_str(), call.text.as_str()),
        ("101-1", "1203", "도와주세요")
    );
    assert_eq!(call.location, Location::new(37.5665, 126.978, None));
    assert_eq!((call.kind, call.drill, call.at), (None, false, HERE.timestamp));
    assert_eq!(call.id.0.get_version_num(), 8);
}

#[test]
fn nulls_of_the_original_service_are_absent() {
    let call = alert(r#"{"line":"101-1","house":"1203","text":null,"lat":null,"lng":null}"#);
    assert_eq!((call.text.as_str(), call.location), ("", None));
    let accept =
        read(topic::ACCEPT, br#"{"line":"101-1","accept":"1204","target":"1203","alert":null}"#, HERE);
    let Ok(Event::Accept(accept)) = accept else { panic!("{accept:?}") };
    assert_eq!((accept.alert, accept.accept_line, accept.at), (None, None, HERE.timestamp));
    assert_eq!(accept.id.0.get_version_num(), 8);
}

#[test]
fn white_space_and_numbers_do_not_lose_a_call_of_the_original_service() {
    let call = alert(r#"{"line":" 101-1","house":1203,"text":"도와주세요 ","lat":37.5,"lng":" 127 "}"#);
    assert_eq!((call.line.as_str(), call.house.as_str()), ("101-1", "1203"));
    assert_eq!(call.location, Location::new(37.5, 127.0, None));
}

#[test]
fn an_id_made_up_is_the_same_everywhere_and_another_at_another_place() {
    let value = r#"{"line":"101-1","house":"1203"}"#;
    let id = |topic: &str, value: &str, position| {
        let Ok(Event::Alert(alert)) = read(topic, value.as_bytes(), position) else { panic!("unreadable") };
        alert.id
    };
    let own = id(topic::ALERT, value, HERE);
    assert_eq!(own, id(topic::ALERT, value, HERE));
    // A fixed value, because nodes of different builds must agree, and so must next year's with today's.
    assert_eq!(own.to_string(), "c7f58540-65a7-863f-84a9-707db9743e3c");
    let others = [
        id(topic::ALERT, value, Position { partition: 0, ..HERE }),
        id(topic::ALERT, value, Position { offset: 43, ..HERE }),
        id(topic::ALERT, value, Position { timestamp: HERE.timestamp + 1, ..HERE }),
        id(topic::DRILL, value, HERE),
        id(topic::ALERT, r#"{"line":"101-1","house":"1203" }"#, HERE),
        own,
    ];
    assert_eq!(BTreeSet::from(others).len(), 6);
}

#[test]
fn an_accept_that_names_no_call_is_known_by_its_place() {
    let id = "01900000-0000-7000-8000-000000000000";
    let read_id = |value: String| match read(topic::ACCEPT, value.as_bytes(), HERE) {
        Ok(Event::Accept(accept)) => accept.id,
        other => panic!("{other:?}"),
    };
    let accept = format!(r#""line":"101-1","accept":"1204","target":"1203","id":"{id}""#);
    assert_eq!(read_id(format!(r#"{{{accept},"alert":"{id}"}}"#)).to_string(), id);
    assert_eq!(read_id(format!("{{{accept}}}")).0.get_version_num(), 8);
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
fn the_fields_of_the_original_service_stay_strings() {
    let call = Event::Alert(alert(r#"{"line":"101-1","house":"1203","text":"x","lat":"37.5","lng":"127"}"#));
    let (topic, value) = write(&call);
    let value: serde_json::Value = serde_json::from_slice(&value).expect("JSON");
    assert_eq!(topic, topic::ALERT);
    for (field, text) in
        [("line", "101-1"), ("house", "1203"), ("text", "x"), ("lat", "37.5"), ("lng", "127")]
    {
        assert_eq!(value[field], text, "{field}");
    }
    assert_eq!(value["at"], HERE.timestamp);
    assert_eq!(value.get("kind"), None, "absent, not null");
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

/// Reads the status of a step with these fields.
fn step(fields: &str) -> Option<Escalation> {
    let fields = format!(r#""id":"{CALL_ID}","target":"1203","by":"@service","at":1,{fields}"#);
    let Event::Status(status) = about_a_call(topic::STATUS, &fields) else { panic!("no status") };
    status.escalation
}

#[test]
fn a_step_of_an_escalation_is_read_and_written() {
    let fields = format!(r#""status":"escalated","round":"{CALL_ID}","step":2,"lines":["101-2","101-3"]"#);
    let taken = step(&fields).expect("a step");
    assert_eq!((taken.round.to_string().as_str(), taken.step), (CALL_ID, 2));
    assert_eq!(taken.lines, ["101-2", "101-3"].map(|name| Line::new(name).expect("a line")).into());
    let whole = format!(r#""id":"{CALL_ID}","target":"1203","by":"@service","at":1,{fields}"#);
    let event = about_a_call(topic::STATUS, &whole);
    let (_, written) = write(&event);
    assert_eq!(read(topic::STATUS, &written, HERE).expect("readable"), event);
}

#[test]
fn a_line_of_a_step_that_cannot_be_read_hides_no_other_and_a_step_without_a_name_is_none() {
    let named = format!(r#""status":"escalated","round":"{CALL_ID}","step":1"#);
    let lines = |odd: &str| step(&format!("{named},{odd}")).expect("a step").lines.len();
    assert_eq!((lines(r#""lines":["101/2",7,"101-3"]"#), lines(r#""lines":null"#)), (1, 0));
    for odd in [r#""step":1"#, r#""round":"no id","step":1"#, r#""step":300"#, r#""step":"1""#] {
        assert_eq!(step(&format!(r#""status":"escalated",{odd}"#)), None, "{odd}");
    }
    assert_eq!(step(&named.replace("escalated", "expired")), None);
}

const CALL_ID: &str = "01900000-0000-7000-8000-000000000000";

/// Reads a record with these fields after those of its line and call.
fn about_a_call(topic: &str, fields: &str) -> Event {
    let value = format!(r#"{{"line":"101-1","alert":"{CALL_ID}",{fields}}}"#);
    read(topic, value.as_bytes(), HERE).unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn house(name: &str) -> Option<House> {
    House::new(name).ok()
}

#[test]
fn records_of_former_versions_name_no_house_and_are_written_again_without_one() {
    for (topic, fields) in [
        (topic::STATUS, format!(r#""id":"{CALL_ID}","status":"cancelled","by":"1203","at":1"#)),
        (topic::LOCATION, r#""lat":37.5,"lng":127.0,"at":1"#.to_owned()),
        (topic::RECEIPT, r#""reached":["1204"],"seen":[]"#.to_owned()),
    ] {
        let event = about_a_call(topic, &fields);
        assert_eq!(event.target(), None, "{topic}");
        let (_, value) = write(&event);
        let value: serde_json::Value = serde_json::from_slice(&value).expect("JSON");
        for field in ["target", "house", "houseLine", "byLine"] {
            assert_eq!(value.get(field), None, "{topic} {field}");
        }
    }
}

#[test]
fn the_actor_and_the_house_that_called_are_read_and_written() {
    let status =
        format!(r#""id":"{CALL_ID}","target":"1203","status":"arrived","by":"1204","byLine":"101-2","at":1"#);
    let Event::Status(status) = about_a_call(topic::STATUS, &status) else { panic!("no status") };
    assert_eq!((&status.target, &status.by_line), (&house("1203"), &Line::new("101-2").ok()));
    let moved = r#""target":"1203","house":"1204","houseLine":"101-2","lat":37.5,"lng":127,"at":1"#;
    let Event::Moved(moved) = about_a_call(topic::LOCATION, moved) else { panic!("no location") };
    let named = (&moved.target, &moved.house, &moved.house_line);
    assert_eq!(named, (&house("1203"), &house("1204"), &Line::new("101-2").ok()));
    let receipt = r#""target":"1203","reached":["1204","101-2/1204"],"seen":["101-2/1204"]"#;
    let Event::Receipt(receipt) = about_a_call(topic::RECEIPT, receipt) else { panic!("no receipt") };
    let own = Neighbour { line: None, house: house("1204").expect("a house") };
    let other = Neighbour { line: Line::new("101-2").ok(), ..own.clone() };
    assert_eq!(receipt.reached, BTreeSet::from([own, other.clone()]));
    assert_eq!((receipt.target, receipt.seen), (house("1203"), BTreeSet::from([other])));
}

#[test]
fn only_a_flat_that_names_itself_stops_showing_where_it_is() {
    let stops = r#""target":"1203","house":"1204","at":1"#;
    for fields in [stops.to_owned(), format!(r#"{stops},"lat":null,"lng":null"#)] {
        let Event::Moved(moved) = about_a_call(topic::LOCATION, &fields) else { panic!("no location") };
        assert_eq!((&moved.house, moved.location), (&house("1204"), None), "{fields}");
        let (_, value) = write(&Event::Moved(moved));
        let value: serde_json::Value = serde_json::from_slice(&value).expect("JSON");
        assert_eq!((value.get("lat"), value.get("lng")), (None, None));
    }
    for fields in [r#""target":"1203","at":1"#, r#""target":"1203","house":"1204","lat":37.5,"at":1"#] {
        let value = format!(r#"{{"line":"101-1","alert":"{CALL_ID}",{fields}}}"#);
        assert!(read(topic::LOCATION, value.as_bytes(), HERE).is_err(), "{fields}");
    }
}

#[test]
fn an_optional_field_that_cannot_be_read_counts_as_none() {
    for odd in ["null", r#""12/03""#, r#""""#, "[]", "{}", "true"] {
        let status = format!(
            r#""id":"{CALL_ID}","target":{odd},"status":"arrived","by":"1204","byLine":{odd},"note":[],"at":1"#
        );
        let Event::Status(status) = about_a_call(topic::STATUS, &status) else { panic!("no status") };
        assert_eq!((status.target, status.by_line, status.note), (None, None, None), "{odd}");
        let moved = format!(r#""target":{odd},"house":{odd},"houseLine":{odd},"lat":37.5,"lng":127,"at":1"#);
        let Event::Moved(moved) = about_a_call(topic::LOCATION, &moved) else { panic!("no location") };
        assert_eq!((moved.target, moved.house, moved.house_line), (None, None, None), "{odd}");
        let receipt = format!(r#""target":{odd},"reached":["1204"],"seen":[]"#);
        assert_eq!(about_a_call(topic::RECEIPT, &receipt).target(), None, "{odd}");
    }
    let number = about_a_call(topic::RECEIPT, r#""target":1203,"reached":[],"seen":[]"#);
    assert_eq!(number.target(), house("1203").as_ref(), "a number is the text of it");
}
