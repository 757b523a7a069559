//! The rules of a call by example, one at a time.

mod nameless;
mod receipts;

use domain::{
    Accept, Actor, Alert, Event, House, Incident, Line, LineIncidents, Location, Millis, Moved, Progress,
    Source, Stance, Status, event::OPEN_FOR,
};

use crate::history::{MORNING, alert_id, event_id, line};

pub(crate) fn a_house(name: &str) -> House {
    House::new(name).expect("a valid house")
}

/// The call 0 of a house.
pub(crate) fn alert_of(house: &str, passed: Millis) -> Alert {
    Alert {
        location: Location::new(37.5, 127.0, None),
        ..Alert::new(alert_id(0), line(), a_house(house), MORNING + passed)
    }
}

/// An accept of 1203's call 0.
pub(crate) fn accept_of(id: usize, house: &str, passed: Millis) -> Accept {
    Accept {
        id: event_id(id),
        line: line(),
        accept: a_house(house),
        accept_line: None,
        target: a_house("1203"),
        alert: Some(alert_id(0)),
        at: MORNING + passed,
    }
}

/// A status of the call 0, as former versions wrote it, without the house that called.
pub(crate) fn status(id: usize, progress: Progress, by: Actor, passed: Millis) -> Status {
    Status {
        id: event_id(id),
        line: line(),
        alert: alert_id(0),
        target: None,
        status: progress,
        by,
        by_line: None,
        note: None,
        escalation: None,
        at: MORNING + passed,
    }
}

/// A location of the call 0, as former versions wrote it, without any house.
pub(crate) fn moved(passed: Millis, lat: f64) -> Moved {
    Moved {
        line: line(),
        alert: alert_id(0),
        target: None,
        house: None,
        house_line: None,
        location: Location::new(lat, 127.0, Some(10.0)),
        at: MORNING + passed,
    }
}

/// A withdrawal from the call 0.
pub(crate) fn withdrawn(id: usize, house: &str, passed: Millis) -> Status {
    status(id, Progress::Withdrawn, Actor::House(a_house(house)), passed)
}

pub(crate) fn direct(events: impl IntoIterator<Item = Event>) -> LineIncidents {
    let mut fold = LineIncidents::new(line(), 1);
    for event in events {
        fold.apply(event, Source::Direct);
    }
    fold
}

pub(crate) fn only(fold: &LineIncidents) -> Incident {
    let [incident] = &fold.incidents()[..] else { panic!("not one call") };
    incident.clone()
}

pub(crate) fn stances(incident: &Incident) -> Vec<(&str, Stance)> {
    incident.responses.iter().map(|response| (response.house.as_str(), response.stance)).collect()
}

#[test]
fn a_house_that_took_its_accept_back_may_accept_again() {
    let call = Event::Alert(alert_of("1203", 0));
    let statements = [
        Event::Accept(accept_of(1, "1204", 1)),
        Event::Status(withdrawn(2, "1204", 2)),
        Event::Accept(accept_of(3, "1204", 3)),
    ];
    for (words, stance) in [(1, Stance::Coming), (2, Stance::Withdrawn), (3, Stance::Coming)] {
        let mut events = statements[..words].to_vec();
        events.reverse();
        events.push(call.clone());
        let incident = only(&direct(events));
        assert_eq!(stances(&incident), [("1204", stance)]);
        assert_eq!(incident.coming().count(), usize::from(stance == Stance::Coming));
    }
}

#[test]
fn in_one_millisecond_the_event_with_the_greater_id_is_the_last() {
    let words = |accept, withdraw| {
        let statements =
            [Event::Accept(accept_of(accept, "1204", 5)), Event::Status(withdrawn(withdraw, "1204", 5))];
        let first = Event::Accept(accept_of(0, "1204", 1));
        only(&direct([Event::Alert(alert_of("1203", 0)), first].into_iter().chain(statements))).responses[0]
            .stance
    };
    assert_eq!(words(1, 2), Stance::Withdrawn);
    assert_eq!(words(2, 1), Stance::Coming);
}

#[test]
fn a_house_that_never_came_has_nothing_to_withdraw() {
    let incident = only(&direct([Event::Alert(alert_of("1203", 0)), Event::Status(withdrawn(1, "1204", 1))]));
    assert_eq!(incident.responses, []);
}

#[test]
fn a_call_is_open_for_twenty_four_hours() {
    let fold = direct([Event::Alert(alert_of("1203", 0))]);
    let ends = MORNING + OPEN_FOR;
    assert_eq!(OPEN_FOR, 24 * 3_600 * 1_000);
    assert!(only(&fold).is_open(ends - 1) && !only(&fold).is_open(ends));
    assert_eq!((fold.open(ends - 1).len(), fold.open(ends).len()), (1, 0));
}

