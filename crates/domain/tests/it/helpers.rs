//! Where the houses that come to a call are, as far as they show it.

use domain::{
    Accept, Actor, CallKey, Event, Incident, Line, LineIncidents, Location, Moved, Progress, Source, Status,
};
use proptest::prelude::*;

use crate::{
    client::{listener, receive},
    examples::{a_house, accept_of, alert_of, direct, moved, only, status},
    history::{MORNING, Sighting, alert_id, fold, line},
    oracle,
    outline::snapshot,
};

fn other_line() -> Line {
    Line::new("101-2").expect("a valid line")
}

/// A location that a house reports to 1203's call; without a latitude it does not show it any longer.
fn shown(house: &str, house_line: Option<Line>, passed: i64, lat: Option<f64>) -> Event {
    let location = lat.and_then(|lat| Location::new(lat, 127.0, None));
    let (target, house) = (Some(a_house("1203")), Some(a_house(house)));
    Event::Moved(Moved { target, house, house_line, location, ..moved(passed, 10.0) })
}

fn word(house: &str, by_line: Option<Line>, id: usize, progress: Progress, passed: i64) -> Event {
    let by = Actor::House(a_house(house));
    Event::Status(Status { target: Some(a_house("1203")), by_line, ..status(id, progress, by, passed) })
}

fn call() -> Event {
    Event::Alert(alert_of("1203", 0))
}

fn lats(incident: &Incident) -> Vec<Option<f64>> {
    incident.responses.iter().map(|one| one.location.map(|location| location.lat)).collect()
}

#[test]
fn a_house_on_the_way_is_where_it_was_last_and_moves_no_caller() {
    let accept = Event::Accept(accept_of(1, "1204", 1));
    let events = [shown("1204", None, 6, Some(37.7)), call(), accept, shown("1204", None, 5, Some(37.6))];
    let incident = only(&direct(events.clone()));
    assert_eq!(lats(&incident), [Some(37.7)]);
    assert_eq!(incident.responses[0].located, Some(MORNING + 6));
    assert_eq!(incident.location, alert_of("1203", 0).location);
    assert_eq!(only(&direct(events.into_iter().rev())), incident);
}

#[test]
fn only_a_house_on_the_way_shows_where_it_is() {
    let (accept, here) = (Event::Accept(accept_of(1, "1204", 1)), shown("1204", None, 5, Some(37.6)));
    assert!(lats(&only(&direct([call(), here.clone()]))).is_empty());
    for progress in [Progress::Withdrawn, Progress::Arrived] {
        let words = [call(), accept.clone(), here.clone(), word("1204", None, 2, progress, 9)];
        assert_eq!(lats(&only(&direct(words.clone()))), [None], "{progress:?}");
        // After another accept it is shown only once it is reported anew.
        let accepted = words.into_iter().chain([Event::Accept(accept_of(3, "1204", 12))]);
        assert_eq!(lats(&only(&direct(accepted.clone()))), [None], "{progress:?}");
        let anew = accepted.chain([shown("1204", None, 13, Some(37.8))]);
        assert_eq!(lats(&only(&direct(anew))), [Some(37.8)], "{progress:?}");
    }
}

#[test]
fn a_house_may_stop_and_begin_again() {
    let begin = [call(), Event::Accept(accept_of(1, "1204", 1)), shown("1204", None, 5, Some(37.6))];
    let stopped = begin.iter().cloned().chain([shown("1204", None, 7, None)]);
    let incident = only(&direct(stopped.clone()));
    assert_eq!((lats(&incident), incident.responses[0].located), (vec![None], Some(MORNING + 7)));
    let again = stopped.chain([shown("1204", None, 8, Some(37.9))]);
    assert_eq!(lats(&only(&direct(again))), [Some(37.9)]);
}

#[test]
fn houses_of_one_number_on_two_lines_are_two_places() {
    let of_caller = Accept { accept_line: Some(other_line()), ..accept_of(2, "1203", 2) };
    let fold = direct([
        call(),
        Event::Accept(accept_of(1, "1204", 1)),
        Event::Accept(of_caller),
        shown("1204", Some(line()), 5, Some(37.6)),
        shown("1203", Some(other_line()), 6, Some(37.7)),
    ]);
    let incident = only(&fold);
    assert_eq!(lats(&incident), [Some(37.6), Some(37.7)]);
    assert_eq!(incident.location, alert_of("1203", 0).location, "the caller is not the house of that number");
}

