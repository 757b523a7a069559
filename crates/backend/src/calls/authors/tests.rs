//! The events that commands make, and those that are refused.

use domain::{
    Accept, Alert, AlertId, LineIncidents, Source,
    escalation::{Ring, Step},
};

use super::*;
use crate::calls::rules::is_caller;

fn line(name: &str) -> Line {
    Line::new(name).unwrap()
}

fn house(name: &str) -> House {
    House::new(name).unwrap()
}

fn resident(line_name: &str, house_name: &str, role: Role) -> Resident {
    let (line, house) = (Some(line(line_name)), Some(house(house_name)));
    Resident { name: "somebody".into(), line, house, role }
}

/// A call of this flat, with what followed.
fn incident(line_name: &str, house_name: &str, then: impl FnOnce(&Alert) -> Vec<Event>) -> Incident {
    let alert = Alert::new(AlertId::generate(), line(line_name), house(house_name), clock::now());
    let mut incidents = LineIncidents::new(line(line_name), 1);
    let then = then(&alert);
    for event in std::iter::once(Event::Alert(alert)).chain(then) {
        incidents.apply(event, Source::Direct);
    }
    incidents.incidents().pop().unwrap()
}

fn address(id: AlertId) -> CallAddress {
    CallAddress { id, house: None, line: None }
}

fn status_by(
    by: &Resident,
    address: &CallAddress,
    known: Option<&Incident>,
    progress: Progress,
) -> Result<Event, Refusal> {
    status(by, address, known, (EventId::generate(), progress, None))
}

#[test]
fn a_house_of_the_same_name_on_another_line_is_not_the_caller() {
    let incident = incident("101-2", "1203", |_| Vec::new());
    let address = address(incident.alert.id);
    let at_home = resident("101-2", "1203", Role::Administrator);
    assert!(is_caller(&at_home, &incident));
    assert!(status_by(&at_home, &address, Some(&incident), Progress::Cancelled).is_ok());
    let elsewhere = resident("101-1", "1203", Role::Administrator);
    assert!(!is_caller(&elsewhere, &incident));
    for progress in [Progress::Cancelled, Progress::Arrived, Progress::Withdrawn] {
        let statement = status_by(&elsewhere, &address, Some(&incident), progress);
        assert!(matches!(statement, Err(Refusal::NotYours(_))), "{progress:?}: {statement:?}");
    }
    let here = Location::new(37.5, 127.0, None);
    assert!(moved(&at_home, &address, Some(&incident), here).is_ok());
    assert!(matches!(moved(&elsewhere, &address, Some(&incident), here), Err(Refusal::NotYours(_))));
}

#[test]
fn a_recorded_event_names_the_call_as_far_as_it_is_known() {
    let id = AlertId::generate();
    let neighbour = resident("101-1", "1204", Role::Resident);
    let target = |event: Result<Event, Refusal>| event.unwrap().target().cloned();
    let unnamed = address(id);
    // Only the caller ends a call, so a house that ends one calls it its own.
    for progress in [Progress::Cancelled, Progress::Resolved] {
        assert_eq!(target(status_by(&neighbour, &unnamed, None, progress)), Some(house("1204")));
    }
    assert_eq!(target(status_by(&neighbour, &unnamed, None, Progress::Arrived)), None);
    let here = Location::new(37.5, 127.0, None);
    assert_eq!(target(moved(&neighbour, &unnamed, None, here)), Some(house("1204")));

    let named = CallAddress { house: Some(house("1203")), ..unnamed };
    assert_eq!(target(status_by(&neighbour, &named, None, Progress::Arrived)), Some(house("1203")));
    for progress in [Progress::Cancelled, Progress::Resolved] {
        assert!(matches!(status_by(&neighbour, &named, None, progress), Err(Refusal::NotYours(_))));
    }
    assert!(matches!(moved(&neighbour, &named, None, here), Err(Refusal::NotYours(_))));
}

#[test]
fn an_unknown_call_is_on_the_line_of_the_house_that_acts_and_on_none_for_the_office() {
    let unnamed = address(AlertId::generate());
    let office = resident("101-1", "0101", Role::Administrator);
    let unknown = status_by(&office, &unnamed, None, Progress::Resolved);
    assert!(matches!(unknown, Err(Refusal::Unknown(_))), "{unknown:?}");
    let cancelled = status_by(&office, &unnamed, None, Progress::Cancelled).unwrap();
    assert_eq!(*cancelled.line(), line("101-1"));
    let named = CallAddress { line: Some(line("101-2")), ..unnamed };
    let resolved = status_by(&office, &named, None, Progress::Resolved).unwrap();
    assert_eq!(*resolved.line(), line("101-2"));
    let neighbour = resident("101-1", "1204", Role::Resident);
    let foreign = status_by(&neighbour, &named, None, Progress::Arrived);
    assert!(matches!(foreign, Err(Refusal::NotYours(_))), "{foreign:?}");
}

