//! The first accept. The lowest offset in the line's own partition wins, and records elsewhere come after those.

use domain::{Accept, Change, Event, EventId, LineIncidents, Position, Source, partition};

use crate::{
    examples::{accept_of, alert_of},
    history::{MORNING, event_id, line},
};

const PARTITIONS: i32 = 2;

fn home() -> i32 {
    partition::of_key(line().as_str().as_bytes(), PARTITIONS)
}

fn at(partition: i32, offset: i64, timestamp: i64) -> Source {
    Source::Log(Position { timestamp: MORNING + timestamp, partition, offset })
}

fn called() -> LineIncidents {
    let mut fold = LineIncidents::new(line(), PARTITIONS);
    fold.apply(Event::Alert(alert_of("1203", 0)), at(home(), 0, 0));
    fold
}

fn first(fold: &LineIncidents) -> Option<EventId> {
    fold.incidents()[0].first
}

fn accepted(change: &Change) -> (usize, Option<bool>) {
    match change {
        Change::Event { event: Event::Accept(accept), first } => (number(accept), *first),
        Change::First { accept, .. } => (number(accept), Some(true)),
        Change::Event { .. } => panic!("no accept: {change:?}"),
    }
}

fn number(accept: &Accept) -> usize {
    (0..9).find(|number| event_id(*number) == accept.id).expect("one of the test's")
}

fn apply(fold: &mut LineIncidents, who: usize, seen: Source) -> Vec<(usize, Option<bool>)> {
    let house = ["1204", "1301", "1402"][who];
    fold.apply(Event::Accept(accept_of(who, house, 10)), seen).iter().map(accepted).collect()
}

#[test]
fn the_lowest_offset_at_home_is_first_under_any_clock() {
    let mut fold = called();
    assert_eq!(apply(&mut fold, 0, at(home(), 9, 5)), [(0, Some(true))]);
    assert_eq!(apply(&mut fold, 1, at(home(), 8, 7)), [(1, Some(true))]);
    assert_eq!(apply(&mut fold, 2, at(home(), 12, 1)), [(2, Some(false))]);
    assert_eq!(first(&fold), Some(event_id(1)));
}

#[test]
fn a_record_elsewhere_comes_after_every_record_at_home() {
    let mut fold = called();
    assert_eq!(apply(&mut fold, 0, at(1 - home(), 1, 1)), [(0, Some(true))]);
    assert_eq!(apply(&mut fold, 1, at(home(), 100, 100)), [(1, Some(true))]);
    assert_eq!(first(&fold), Some(event_id(1)));
}

#[test]
fn records_elsewhere_are_ordered_by_time_then_partition_then_offset() {
    let places = [(3, 4, 9), (4, 1, 8), (4, 2, 7), (5, 1, 1)];
    let elsewhere: Vec<i32> =
        (0..8).filter(|partition| *partition != partition::of_key(line().as_str().as_bytes(), 8)).collect();
    for (one, other) in (0..3).map(|earlier| (places[earlier], places[earlier + 1])) {
        let mut fold = LineIncidents::new(line(), 8);
        fold.apply(Event::Alert(alert_of("1203", 0)), Source::Direct);
        let seen = |(time, partition, offset): (i64, usize, i64)| at(elsewhere[partition], offset, time);
        apply(&mut fold, 0, seen(other));
        apply(&mut fold, 1, seen(one));
        assert_eq!(first(&fold), Some(event_id(1)), "{one:?} is before {other:?}");
    }
}

#[test]
fn nobody_is_first_until_the_log_knows_and_then_everybody_is_informed() {
    let mut fold = called();
    assert_eq!(apply(&mut fold, 0, Source::Direct), [(0, None)]);
    assert_eq!(apply(&mut fold, 1, Source::Direct), [(1, None)]);
    assert_eq!(first(&fold), None);
    assert_eq!(apply(&mut fold, 1, at(home(), 5, 3)), [(1, Some(true))]);
    assert_eq!(apply(&mut fold, 0, at(home(), 6, 2)), []);
    assert_eq!(first(&fold), Some(event_id(1)));
}

#[test]
fn a_record_published_again_keeps_the_place_that_ranks_first() {
    let mut fold = called();
    apply(&mut fold, 0, at(home(), 5, 1));
    apply(&mut fold, 1, at(home(), 6, 2));
    assert_eq!(apply(&mut fold, 0, at(home(), 9, 9)), []);
    assert_eq!(first(&fold), Some(event_id(0)));
}

