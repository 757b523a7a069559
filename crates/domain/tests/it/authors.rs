//! The rules on which actor may do what to which call, for every kind of event and in any order.

mod strangers;

use domain::{
    Accept, Actor, CallKey, Event, Flats, Line, LineIncidents, Location, Moved, Neighbour, Progress, Receipt,
    Source, Stance, Status,
};

use crate::{
    examples::{a_house, accept_of, alert_of, direct, moved, only, stances, status, withdrawn},
    history::{MORNING, alert_id, event_id, line},
};

fn other_line() -> Line {
    Line::new("101-2").expect("a valid line")
}

fn call() -> CallKey {
    alert_of("1203", 0).key()
}

/// A location of 1203's call.
fn named(passed: i64, lat: f64) -> Moved {
    Moved { target: Some(a_house("1203")), ..moved(passed, lat) }
}

/// The location of another house than 1203, which names itself, about 1203's call.
fn by(house: &str, line: Option<Line>) -> Moved {
    Moved { house: Some(a_house(house)), house_line: line, ..named(5, 10.0) }
}

fn lat(fold: &LineIncidents) -> Option<f64> {
    only(fold).location.map(|location| location.lat)
}

#[test]
fn every_kind_of_event_is_judged_by_its_actor_with_the_line_of_it() {
    use Progress::{Arrived, Cancelled, Escalated, Expired, Resolved, Withdrawn};
    let (caller, neighbour) = (Actor::House(a_house("1203")), Actor::House(a_house("1204")));
    let office = Actor::Administrator;
    let allowed = |progress: Progress, by: &Actor, line: Option<&str>| {
        let by_line = line.map(|name| Line::new(name).expect("a valid line"));
        Event::Status(Status { by_line, ..status(1, progress, by.clone(), 5) }).fits(&call())
    };
    for own in [None, Some("101-1")] {
        for (progress, by_caller, by_neighbour) in [
            (Cancelled, true, false),
            (Resolved, true, false),
            (Withdrawn, false, true),
            (Arrived, false, true),
            (Escalated, false, false),
            (Expired, false, false),
        ] {
            assert_eq!(allowed(progress, &caller, own), by_caller, "{progress:?} by the caller of {own:?}");
            assert_eq!(allowed(progress, &neighbour, own), by_neighbour, "{progress:?} by 1204 of {own:?}");
        }
    }
    // The flat of the caller's number on the other line is a neighbour like any other.
    for (progress, fits) in [(Cancelled, false), (Resolved, false), (Withdrawn, true), (Arrived, true)] {
        assert_eq!(allowed(progress, &caller, Some("101-2")), fits, "{progress:?} by 1203 of 101-2");
    }
    for progress in Progress::ALL {
        assert_eq!(allowed(progress, &office, None), progress == Resolved, "{progress:?} by the office");
        let by_service = [Escalated, Expired].contains(&progress);
        assert_eq!(allowed(progress, &Actor::Service, None), by_service, "{progress:?} by the service");
    }
}

#[test]
fn an_event_fits_only_the_call_that_it_names() {
    let house = Some(a_house("1203"));
    let receipt = Receipt {
        line: line(),
        alert: alert_id(0),
        target: house.clone(),
        pushed: Flats::new(),
        reached: [Neighbour::from(a_house("1204"))].into(),
        sounded: Flats::new(),
        seen: Flats::new(),
        after: None,
    };
    let events = [
        Event::Alert(alert_of("1203", 0)),
        Event::Accept(accept_of(1, "1204", 1)),
        Event::Status(Status { target: house, ..withdrawn(2, "1204", 2) }),
        Event::Moved(named(3, 37.6)),
        Event::Receipt(receipt),
    ];
    for event in &events {
        assert!(event.fits(&call()), "{event:?}");
        for other in [
            CallKey { line: other_line(), ..call() },
            CallKey { house: a_house("1301"), ..call() },
            CallKey { id: alert_id(1), ..call() },
        ] {
            assert!(!event.fits(&other), "{event:?} of {other:?}");
        }
    }
    for former in [Event::Status(withdrawn(2, "1204", 2)), Event::Moved(moved(3, 37.6))] {
        assert!(former.fits(&call()) && former.fits(&CallKey { house: a_house("1301"), ..call() }));
    }
}

#[test]
fn a_location_before_its_alert_waits_and_counts_when_the_alert_comes() {
    let mut fold = direct([Event::Moved(named(5, 37.6))]);
    let changes = fold.apply(Event::Alert(alert_of("1203", 0)), Source::Direct);
    assert_eq!(changes.len(), 2);
    assert_eq!((lat(&fold), only(&fold).located), (Some(37.6), Some(MORNING + 5)));
}

#[test]
fn a_strangers_location_never_moves_the_marker_however_early_it_comes() {
    let alert = alert_of("1203", 0);
    let copied = Moved { target: Some(a_house("1204")), ..named(5, 10.0) };
    let strangers = [
        copied,
        Moved { target: None, ..by("1204", None) },
        Moved { house: None, house_line: Some(other_line()), ..named(5, 10.0) },
        Moved { house_line: Some(other_line()), ..moved(5, 10.0) },
    ];
    for stranger in strangers {
        let (stranger, own) = (Event::Moved(stranger), Event::Moved(named(4, 37.6)));
        for events in [
            [stranger.clone(), Event::Alert(alert.clone()), own.clone()],
            [own.clone(), stranger.clone(), Event::Alert(alert.clone())],
            [Event::Alert(alert.clone()), own.clone(), stranger.clone()],
        ] {
            assert_eq!(lat(&direct(events)), Some(37.6), "{stranger:?}");
        }
        let mut fold = direct([stranger.clone()]);
        assert_eq!(fold.apply(Event::Alert(alert.clone()), Source::Direct).len(), 1, "{stranger:?}");
        assert_eq!(fold.apply(stranger, Source::Direct), []);
        assert_eq!(only(&fold).location, alert.location);
    }
}

