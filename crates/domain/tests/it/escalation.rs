//! The steps of a call that nobody comes to. It is tested which are due, when, and that each is taken once.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    Actor, Alert, Event, Incident, Line, Progress, Source, Status,
    escalation::{MOST_ROUNDS, Place, Ring, Rules, Settings, Step, clock, due, next},
};
use proptest::prelude::*;

use crate::{
    examples::{a_house, accept_of, alert_of, direct, only, status, withdrawn},
    history::{Conflicts, MORNING, fold, history, line, two_deliveries},
    oracle::sorted,
};

fn a_line(name: &str) -> Line {
    Line::new(name).expect("a valid line")
}

fn lines(names: &[&str]) -> BTreeSet<Line> {
    names.iter().map(|name| a_line(name)).collect()
}

/// Three lines of building 101, of which the first two are next to each other, and one of building 102.
fn rules() -> Rules {
    let place = |name: &str, building: &str, neighbours: &[&str]| {
        (a_line(name), Place { building: building.into(), neighbours: lines(neighbours) })
    };
    let lines = [
        place("101-1", "101", &["101-2"]),
        place("101-2", "101", &["101-1"]),
        place("101-3", "101", &[]),
        place("102-1", "102", &[]),
    ];
    Rules { settings: Settings::default(), lines: lines.into(), reachable: None }
}

fn with(settings: Settings) -> Rules {
    Rules { settings, ..rules() }
}

