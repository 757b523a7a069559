//! Names are checked, flats are named from a line, and people receive the calls of theirs.

use super::*;

#[test]
fn names_of_korean_apartments_are_accepted_as_they_are() {
    for name in ["101-1", "1203", "101동 1라인", "지하1호", "B-02"] {
        assert_eq!(Line::new(name).map(String::from), Ok(name.to_owned()));
    }
}

#[test]
fn a_name_that_could_be_misread_is_refused_with_the_reason() {
    assert_eq!(House::new(""), Err(InvalidName::Empty));
    assert_eq!(House::new("  "), Err(InvalidName::Empty));
    assert_eq!(House::new("x".repeat(65)), Err(InvalidName::TooLong));
    for name in [" 1203", "1203\n", "12/03", "@administrator"] {
        assert_eq!(House::new(name), Err(InvalidName::Character), "{name:?}");
    }
}

#[test]
fn the_line_of_silent_calls_can_be_named_by_nobody() {
    let canary = Line::canary();
    assert!(canary.is_canary() && !Line::new("101-1").expect("a valid line").is_canary());
    assert_eq!(Line::new(canary.as_str()), Err(InvalidName::Character));
    assert!(serde_json::from_str::<Line>("\"@canary\"").is_err());
}

#[test]
fn the_house_of_the_office_can_be_read_from_a_record() {
    assert!(House::office().is_office());
    assert_eq!(House::new(House::office().as_str()), Ok(House::office()));
}

#[test]
fn an_invisible_character_is_found() {
    for name in ["101-1", "101동 1라인", "지하1호", "김이웃", "B-02", "resident-1203"] {
        assert_eq!(unseen(name), None, "{name}");
    }
    for c in
        ['\u{202e}', '\u{200b}', '\u{200d}', '\u{2066}', '\u{feff}', '\u{3164}', '\u{3000}', '\u{a0}', '\0']
    {
        assert_eq!(unseen(&format!("12{c}03")), Some(c), "{c:?}");
    }
}

#[test]
fn a_neighbour_of_another_line_is_named_with_it_and_one_of_the_own_line_is_not() {
    let name = |text: &str| text.parse::<Neighbour>();
    let (own, other) = (Line::new("101-1").expect("a valid line"), Line::new("101-2").expect("a valid line"));
    let house = House::new("1203").expect("a valid house");
    assert_eq!(name("1203"), Ok(Neighbour::from(house.clone())));
    let elsewhere = Neighbour { line: Some(other.clone()), house };
    assert_eq!(name("101-2/1203"), Ok(elsewhere.clone()));
    assert_eq!(String::from(elsewhere.seen_from(&own)), "101-2/1203");
    assert_eq!(String::from(elsewhere.seen_from(&other)), "1203");
    for wrong in ["", "/", "101-2/", "/1203", "101/2/1203", "@service"] {
        assert!(name(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_resident_receives_the_own_line_and_an_administrator_every_line() {
    let own = Line::new("101-1").expect("a valid line");
    let other = Line::new("101-2").expect("a valid line");
    let mut person = Resident {
        name: "resident-1203".into(),
        line: Some(own.clone()),
        house: House::new("1203").ok(),
        role: Role::Resident,
    };
    assert!(person.may_receive(&own) && !person.may_receive(&other));
    person.role = Role::Administrator;
    assert!(person.may_receive(&other));
}
