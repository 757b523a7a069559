//! The rules of a call by example, one at a time.

use domain::{
    Accept, Actor, Alert, Change, Event, House, Incident, Line, LineIncidents, Location, Millis, Moved,
    Neighbour, Position, Progress, Receipt, Source, Stance, Status, event::OPEN_FOR, record, topic,
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

#[test]
fn receipts_are_merged_without_the_callers_own_house() {
    let receipt = |reached: &[&str], sounded: &[&str], seen: &[&str]| {
        let houses = |names: &[&str]| names.iter().map(|name| Neighbour::from(a_house(name))).collect();
        Event::Receipt(Receipt {
            line: line(),
            alert: alert_id(0),
            target: Some(a_house("1203")),
            pushed: [].into(),
            reached: houses(reached),
            sounded: houses(sounded),
            seen: houses(seen),
            after: None,
        })
    };
    let mut fold = direct([receipt(&["1204", "1203"], &["1203"], &[])]);
    let changes = fold.apply(Event::Alert(alert_of("1203", 0)), Source::Direct);
    assert_eq!(changes.last(), Some(&Change::Event { event: receipt(&["1204"], &[], &[]), first: None }));
    let changes = fold.apply(receipt(&["1301"], &["1301"], &["1204"]), Source::Direct);
    let merged = receipt(&["1204", "1301"], &["1301"], &["1204"]);
    assert_eq!(changes, [Change::Event { event: merged, first: None }]);
    let own = receipt(&["1203"], &["1203"], &["1203"]);
    assert_eq!(fold.apply(own, Source::Direct), [], "the caller's own is no news");
}

#[test]
fn what_a_push_service_took_is_a_number_of_its_own_and_reaches_nobody() {
    let flats = |names: &[&str]| names.iter().map(|name| Neighbour::from(a_house(name))).collect();
    let pushed = |names: &[&str]| {
        Event::Receipt(Receipt {
            line: line(),
            alert: alert_id(0),
            target: Some(a_house("1203")),
            pushed: flats(names),
            reached: [].into(),
            sounded: [].into(),
            seen: [].into(),
            after: None,
        })
    };
    let mut fold = direct([Event::Alert(alert_of("1203", 0))]);
    assert_eq!(fold.apply(pushed(&["1203"]), Source::Direct), [], "the caller's own is no news");
    let changes = fold.apply(pushed(&["1204", "1203"]), Source::Direct);
    assert_eq!(changes, [Change::Event { event: pushed(&["1204"]), first: None }]);
    fold.apply(pushed(&["1301"]), Source::Direct);
    let call = only(&fold);
    assert_eq!(call.pushed, flats(&["1204", "1301"]));
    assert!(call.reached.is_empty() && call.sounded.is_empty() && call.seen.is_empty(), "{call:?}");
}

fn original(topic: &str, value: &str, timestamp: Millis, offset: i64) -> (Event, Source) {
    let position = Position { timestamp: MORNING + timestamp, partition: 0, offset };
    (record::read(topic, value.as_bytes(), position).expect("the original's record"), Source::Log(position))
}

const CALL: &str = r#"{"line":"101-1","house":"1203","text":"도와주세요","lat":"37.5","lng":"127"}"#;
const COMES: &str = r#"{"line":"101-1","accept":"1204","target":"1203"}"#;

#[test]
fn an_accept_that_names_no_call_is_about_the_newest_one_not_newer_than_itself() {
    let calls = [10, 20, 30].map(|time| original(topic::ALERT, CALL, time, time));
    for (accepted, about) in [(9, None), (10, Some(0)), (19, Some(0)), (20, Some(1)), (99, Some(2))] {
        let mut fold = LineIncidents::new(line(), 1);
        let (accept, seen) = original(topic::ACCEPT, COMES, accepted, 1);
        assert_eq!(fold.apply(accept, seen), []);
        for (call, seen) in calls.clone() {
            fold.apply(call, seen);
        }
        let answered: Vec<_> = fold.incidents().iter().map(|incident| incident.responses.len()).collect();
        let expected: Vec<_> = (0..3).map(|number| usize::from(about == Some(number))).collect();
        assert_eq!(answered, expected, "accepted at {accepted}");
    }
}

#[test]
fn the_earliest_place_of_an_accept_that_names_no_call_counts() {
    let mut fold = LineIncidents::new(line(), 1);
    for (call, seen) in [10, 20].map(|time| original(topic::ALERT, CALL, time, time)) {
        fold.apply(call, seen);
    }
    let answered =
        |fold: &LineIncidents| fold.incidents().iter().map(|i| i.responses.len()).collect::<Vec<_>>();
    let accept = Event::Accept(Accept { alert: None, ..accept_of(1, "1204", 25) });
    let at =
        |timestamp| Source::Log(Position { timestamp: MORNING + timestamp, partition: 0, offset: timestamp });
    let second = Event::Accept(Accept { alert: None, ..accept_of(2, "1301", 26) });
    fold.apply(accept.clone(), at(22));
    fold.apply(second, at(26));
    assert_eq!(answered(&fold), [0, 2]);
    let changes = fold.apply(accept.clone(), at(15));
    assert_eq!(answered(&fold), [1, 1]);
    // The call it leaves has another first now.
    assert!(
        changes
            .iter()
            .any(|change| matches!(change, Change::First { accept, .. } if accept.id == event_id(2)))
    );
    fold.apply(accept, at(28));
    assert_eq!(answered(&fold), [1, 1]);
}

#[test]
fn an_accept_is_announced_for_a_newer_call_that_arrives_late() {
    let mut fold = LineIncidents::new(line(), 1);
    let (old, new) = (original(topic::ALERT, CALL, 10, 1), original(topic::ALERT, CALL, 20, 2));
    let (accept, seen) = original(topic::ACCEPT, COMES, 25, 1);
    fold.apply(old.0, old.1);
    fold.apply(accept, seen);
    let id = new.0.alert();
    let changes = fold.apply(new.0, new.1);
    assert!(matches!(&changes[0], Change::Event { event: Event::Alert(alert), .. } if Some(alert.id) == id));
    assert!(matches!(&changes[1],
        Change::Event { event: Event::Accept(accept), first: Some(true) } if accept.alert == id));
    assert_eq!(changes.len(), 2);
    let answered: Vec<_> = fold.incidents().iter().map(|incident| incident.responses.len()).collect();
    assert_eq!(answered, [0, 1]);
}

#[test]
fn an_accept_of_the_original_service_never_means_a_drill_or_what_the_log_does_not_have() {
    let mut fold = LineIncidents::new(line(), 1);
    let (call, seen) = original(topic::ALERT, CALL, 10, 1);
    fold.apply(call.clone(), seen);
    let drill = original(topic::DRILL, CALL, 15, 1);
    fold.apply(drill.0, drill.1);
    fold.apply(Event::Alert(alert_of("1203", 20)), Source::Direct);
    let (accept, seen) = original(topic::ACCEPT, COMES, 25, 1);
    fold.apply(accept, seen);
    let answered: Vec<_> = fold.incidents().into_iter().filter(|i| !i.responses.is_empty()).collect();
    assert_eq!(answered.iter().map(|i| Some(i.alert.id)).collect::<Vec<_>>(), [call.alert()]);
}