#[test]
fn a_call_ends_by_the_right_actors_only_and_once() {
    let house = |name| Actor::House(a_house(name));
    for (how, by, ends) in [
        (Progress::Cancelled, house("1203"), true),
        (Progress::Cancelled, house("1204"), false),
        (Progress::Cancelled, Actor::Administrator, false),
        (Progress::Cancelled, Actor::Service, false),
        (Progress::Resolved, house("1203"), true),
        (Progress::Resolved, house("1204"), false),
        (Progress::Resolved, Actor::Administrator, true),
        (Progress::Resolved, Actor::Service, false),
        (Progress::Expired, Actor::Service, true),
        (Progress::Expired, house("1203"), false),
        (Progress::Expired, Actor::Administrator, false),
        (Progress::Escalated, Actor::Service, false),
        (Progress::Arrived, house("1204"), false),
        (Progress::Withdrawn, house("1204"), false),
    ] {
        let end = Event::Status(status(1, how, by.clone(), 5));
        let fold = direct([end, Event::Alert(alert_of("1203", 0))]);
        assert_eq!(only(&fold).end.is_some(), ends, "{how:?} by {by:?}");
        assert_eq!(fold.open(MORNING + 10).is_empty(), ends, "{how:?} by {by:?}");
    }
    let fold = direct([
        Event::Alert(alert_of("1203", 0)),
        Event::Status(status(1, Progress::Resolved, Actor::Administrator, 9)),
        Event::Status(status(2, Progress::Cancelled, house("1203"), 7)),
    ]);
    assert_eq!(only(&fold).end.map(|end| (end.how, end.at)), Some((Progress::Cancelled, MORNING + 7)));
}

#[test]
fn nobody_comes_to_the_own_call_but_another_lines_house_of_that_number_may() {
    let own = accept_of(1, "1203", 1);
    let spelled_out = Accept { accept_line: Some(line()), ..own.clone() };
    let other_line = Line::new("101-2").expect("a valid line");
    let other = Accept { accept_line: Some(other_line.clone()), ..own.clone() };
    for (accept, comes) in [(own, false), (spelled_out, false), (other, true)] {
        let incident = only(&direct([Event::Accept(accept), Event::Alert(alert_of("1203", 0))]));
        assert_eq!(!incident.responses.is_empty(), comes);
        assert!(incident.responses.iter().all(|response| response.line.as_ref() == Some(&other_line)));
    }
}

#[test]
fn houses_of_one_number_on_two_lines_do_not_speak_for_each_other() {
    let other_line = Line::new("101-2").expect("a valid line");
    let own = accept_of(1, "1204", 1);
    let other = Accept { accept_line: Some(other_line), ..own.clone() };
    let incident =
        only(&direct([Event::Alert(alert_of("1203", 0)), Event::Accept(own), Event::Accept(other)]));
    assert_eq!(incident.responses.len(), 2);
}

#[test]
fn a_neighbour_who_copies_an_id_changes_nothing_for_the_call() {
    let resolved = Event::Status(status(4, Progress::Resolved, Actor::Administrator, 9));
    // 1101 sorts before 1203, and 1402 after. Neither may take over.
    for copier in ["1101", "1402"] {
        let mut fold = direct([
            Event::Alert(alert_of("1203", 0)),
            Event::Accept(accept_of(1, "1204", 1)),
            Event::Alert(alert_of(copier, 2)),
            Event::Moved(moved(3, 10.0)),
            Event::Status(status(2, Progress::Cancelled, Actor::House(a_house(copier)), 4)),
            Event::Status(withdrawn(3, "1204", 5)),
        ]);
        let of_caller = |fold: &LineIncidents| {
            fold.named(alert_id(0))
                .into_iter()
                .find(|call| call.alert.house == a_house("1203"))
                .expect("is known")
        };
        let call = of_caller(&fold);
        assert_eq!(call.end, None);
        assert_eq!(call.location, call.alert.location, "nobody moves another's marker");
        assert_eq!(stances(&call), [("1204", Stance::Withdrawn)], "the words for the call reach it");
        fold.apply(resolved.clone(), Source::Direct);
        assert!(of_caller(&fold).end.is_some());
    }
}

#[test]
fn one_key_used_for_two_calls_is_an_accept_of_each() {
    let second = Alert { id: alert_id(1), ..alert_of("1203", 5) };
    let other = Accept { alert: Some(alert_id(1)), ..accept_of(1, "1204", 6) };
    let fold = direct([
        Event::Alert(alert_of("1203", 0)),
        Event::Alert(second),
        Event::Accept(accept_of(1, "1204", 7)),
        Event::Accept(other),
    ]);
    for incident in fold.incidents() {
        assert_eq!(stances(&incident), [("1204", Stance::Coming)]);
    }
}

#[test]
fn the_earlier_of_two_records_of_one_alert_counts_and_listeners_receive_one() {
    let mut fold = LineIncidents::new(line(), 1);
    let later = Alert { text: "나중".into(), ..alert_of("1203", 5) };
    assert_eq!(fold.apply(Event::Alert(later), Source::Direct).len(), 1);
    assert_eq!(fold.apply(Event::Alert(alert_of("1203", 0)), Source::Direct), []);
    assert_eq!(only(&fold).alert, alert_of("1203", 0));
}

#[test]
fn a_call_does_not_become_a_drill() {
    for (real, drill) in [(0, 5), (5, 0)] {
        let drill = Alert { drill: true, ..alert_of("1203", drill) };
        let fold = direct([Event::Alert(drill), Event::Alert(alert_of("1203", real))]);
        assert_eq!(only(&fold).alert, alert_of("1203", real));
    }
}

#[test]
fn the_caller_is_where_the_latest_update_places_them() {
    let moved = |passed, lat| Event::Moved(moved(passed, lat));
    let mut fold = direct([moved(5, 37.6), Event::Alert(alert_of("1203", 0))]);
    assert_eq!(fold.apply(moved(4, 37.7), Source::Direct), []);
    assert_eq!(only(&fold).location.map(|location| location.lat), Some(37.6));
    assert_eq!(fold.apply(moved(6, 37.8), Source::Direct).len(), 1);
    assert_eq!(only(&fold).location.map(|location| location.lat), Some(37.8));
    assert_eq!(only(&fold).located, Some(MORNING + 6));
}