#[test]
fn an_event_with_a_location_names_the_flat_whose_it_is() {
    let key = |line: Line, house: &str| Some(CallKey { line, house: a_house(house), id: alert_id(0) });
    let caller = Event::Moved(Moved { target: Some(a_house("1203")), ..moved(5, 10.0) });
    for (event, flat) in [
        (call(), key(line(), "1203")),
        (caller, key(line(), "1203")),
        (shown("1203", None, 5, Some(37.6)), key(line(), "1203")),
        (shown("1204", Some(line()), 5, Some(37.6)), key(line(), "1204")),
        (shown("1203", Some(other_line()), 5, Some(37.6)), key(other_line(), "1203")),
        (shown("1204", None, 5, None), None),
        (Event::Moved(moved(5, 10.0)), None),
        (Event::Accept(accept_of(1, "1204", 1)), None),
    ] {
        assert_eq!(event.located(), flat, "{event:?}");
    }
}

#[test]
fn the_location_of_one_house_is_forgotten_and_no_others() {
    let mut fold = direct([
        call(),
        Event::Accept(accept_of(1, "1204", 1)),
        Event::Accept(accept_of(2, "1301", 2)),
        shown("1204", None, 5, Some(37.6)),
        shown("1301", None, 5, Some(37.7)),
    ]);
    fold.forget_location(alert_id(0), &other_line(), &a_house("1301"));
    assert_eq!(lats(&only(&fold)), [Some(37.6), Some(37.7)], "it is of another line");
    fold.forget_location(alert_id(0), &line(), &a_house("1301"));
    assert_eq!(lats(&only(&fold)), [Some(37.6), None]);
    fold.forget_location(alert_id(0), &line(), &a_house("1203"));
    assert_eq!((lats(&only(&fold)), only(&fold).location), (vec![Some(37.6), None], None));
}

/// A word or a location of one of three houses about 1203's call.
fn going() -> impl Strategy<Value = Event> {
    let lat = prop::option::weighted(0.8, 30.0..40.0_f64);
    (0..6_usize, 0..3_usize, 0..8_usize, 0..20_i64, lat).prop_map(|(kind, who, id, passed, lat)| {
        let (house, of) = [("1204", None), ("1301", Some(line())), ("1203", Some(other_line()))][who].clone();
        match kind {
            0 | 1 => Event::Accept(Accept { accept_line: of, ..accept_of(id, house, passed) }),
            2 => word(house, of, id, Progress::Withdrawn, passed),
            3 => word(house, of, id, Progress::Arrived, passed),
            _ => shown(house, of, passed, lat),
        }
    })
}

/// The events of one call, each in two orders.
fn two_orders() -> impl Strategy<Value = (Vec<Sighting>, Vec<Sighting>)> {
    prop::collection::vec(going(), 1..16).prop_flat_map(|events| {
        let mut taken = std::collections::BTreeSet::new();
        // One id stands for one record of each kind and house.
        let is_new = |event: &Event| event.id().is_none() || taken.insert(event.fold_key());
        let events: Vec<Event> = std::iter::once(call()).chain(events).filter(is_new).collect();
        let seen: Vec<Sighting> = events.into_iter().map(|event| (event, Source::Direct)).collect();
        (Just(seen.clone()).prop_shuffle(), Just(seen).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn helpers_are_where_the_rules_place_them_in_any_order((one, other) in two_orders()) {
        let expected = oracle::incidents(&one, 1);
        prop_assert_eq!(&oracle::sorted(&fold(&one, 1)), &expected);
        prop_assert_eq!(&oracle::sorted(&fold(&other, 1)), &expected);
        prop_assert_eq!(oracle::incidents(&other, 1), expected);
    }

    #[test]
    fn a_listener_and_a_client_with_the_snapshot_know_where_helpers_are((seen, _) in two_orders()) {
        let mut hub = LineIncidents::new(line(), 1);
        let listening = listener(&mut hub, &seen);
        prop_assert_eq!(listening.incidents(), hub.incidents());
        let mut client = LineIncidents::new(line(), 1);
        for body in hub.incidents().iter().flat_map(|incident| snapshot(&hub, incident)) {
            receive(&mut client, &body);
        }
        prop_assert_eq!(client.incidents(), hub.incidents());
    }
}

#[test]
fn arbitrary_helpers_show_stop_and_leave() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = [0_usize; 3];
    for _ in 0..500 {
        let (sightings, _) = two_orders().new_tree(&mut runner).expect("a history").current();
        for response in only(&fold(&sightings, 1)).responses {
            seen[0] += usize::from(response.location.is_some());
            seen[1] += usize::from(response.location.is_none() && response.located.is_some());
            seen[2] += usize::from(response.located.is_none());
        }
    }
    assert!(seen.iter().all(|count| *count >= 10), "{seen:?}");
}
