//! The calls of one house become one card, with its presses, its answers and its place in the list.

use domain::{Alert, Event, Progress};

use super::*;
use crate::samples::{AT, accept, administrator, call, house, incident, named_line, resident, status};

/// The `number`th call, of this house, made so many seconds after the first one.
fn call_of(number: u128, name: &str, seconds: Millis) -> Alert {
    Alert { house: house(name), at: AT + seconds * 1_000, ..call(number) }
}

fn open(calls: &[(&Alert, &[Event])]) -> Vec<HouseCalls> {
    let mut incidents: Vec<_> = calls.iter().map(|(call, then)| incident(call, then.to_vec())).collect();
    incidents.sort_by_key(|incident| std::cmp::Reverse(incident.alert.at));
    HouseCalls::by_urgency(incidents.iter())
}

fn only(calls: &[(&Alert, &[Event])]) -> HouseCalls {
    let [house] = <[_; 1]>::try_from(open(calls)).expect("one house");
    house
}

fn houses(all: &[HouseCalls]) -> Vec<String> {
    all.iter().map(|house| house.newest.alert.house.to_string()).collect()
}

#[test]
fn four_presses_of_a_house_are_one_with_the_newest_words_every_kind_and_the_oldest_time() {
    let mut presses: Vec<Alert> = (0..4).map(|number| call_of(number, "1203", number as Millis)).collect();
    presses[0].kind = Some(Kind::Medical);
    presses[1].text = "the last words".into();
    presses[2].kind = Some(Kind::Fire);
    presses[3].kind = Some(Kind::Medical);
    let all: Vec<(&Alert, &[Event])> = presses.iter().map(|press| (press, &[] as &[Event])).collect();
    let one = only(&all);
    assert_eq!(one.count(), 4);
    assert_eq!(one.newest.alert.id, presses[3].id);
    assert_eq!(one.kinds(), [Kind::Medical, Kind::Fire]);
    assert_eq!((one.since(), one.as_one().alert.at), (AT, AT));
    assert_eq!(one.as_one().alert.text, "the last words");
    assert_eq!(one.as_one().alert.id, presses[3].id);
}

#[test]
fn houses_of_one_name_on_two_lines_are_two() {
    let (here, mut there) = (call_of(1, "1203", 0), call_of(2, "1203", 1));
    there.line = named_line("101-2");
    let all = open(&[(&here, &[]), (&there, &[])]);
    assert_eq!(
        all.iter().map(HouseCalls::flat).collect::<Vec<_>>(),
        [here, there].map(|one| (one.line, one.house))
    );
}

#[test]
fn the_house_that_waits_longest_is_first_and_houses_that_somebody_comes_to_are_last() {
    let [first, second, third] = [("1203", 0), ("1301", 1), ("1204", 2)]
        .map(|(name, seconds)| call_of(seconds as u128, name, seconds));
    let coming = [accept(&first, "0501")];
    let all = open(&[(&first, &coming), (&second, &[]), (&third, &[])]);
    assert_eq!(houses(&all), ["1301", "1204", "1203"]);
}

#[test]
fn a_house_that_presses_again_is_answered_only_when_somebody_comes_to_that_call_too() {
    let (before, again) = (call_of(1, "1203", 0), call_of(2, "1203", 1));
    let coming = [accept(&before, "1204")];
    let one = only(&[(&before, &coming), (&again, &[])]);
    assert!(!one.is_answered());
    assert_eq!(one.as_one().coming().count(), 1, "who comes is named all the same");
    let both = [accept(&again, "1301")];
    assert!(only(&[(&before, &coming), (&again, &both)]).is_answered());
}

#[test]
fn a_neighbour_who_comes_to_one_call_is_named_once_despite_answers_to_another() {
    let (before, again) = (call_of(1, "1203", 0), call_of(2, "1203", 1));
    let there = [accept(&before, "1204"), status(&before, Progress::Arrived, "1204")];
    let left = [accept(&again, "1204"), status(&again, Progress::Withdrawn, "1204")];
    let one = only(&[(&before, &there), (&again, &left)]).as_one();
    assert_eq!(one.responses.len(), 1);
    assert_eq!(one.responses[0].stance, Stance::Arrived);
}

#[test]
fn a_press_without_a_location_is_shown_where_the_house_was_last_known_with_the_time_of_that() {
    let (before, mut again) = (call_of(1, "1203", 0), call_of(2, "1203", 1));
    again.location = None;
    let one = only(&[(&before, &[]), (&again, &[])]).as_one();
    let known = incident(&before, []);
    assert!(known.location.is_some());
    assert_eq!((one.location, one.located), (known.location, known.located));
}

#[test]
fn an_emergency_among_drills_is_not_a_drill() {
    let (mut before, mut again) = (call_of(1, "1203", 0), call_of(2, "1203", 1));
    (before.drill, again.drill) = (true, true);
    assert!(only(&[(&before, &[]), (&again, &[])]).as_one().alert.drill);
    before.drill = false;
    assert!(!only(&[(&before, &[]), (&again, &[])]).as_one().alert.drill);
}

#[test]
fn the_helper_is_known_and_neither_the_office_nor_a_house_of_the_same_name_elsewhere() {
    let call = call_of(1, "1203", 0);
    let one = only(&[(&call, &[accept(&call, "1204")])]);
    assert!(one.is_helped_by(&resident("1204")));
    assert!(!one.is_helped_by(&resident("1301")));
    assert!(!one.is_helped_by(&administrator()));
    let elsewhere = Resident { line: Some(named_line("101-2")), ..resident("1204") };
    assert!(!one.is_helped_by(&elsewhere));
}

#[test]
fn a_house_calls_about_an_intruder_if_any_of_its_calls_does() {
    let (first, mut second) = (call_of(1, "1203", 0), call_of(2, "1203", 1));
    assert!(!only(&[(&first, &[]), (&second, &[])]).is_about_intruder());
    let mut before = first.clone();
    before.kind = Some(Kind::Intruder);
    assert!(only(&[(&before, &[]), (&second, &[])]).is_about_intruder());
    second.kind = Some(Kind::Intruder);
    assert!(only(&[(&first, &[]), (&second, &[])]).is_about_intruder());
}