#[test]
fn a_caller_who_names_itself_moves_its_own_marker() {
    let spelled_out = [
        by("1203", None),
        by("1203", Some(line())),
        Moved { target: None, ..by("1203", None) },
        Moved { house_line: Some(line()), ..named(5, 10.0) },
    ];
    for own in spelled_out {
        let fold = direct([Event::Moved(own.clone()), Event::Alert(alert_of("1203", 0))]);
        assert_eq!(lat(&fold), Some(10.0), "{own:?}");
    }
}

#[test]
fn two_calls_of_one_id_keep_their_locations_and_receipts_apart() {
    let receipt = |target: &str, reached: &str| {
        Event::Receipt(Receipt {
            line: line(),
            alert: alert_id(0),
            target: Some(a_house(target)),
            pushed: Flats::new(),
            reached: [Neighbour::from(a_house(reached))].into(),
            sounded: Flats::new(),
            seen: Flats::new(),
            after: None,
        })
    };
    let of = |house: &str, at: i64, lat: f64| {
        Event::Moved(Moved { target: Some(a_house(house)), ..moved(at, lat) })
    };
    let fold = direct([
        of("1203", 5, 37.6),
        of("1301", 6, 37.7),
        receipt("1203", "1301"),
        receipt("1301", "1204"),
        Event::Alert(alert_of("1203", 0)),
        Event::Alert(alert_of("1301", 1)),
        // A former version's record, in which nobody is named.
        Event::Moved(moved(9, 10.0)),
    ]);
    for (incident, lat, reached) in
        fold.incidents().iter().zip([37.6, 37.7]).zip(["1301", "1204"]).map(|((a, b), c)| (a, b, c))
    {
        assert_eq!(incident.location, Location::new(lat, 127.0, Some(10.0)), "{incident:?}");
        assert_eq!(incident.reached, [Neighbour::from(a_house(reached))].into());
    }
}

#[test]
fn a_receipt_names_flats_of_other_lines_and_the_callers_number_there_is_one_of_them() {
    let elsewhere = Neighbour { line: Some(other_line()), house: a_house("1203") };
    let receipt = |line_of_all: Option<Line>| {
        let flat = |name: &str| Neighbour { line: line_of_all.clone(), house: a_house(name) };
        let reached = [flat("1203"), flat("1204"), elsewhere.clone()].into();
        let (line, alert, target) = (line(), alert_id(0), Some(a_house("1203")));
        let (pushed, sounded, seen) = (Flats::new(), Flats::new(), Flats::new());
        Event::Receipt(Receipt { line, alert, target, pushed, reached, sounded, seen, after: None })
    };
    let fold = direct([Event::Alert(alert_of("1203", 0)), receipt(None), receipt(Some(line()))]);
    assert_eq!(only(&fold).reached, [Neighbour::from(a_house("1204")), elsewhere].into());
}

#[test]
fn a_helper_of_another_line_arrives_and_withdraws_for_itself_alone() {
    let accept =
        |accept_line: Option<Line>, id| Event::Accept(Accept { accept_line, ..accept_of(id, "1204", 1) });
    let progress_of = |id, progress, passed| {
        let by = Actor::House(a_house("1204"));
        Event::Status(Status { by_line: Some(other_line()), ..status(id, progress, by, passed) })
    };
    let both = [Event::Alert(alert_of("1203", 0)), accept(None, 1), accept(Some(other_line()), 2)];
    for (progress, stance) in [(Progress::Withdrawn, Stance::Withdrawn), (Progress::Arrived, Stance::Arrived)]
    {
        let incident = only(&direct(both.iter().cloned().chain([progress_of(3, progress, 5)])));
        assert_eq!(stances(&incident), [("1204", Stance::Coming), ("1204", stance)]);
        assert_eq!(incident.responses[1].line, Some(other_line()));
    }
    let incident = only(&direct([both[0].clone(), progress_of(3, Progress::Withdrawn, 5)]));
    assert_eq!(incident.responses, [], "it had not come");
}

#[test]
fn a_status_of_one_of_two_calls_with_one_id_leaves_the_other_alone() {
    let resolved =
        Status { target: Some(a_house("1301")), ..status(4, Progress::Resolved, Actor::Administrator, 9) };
    let fold = direct([
        Event::Status(resolved),
        Event::Alert(alert_of("1203", 0)),
        Event::Alert(alert_of("1301", 1)),
    ]);
    let ended: Vec<_> = fold.incidents().iter().map(|incident| incident.end.is_some()).collect();
    assert_eq!(ended, [false, true]);
}

#[test]
fn an_event_keeps_its_author_through_repetition() {
    let events = [
        Event::Alert(alert_of("1203", 0)),
        Event::Moved(named(5, 37.6)),
        Event::Status(Status { target: Some(a_house("1203")), ..withdrawn(2, "1204", 6) }),
        Event::Accept(Accept { id: event_id(3), ..accept_of(3, "1204", 4) }),
    ];
    let once = direct(events.clone());
    let mut twice = direct(events.iter().rev().cloned());
    for event in events {
        assert_eq!(twice.apply(event, Source::Direct), []);
    }
    assert_eq!(once.incidents(), twice.incidents());
}
