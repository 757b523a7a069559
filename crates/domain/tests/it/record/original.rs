//! The records of the original service, which has five strings and no ids.

use std::collections::BTreeSet;

use domain::{
    Event, Location, Position,
    record::{read, write},
    topic,
};

use super::{HERE, alert};

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