#[test]
fn other_news_of_a_call_does_not_announce_its_first_accept_again() {
    let mut fold = called();
    apply(&mut fold, 0, at(home(), 5, 1));
    assert_eq!(apply(&mut fold, 1, at(home(), 6, 2)), [(1, Some(false))]);
    assert_eq!(fold.apply(Event::Alert(alert_of("1203", 0)), at(home(), 7, 7)), []);
}

#[test]
fn the_first_accept_stays_the_first_when_it_is_withdrawn() {
    let mut fold = called();
    apply(&mut fold, 0, at(home(), 5, 1));
    apply(&mut fold, 1, at(home(), 6, 2));
    fold.apply(Event::Status(crate::examples::withdrawn(3, "1204", 20)), Source::Direct);
    let incident = &fold.incidents()[0];
    assert_eq!(incident.first, Some(event_id(0)));
    let first: Vec<_> = incident.responses.iter().map(|r| (r.house.as_str(), r.first)).collect();
    assert_eq!(first, [("1301", false), ("1204", true)]);
    assert_eq!(incident.coming().map(|response| response.house.as_str()).collect::<Vec<_>>(), ["1301"]);
}

#[test]
fn more_partitions_reopen_the_question() {
    let home_of = |partitions| partition::of_key(line().as_str().as_bytes(), partitions);
    let grown = (3..20).find(|grown| home_of(*grown) != home()).expect("a key does not always stay");
    let mut fold = called();
    apply(&mut fold, 0, at(home(), 5, 1));
    apply(&mut fold, 1, at(home_of(grown), 6, 2));
    assert_eq!(first(&fold), Some(event_id(0)));
    let changes = fold.set_partitions(grown);
    assert_eq!(changes.iter().map(accepted).collect::<Vec<_>>(), [(1, Some(true))]);
    assert_eq!(first(&fold), Some(event_id(1)));
}

#[test]
fn the_latest_server_message_decides_where_the_log_is_not_read() {
    let mut fold = LineIncidents::new(line(), 1);
    fold.apply(Event::Alert(alert_of("1203", 0)), Source::Server { first: None });
    apply(&mut fold, 0, Source::Server { first: Some(true) });
    assert_eq!(first(&fold), Some(event_id(0)));
    assert_eq!(apply(&mut fold, 1, Source::Server { first: Some(true) }), [(1, Some(true))]);
    assert_eq!(first(&fold), Some(event_id(1)));
    fold.assign_first(alert_of("1203", 0).id, None, event_id(0));
    assert_eq!(first(&fold), Some(event_id(0)));
    apply(&mut fold, 0, Source::Server { first: Some(false) });
    assert_eq!(first(&fold), None);
}

/// Two houses whose calls have one id, and a neighbour who accepts both with one id.
fn called_twice() -> LineIncidents {
    let mut fold = LineIncidents::new(line(), 1);
    for caller in ["1203", "1301"] {
        fold.apply(Event::Alert(alert_of(caller, 0)), Source::Server { first: None });
    }
    let other = Accept { target: alert_of("1301", 0).house, ..accept_of(0, "1204", 10) };
    for accept in [accept_of(0, "1204", 10), other] {
        fold.apply(Event::Accept(accept), Source::Server { first: None });
    }
    fold
}

#[test]
fn a_first_frame_that_may_mean_either_of_two_calls_decides_neither() {
    let mut fold = called_twice();
    fold.assign_first(alert_of("1203", 0).id, None, event_id(0));
    assert!(
        fold.incidents().iter().all(|incident| incident.first.is_none() && incident.responses.len() == 1)
    );
}

#[test]
fn a_first_frame_that_names_the_house_decides_its_call_alone() {
    for caller in ["1203", "1301"] {
        let mut fold = called_twice();
        let house = alert_of(caller, 0).house;
        fold.assign_first(alert_of(caller, 0).id, Some(&house), event_id(0));
        let decided = fold.incidents().into_iter().filter(|incident| incident.first.is_some());
        let decided: Vec<_> = decided.map(|incident| incident.alert.house).collect();
        assert_eq!(decided, [house]);
    }
}