#[test]
fn a_house_of_another_line_comes_only_where_the_call_was_escalated_to_its_line() {
    let escalated = |alert: &Alert| {
        let step = Step { ring: Ring::Neighbours, round: alert.id.0, lines: [line("101-2")].into() };
        vec![step.event(alert, clock::now())]
    };
    let (own, opened) = (incident("101-1", "1203", |_| Vec::new()), incident("101-1", "1203", escalated));
    let [next, third] = ["101-2", "101-3"].map(|line| resident(line, "1203", Role::Resident));
    for progress in [Progress::Arrived, Progress::Withdrawn] {
        let event = status_by(&next, &address(opened.alert.id), Some(&opened), progress).unwrap();
        let Event::Status(status) = event else { panic!("a status") };
        assert_eq!((status.by, status.by_line), (Actor::House(house("1203")), Some(line("101-2"))));
        for (by, call) in [(&next, &own), (&third, &opened)] {
            let refused = status_by(by, &address(call.alert.id), Some(call), progress);
            assert!(matches!(refused, Err(Refusal::NotYours(_))), "{progress:?}: {refused:?}");
        }
    }
    for progress in [Progress::Cancelled, Progress::Resolved] {
        let refused = status_by(&next, &address(opened.alert.id), Some(&opened), progress);
        assert!(matches!(refused, Err(Refusal::NotYours(_))), "{progress:?}: {refused:?}");
    }
    let here = Location::new(37.5, 127.0, None);
    let moved = moved(&next, &address(opened.alert.id), Some(&opened), here);
    assert!(matches!(moved, Err(Refusal::NotYours(_))), "it is not on the way: {moved:?}");
}

#[test]
fn a_house_reports_where_it_is_while_it_is_on_the_way_and_no_longer() {
    let (helper, other) =
        (resident("101-2", "1203", Role::Resident), resident("101-1", "1204", Role::Resident));
    let here = Location::new(37.5, 127.0, None);
    let ahead = clock::now() + 60 * 60 * 1000;
    let coming = |alert: &Alert, then: Option<Progress>| {
        let step = Step { ring: Ring::Neighbours, round: alert.id.0, lines: [line("101-2")].into() };
        let accept = Event::Accept(Accept {
            id: EventId::generate(),
            line: alert.line.clone(),
            accept: house("1203"),
            accept_line: Some(line("101-2")),
            target: alert.house.clone(),
            alert: Some(alert.id),
            at: ahead,
        });
        let word = then.map(|progress| {
            Event::Status(Status {
                id: EventId::generate(),
                line: alert.line.clone(),
                alert: alert.id,
                target: Some(alert.house.clone()),
                status: progress,
                by: Actor::House(house("1203")),
                by_line: Some(line("101-2")),
                note: None,
                escalation: None,
                at: ahead + 1,
            })
        });
        [step.event(alert, clock::now()), accept].into_iter().chain(word).collect::<Vec<_>>()
    };
    let call = incident("101-1", "1203", |alert| coming(alert, None));
    let address = address(call.alert.id);
    for location in [here, None] {
        let event = moved(&helper, &address, Some(&call), location).unwrap();
        assert!(event.at() > Some(ahead), "it is later than the accept under any clock");
        let Event::Moved(reported) = event else { panic!("a location") };
        assert_eq!((reported.house, reported.house_line), (Some(house("1203")), Some(line("101-2"))));
        assert_eq!((reported.target, reported.location), (Some(house("1203")), location));
    }
    assert!(matches!(moved(&other, &address, Some(&call), here), Err(Refusal::NotYours(_))));
    let named = CallAddress { line: Some(line("101-1")), house: Some(house("1203")), ..address };
    assert!(
        matches!(moved(&helper, &named, None, here), Err(Refusal::NotYours(_))),
        "its accept is not known"
    );
    for progress in [Progress::Withdrawn, Progress::Arrived] {
        let call = incident("101-1", "1203", |alert| coming(alert, Some(progress)));
        let address = CallAddress { id: call.alert.id, ..address.clone() };
        let refused = moved(&helper, &address, Some(&call), here);
        assert!(matches!(refused, Err(Refusal::NotYours(_))), "{progress:?}: {refused:?}");
    }
    let caller = resident("101-1", "1203", Role::Resident);
    let stops = moved(&caller, &address, Some(&call), None);
    assert!(matches!(stops, Err(Refusal::Invalid(_))), "no caller stops: {stops:?}");
}

#[test]
fn a_location_is_later_than_the_last_one_under_any_clock() {
    let ahead = clock::now() + 60 * 60 * 1000;
    let caller = resident("101-1", "1203", Role::Resident);
    let here = Location::new(37.5, 127.0, None);
    let incident = incident("101-1", "1203", |alert| {
        let Ok(Event::Moved(first)) = moved(&caller, &address(alert.id), None, here) else {
            panic!("the caller may")
        };
        vec![Event::Moved(Moved { at: ahead, ..first })]
    });
    let next = moved(&caller, &address(incident.alert.id), Some(&incident), here).unwrap();
    assert_eq!(next.at(), Some(ahead + 1));
}
