//! The fields of records about a call. Those that cannot be read, or that former versions did not write, count as none.

use domain::{
    Escalation, Event, Flats, House, Line, Neighbour,
    record::{read, write},
    topic,
};

use super::{CALL_ID, HERE, about_a_call};

fn house(name: &str) -> Option<House> {
    House::new(name).ok()
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
    assert_eq!(receipt.reached, Flats::from([own, other.clone()]));
    assert_eq!((receipt.target, receipt.seen), (house("1203"), Flats::from([other])));
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
