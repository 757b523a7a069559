//! The browser writes and reads by hand what the server reads and writes by serde.

use domain::{
    AlertId, House, Line, Location, Resident, Role,
    api::{AcceptRequest, LocationRequest, Problem, ProgressRequest, Recorded, State, location_request},
    json::{Json, Object, Read, digits, quoted, uuid},
    record::location,
};
use proptest::prelude::*;
use serde::Serialize;
use uuid::Uuid;

use crate::history::{house, line};

fn read<T: Read>(written: &impl Serialize) -> Option<T> {
    T::read(&Json::parse(&serde_json::to_string(written).expect("JSON"))?)
}

proptest! {
    #[test]
    fn text_is_read_as_it_was_written(name in ".{0,8}", text in any::<String>()) {
        prop_assert_eq!(&serde_json::from_str::<String>(&quoted(&text)).expect("JSON"), &text);
        let object = Object::default().text(&name, &text).truth("a\u{1}", true).integer("b", -7).finish();
        let read: serde_json::Value = serde_json::from_str(&object).expect("JSON");
        prop_assert_eq!(read, serde_json::json!({ name: text, "a\u{1}": true, "b": -7 }));
    }

    #[test]
    fn a_location_is_read_as_it_was_written(
        lat in -90.0..90.0,
        lng in -180.0..180.0,
        metres in prop::option::of(0.0..1e6),
    ) {
        let place = Location::new(lat, lng, metres);
        let written = location_request(place);
        let request: LocationRequest = serde_json::from_str(&written).expect("the server's request");
        prop_assert_eq!(location(Some(&request.lat), Some(&request.lng), request.accuracy.as_ref()), place);
        prop_assert_eq!(Json::parse(&written).and_then(|json| json.location()), place);
        prop_assert_eq!(digits(lat).parse::<f64>().ok(), Some(lat));
    }
}

proptest! {
    #[test]
    fn a_uuid_is_read_in_its_usual_form_only(number in any::<u128>(), place in 0..36_usize, odd in "[g-z{:é ]") {
        let id = Uuid::from_u128(number);
        let text = id.to_string();
        prop_assert_eq!(uuid(&text), Some(id));
        prop_assert_eq!(uuid(&text.to_uppercase()), Some(id));
        let wrong = format!("{}{odd}{}", &text[..place], &text[place + 1..]);
        for wrong in [wrong, text[..place].to_owned(), format!("{text}0"), id.simple().to_string()] {
            prop_assert_eq!(uuid(&wrong), None, "{}", wrong);
        }
    }
}

#[test]
fn an_object_without_fields_is_an_object() {
    assert_eq!(Object::default().finish(), "{}");
}

#[test]
fn the_server_reads_the_requests_of_the_browser() {
    for alert in [None, Some(AlertId(Uuid::from_u128(7)))] {
        let request = AcceptRequest { line: line(), accept_house: house(1), target_house: house(2), alert };
        let read: AcceptRequest = serde_json::from_str(&request.to_json()).expect("an accept");
        assert_eq!(format!("{read:?}"), format!("{request:?}"));
    }
    for note in [None, Some("\"꺼졌어요\"\n".to_owned())] {
        let request = ProgressRequest { note };
        let read: ProgressRequest = serde_json::from_str(&request.to_json()).expect("a progress");
        assert_eq!(read.note, request.note);
    }
    let nowhere: LocationRequest = serde_json::from_str(&location_request(None)).expect("no location");
    assert!(nowhere.lat.is_null() && nowhere.lng.is_null() && nowhere.accuracy.is_none());
}

#[test]
fn the_browser_reads_the_answers_of_the_server() {
    for state in [State::Published, State::Stored] {
        for warning in [None, Some("The location was left out.".to_owned())] {
            let recorded = Recorded { id: Uuid::from_u128(7), state, warning };
            assert_eq!(read(&recorded), Some(recorded));
        }
        assert_eq!(serde_json::to_value(state).expect("JSON"), state.as_str());
    }
    let problem =
        Problem { kind: "about:blank".into(), title: "No".into(), status: 409, detail: "\"No\"".into() };
    assert_eq!(read(&problem), Some(problem.clone()));
    assert_eq!(serde_json::from_str::<Problem>(&problem.to_json()).expect("JSON"), problem);
    let person =
        |line: Option<Line>, house: Option<House>, role| Resident { name: "김".into(), line, house, role };
    for person in
        [person(Some(line()), Some(house(1)), Role::Resident), person(None, None, Role::Administrator)]
    {
        assert_eq!(read(&person), Some(person));
    }
}

#[test]
fn an_answer_that_is_not_of_the_type_is_not_read() {
    for odd in ["", "null", "[]", "7", "{}", r#"{"id":7,"state":"stored"}"#] {
        assert_eq!(Json::parse(odd).as_ref().and_then(Recorded::read), None, "{odd}");
        assert_eq!(Json::parse(odd).as_ref().and_then(Problem::read), None, "{odd}");
        assert_eq!(Json::parse(odd).as_ref().and_then(Resident::read), None, "{odd}");
    }
}