/// Returns the rules where only a house of each of these lines can be reached.
fn reaching(names: &[&str]) -> Rules {
    let reachable = names.iter().map(|name| (a_line(name), [a_house("0501")].into())).collect();
    Rules { reachable: Some(reachable), ..rules() }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn call(then: impl IntoIterator<Item = Event>) -> Incident {
    only(&direct(std::iter::once(Event::Alert(alert_of("1203", 0))).chain(then)))
}

/// Returns the ring, the seconds and the lines of the next step.
fn coming(call: &Incident, rules: &Rules) -> Option<(Ring, u64, BTreeSet<Line>)> {
    next(call, rules).map(|(after, step)| (step.ring, after.as_secs(), step.lines))
}

fn arrived(id: usize, house: &str, passed: i64) -> Event {
    Event::Status(status(id, Progress::Arrived, Actor::House(a_house(house)), passed))
}

#[test]
fn rings_are_alarmed_one_after_the_other() {
    let rules = rules();
    let mut events = Vec::new();
    for (after, ring, alarmed) in [
        (30, Ring::Neighbours, lines(&["101-2"])),
        (60, Ring::Building, lines(&["101-3"])),
        (90, Ring::Administrators, lines(&[])),
    ] {
        let call = call(events.clone());
        assert_eq!(due(&call, seconds(after) - Duration::from_millis(1), &rules), None, "{ring:?}");
        let step = due(&call, seconds(after), &rules).expect("a step is due");
        assert_eq!((step.ring, &step.lines, step.round), (ring, &alarmed, call.alert.id.0));
        assert_eq!(due(&call, seconds(9_000), &rules), Some(step.clone()), "one at a time");
        events.push(step.event(&call.alert, MORNING + 1));
    }
    let call = call(events);
    assert_eq!(next(&call, &rules), None);
    assert_eq!(call.lines(), lines(&["101-2", "101-3"]));
    assert!(call.is_for(&a_line("101-3")) && call.is_for(&line()) && !call.is_for(&a_line("102-1")));
}

#[test]
fn a_ring_that_is_off_is_passed_over_and_no_seconds_mean_at_once() {
    let building = with(Settings { neighbours: None, building: Some(7), ..Settings::default() });
    let alarmed = lines(&["101-2", "101-3"]);
    assert_eq!(coming(&call([]), &building), Some((Ring::Building, 7, alarmed)));
    let at_once = with(Settings { neighbours: Some(0), ..Settings::default() });
    assert_eq!(due(&call([]), Duration::ZERO, &at_once).map(|step| step.ring), Some(Ring::Neighbours));
    let nobody =
        with(Settings { neighbours: None, building: None, administrators: None, ..Settings::default() });
    assert_eq!(next(&call([]), &nobody), None);
}

#[test]
fn the_whole_complex_is_alarmed_at_once_and_then_only_the_administrators_are_left() {
    let rules = with(Settings { complex: true, ..Settings::default() });
    let step = due(&call([]), Duration::ZERO, &rules).expect("a step is due");
    assert_eq!((step.ring, &step.lines), (Ring::Complex, &lines(&["101-2", "101-3", "102-1"])));
    let after = call([step.event(&alert_of("1203", 0), MORNING)]);
    assert_eq!(coming(&after, &rules), Some((Ring::Administrators, 30, lines(&[]))));
}

#[test]
fn an_accept_stops_the_clock_and_it_starts_again_where_nobody_arrives() {
    let rules = rules();
    let accepted = call([Event::Accept(accept_of(1, "1204", 10))]);
    let (after, step) = next(&accepted, &rules).expect("somebody may never arrive");
    assert_eq!((after, step.ring), (seconds(5 * 60 + 30), Ring::Neighbours));
    assert_eq!(step.round, accept_of(1, "1204", 10).id.0, "the round is the accept's");
    let twice = call([Event::Accept(accept_of(1, "1204", 10)), Event::Accept(accept_of(2, "1301", 11))]);
    assert_eq!(next(&twice, &rules).map(|(_, step)| step.round), Some(accept_of(2, "1301", 11).id.0));
    let there = call([Event::Accept(accept_of(1, "1204", 10)), arrived(2, "1204", 11)]);
    assert_eq!(next(&there, &rules), None);
    let patient = with(Settings { arrival: None, ..Settings::default() });
    assert_eq!(next(&accepted, &patient), None);
}

#[test]
fn the_withdrawal_of_the_last_helper_begins_a_new_round() {
    let rules = rules();
    let first = next(&call([]), &rules).expect("a step is due").1;
    let mut events = vec![
        first.event(&alert_of("1203", 0), MORNING + 30),
        Event::Accept(accept_of(1, "1204", 40)),
        Event::Accept(accept_of(2, "1301", 41)),
        Event::Status(withdrawn(3, "1204", 50)),
    ];
    let stopped = call(events.clone());
    let round = clock(&stopped, &rules.settings).expect("one comes").round;
    assert_eq!(round, accept_of(2, "1301", 41).id.0, "somebody still comes");
    events.push(Event::Status(withdrawn(4, "1301", 60)));
    let again = call(events.clone());
    let (after, step) = next(&again, &rules).expect("nobody comes");
    assert_eq!((after, step.ring), (seconds(30), Ring::Neighbours));
    assert_eq!(step.round, withdrawn(4, "1301", 60).id.0);
    assert_ne!(step.event(&again.alert, 0).id(), first.event(&again.alert, 0).id(), "it is another event");
    events.push(step.event(&again.alert, MORNING + 90));
    assert_eq!(coming(&call(events), &rules).map(|(ring, ..)| ring), Some(Ring::Building));
}

#[test]
fn a_call_that_is_over_and_a_drill_alarm_nobody_else() {
    let over = call([Event::Status(status(1, Progress::Cancelled, Actor::House(a_house("1203")), 5))]);
    assert_eq!(next(&over, &rules()), None);
    let drill = only(&direct([Event::Alert(Alert { drill: true, ..alert_of("1203", 0) })]));
    assert_eq!(next(&drill, &rules()), None);
}

#[test]
fn a_ring_is_empty_only_where_that_is_known_and_its_turn_comes_when_somebody_is_there() {
    let nobody = reaching(&["101-1", "101-3"]);
    assert_eq!(coming(&call([]), &nobody), Some((Ring::Building, 30, lines(&["101-3"]))));
    assert_eq!(coming(&call([]), &reaching(&[])), Some((Ring::Administrators, 30, lines(&[]))));
    assert_eq!(coming(&call([]), &rules()), Some((Ring::Neighbours, 30, lines(&["101-2"]))), "not known");
    let building = next(&call([]), &nobody).expect("a step is due").1;
    let after = call([building.event(&alert_of("1203", 0), MORNING + 30)]);
    let late = reaching(&["101-2", "101-3"]);
    assert_eq!(coming(&after, &late), Some((Ring::Neighbours, 30, lines(&["101-2"]))));
}

#[test]
fn every_node_gives_a_step_one_id_and_no_other_step_has_it() {
    let step = next(&call([]), &rules()).expect("a step is due").1;
    let id = |step: &Step, house: &str, at| step.event(&alert_of(house, 0), at).id().expect("an id");
    let own = id(&step, "1203", 1);
    assert_eq!(own.get_version_num(), 8);
    let elsewhere = Step { lines: lines(&[]), ..step };
    assert_eq!(id(&elsewhere, "1203", 300_000), own, "another clock, and other lines");
    let others = [
        id(&step, "1204", 1),
        id(&Step { ring: Ring::Building, ..step.clone() }, "1203", 1),
        id(&Step { round: withdrawn(4, "1301", 60).id.0, ..step }, "1203", 1),
    ];
    assert!(!others.contains(&own), "{others:?}");
}

#[test]
fn a_house_that_accepts_and_withdraws_without_an_end_makes_no_more_records() {
    let (rules, mut events) = (rules(), Vec::new());
    let mut taken = 0;
    for number in 0..MOST_ROUNDS + 4 {
        let passed = 10 * i64::try_from(number).expect("a few");
        events.push(Event::Accept(accept_of(2 * number, "1204", passed)));
        events.push(Event::Status(withdrawn(2 * number + 1, "1204", passed + 1)));
        let call = call(events.clone());
        if let Some(step) = due(&call, seconds(30), &rules).filter(|step| step.ring == Ring::Neighbours) {
            events.push(step.event(&call.alert, MORNING + passed + 2));
            taken += 1;
        }
    }
    assert_eq!(taken, MOST_ROUNDS);
    assert_eq!(coming(&call(events), &rules).map(|(ring, ..)| ring), Some(Ring::Building));
}

#[test]
fn only_the_service_takes_a_step() {
    let step = next(&call([]), &rules()).expect("a step is due").1;
    let Event::Status(taken) = step.event(&alert_of("1203", 0), MORNING) else { panic!("a status") };
    for by in [Actor::House(a_house("1204")), Actor::House(a_house("1203")), Actor::Administrator] {
        let forged = call([Event::Status(Status { by, ..taken.clone() })]);
        assert_eq!((forged.lines(), forged.escalated), (lines(&[]), None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_same_events_in_any_order_give_the_same_next_steps(
        (one, other) in two_deliveries(Conflicts::Included),
    ) {
        let rules = rules();
        let steps = |fold: &domain::LineIncidents| -> Vec<_> {
            sorted(fold).iter().map(|call| next(call, &rules)).collect()
        };
        prop_assert_eq!(steps(&fold(&one, 2)), steps(&fold(&other, 2)));
    }

    #[test]
    fn each_step_is_taken_once_and_they_come_to_an_end(history in history(Conflicts::LeftOut)) {
        let rules = rules();
        let mut fold = fold(&history, 2);
        let mut taken = BTreeSet::new();
        for _ in 0..=Ring::ALL.len() {
            for call in sorted(&fold) {
                let Some((_, step)) = next(&call, &rules) else { continue };
                let key = (call.alert.key(), step.round, step.ring.number());
                prop_assert!(taken.insert(key), "{:?} is due twice", step);
                let event = step.event(&call.alert, call.alert.at + 30_000);
                prop_assert!(event.fits(&call.alert.key()));
                fold.apply(event.clone(), Source::Direct);
                prop_assert_eq!(fold.apply(event, Source::Direct), vec![]);
            }
        }
        for call in sorted(&fold) {
            prop_assert_eq!(next(&call, &rules), None);
        }
    }
}
