//! A call sounds once on each device, while it is young and nobody has silenced or accepted it.

use domain::{Alert, Event, Progress};

use super::*;
use crate::samples::{AT, accept, administrator, call, incident, named_line, resident, status};

mod clocks;

const SOON: Millis = AT + 1_000;

fn asks(then: impl IntoIterator<Item = Event>, who: &Resident, now: Millis) -> bool {
    calls_for_help(&incident(&call(1), then), who, now, None)
}

#[test]
fn an_open_young_call_that_nobody_answers_asks_every_neighbour_and_the_office() {
    assert!(asks([], &resident("1204"), SOON));
    assert!(asks([], &administrator(), SOON));
}

#[test]
fn a_call_of_the_own_house_asks_nobody_there() {
    assert!(!asks([], &resident("1203"), SOON));
}

#[test]
fn a_drill_that_the_own_house_makes_by_itself_sounds_there() {
    let alone = incident(&Alert { drill: true, alone: true, ..call(1) }, []);
    assert!(calls_for_help(&alone, &resident("1203"), SOON, None));
    let of_line = incident(&Alert { drill: true, ..call(1) }, []);
    assert!(!calls_for_help(&of_line, &resident("1203"), SOON, None));
}

#[test]
fn a_call_of_the_same_number_on_another_line_is_not_the_own() {
    let mut elsewhere = resident("1203");
    elsewhere.line = Some(named_line("101-2"));
    assert!(asks([], &elsewhere, SOON));
}

#[test]
fn a_call_asks_for_ten_minutes() {
    assert!(asks([], &resident("1204"), AT + SOUNDED_FOR - 1));
    assert!(!asks([], &resident("1204"), AT + SOUNDED_FOR));
}

#[test]
fn a_call_from_a_second_ahead_of_the_clock_asks() {
    assert!(asks([], &resident("1204"), AT - 1_000));
}

#[test]
fn an_accepted_call_asks_nobody_until_the_accept_is_taken_back() {
    let coming = accept(&call(1), "1301");
    assert!(!asks([coming.clone()], &resident("1204"), SOON));
    let back = status(&call(1), Progress::Withdrawn, "1301");
    assert!(asks([coming, back], &resident("1204"), SOON));
}

#[test]
fn a_call_that_is_over_asks_nobody() {
    assert!(!asks([status(&call(1), Progress::Cancelled, "1203")], &resident("1204"), SOON));
}

/// Returns a step of a call's escalation to line 101-2 so many milliseconds after it began.
fn step(of: &domain::Alert, round: uuid::Uuid, passed: Millis) -> Event {
    let lines = [named_line("101-2")].into();
    domain::escalation::Step { ring: domain::escalation::Ring::Neighbours, round, lines }
        .event(of, of.at + passed)
}

#[test]
fn a_call_of_another_line_asks_for_ten_minutes_from_the_step_that_brought_it() {
    let mut next = resident("0501");
    next.line = Some(named_line("101-2"));
    let later = 20 * 60_000;
    let first = step(&call(1), call(1).id.0, later);
    assert!(asks([first.clone()], &next, AT + later + SOUNDED_FOR - 1));
    assert!(!asks([first.clone()], &next, AT + later + SOUNDED_FOR));
    assert!(!asks([first], &resident("1204"), AT + later), "its own line was alarmed by the call");
}

#[test]
fn a_call_whose_helper_does_not_arrive_asks_everybody_else_again_once_it_is_escalated() {
    let coming = accept(&call(1), "1301");
    let round = coming.id().expect("an accept has an id");
    let (again, later) = (step(&call(1), round, 330_000), AT + 331_000);
    assert!(!asks([coming.clone()], &resident("1204"), later), "somebody comes");
    assert!(asks([coming.clone(), again.clone()], &resident("1204"), later));
    assert!(
        !asks([coming.clone(), again.clone()], &resident("1301"), later),
        "the helper itself is on the way"
    );
    let before = name(&incident(&call(1), [coming.clone()]));
    assert_ne!(name(&incident(&call(1), [coming.clone(), again.clone()])), before, "it sounds again");
    let there = status(&call(1), Progress::Arrived, "1301");
    assert!(!asks([coming, again, there], &resident("1204"), later));
}

#[test]
fn a_call_begins_once_and_goes_on_until_it_stops_asking() {
    let (mut alarm, mut sounded) = (Sounding::default(), Sounded::new());
    let calls = [incident(&call(1), [])];
    assert_eq!(alarm.update(&calls, true, &mut sounded, AT), [call(1).key()]);
    assert_eq!(alarm.update(&calls, true, &mut sounded, AT), []);
    assert_eq!(alarm.newest(), Some(call(1).key()));
    assert_eq!(alarm.update(&[], true, &mut sounded, AT), []);
    assert_eq!(alarm.newest(), None);
    assert_eq!(
        alarm.update(&calls, true, &mut sounded, AT),
        [],
        "it has been sounded, however it comes back"
    );
    assert_eq!(alarm.newest(), None);
}

#[test]
fn a_call_that_its_last_helper_leaves_sounds_again_even_if_it_was_silenced() {
    let (mut alarm, mut sounded) = (Sounding::default(), Sounded::new());
    alarm.update(&[incident(&call(1), [])], true, &mut sounded, AT);
    alarm.silence();
    let coming = accept(&call(1), "1301");
    assert_eq!(alarm.update(&[], true, &mut sounded, AT), [], "somebody is coming");
    let left = incident(&call(1), [coming, status(&call(1), Progress::Withdrawn, "1301")]);
    assert_eq!(alarm.update(std::slice::from_ref(&left), true, &mut sounded, AT), [call(1).key()]);
    assert_eq!(alarm.update(&[left], true, &mut sounded, AT), [], "once for each time that it is left");
}

#[test]
fn the_age_decides_under_any_clock() {
    let asks = |now, age| calls_for_help(&incident(&call(1), []), &resident("1204"), now, Some(age));
    for now in [AT - 3 * SOUNDED_FOR, AT, AT + 3 * SOUNDED_FOR] {
        assert!(asks(now, SOUNDED_FOR - 1), "{now}");
        assert!(!asks(now, SOUNDED_FOR), "{now}");
    }
}

#[test]
fn the_tone_is_that_of_the_newest_call_and_a_drills_only_where_there_is_no_call() {
    let (mut alarm, mut sounded) = (Sounding::default(), Sounded::new());
    let fire = Alert { kind: Some(domain::Kind::Fire), ..call(1) };
    let drill = Alert { drill: true, ..call(2) };
    let other = call(3);
    let [fire_rings, drill_rings, other_rings] = [&fire, &drill, &other].map(|alert| incident(alert, []));
    assert_eq!(alarm.tone(), None);
    alarm.update(std::slice::from_ref(&fire_rings), true, &mut sounded, AT);
    assert_eq!(alarm.tone(), Some(Tone::of(&fire)));
    alarm.update(&[fire_rings.clone(), drill_rings.clone()], true, &mut sounded, AT);
    assert_eq!((alarm.newest(), alarm.tone()), (Some(fire.key()), Some(Tone::of(&fire))));
    alarm.update(&[fire_rings, drill_rings.clone(), other_rings], true, &mut sounded, AT);
    assert_eq!((alarm.newest(), alarm.tone()), (Some(other.key()), Some(Tone::of(&other))));
    alarm.update(&[drill_rings], true, &mut sounded, AT);
    assert_eq!((alarm.newest(), alarm.tone()), (Some(drill.key()), Some(Tone::of(&drill))));
}

#[test]
fn a_silenced_call_stays_silent_and_the_next_one_sounds() {
    let (mut alarm, mut sounded) = (Sounding::default(), Sounded::new());
    let mut calls = vec![incident(&call(1), [])];
    alarm.update(&calls, true, &mut sounded, AT);
    alarm.silence();
    assert_eq!(alarm.update(&calls, true, &mut sounded, AT), []);
    assert_eq!(alarm.newest(), None);
    calls.push(incident(&call(2), []));
    assert_eq!(alarm.update(&calls, true, &mut sounded, AT), [call(2).key()]);
    assert_eq!(alarm.newest(), Some(call(2).key()));
}

#[test]
fn silencing_a_house_leaves_every_other_house_sounding() {
    let (mut alarm, mut sounded) = (Sounding::default(), Sounded::new());
    let other = Alert { house: crate::samples::house("1301"), ..call(2) };
    let namesake = Alert { line: named_line("101-2"), ..call(3) };
    let calls =
        [incident(&other, []), incident(&namesake, []), incident(&call(1), []), incident(&call(4), [])];
    alarm.update(&calls, true, &mut sounded, AT);
    alarm.silence_house(&call(1).line, &call(1).house);
    assert_eq!(alarm.newest(), Some(namesake.key()));
    alarm.silence_house(&namesake.line, &namesake.house);
    assert_eq!(alarm.newest(), Some(other.key()));
    assert_eq!(alarm.update(&calls, true, &mut sounded, AT), [], "none begins again");
}

#[test]
fn a_call_that_came_while_the_tab_was_not_ready_sounds_when_it_is() {
    let (mut alarm, mut sounded) = (Sounding::default(), Sounded::new());
    let calls = [incident(&call(1), [])];
    assert_eq!(alarm.update(&calls, false, &mut sounded, AT), []);
    assert!(sounded.is_empty());
    assert_eq!(alarm.update(&calls, true, &mut sounded, AT), [call(1).key()]);
}

#[test]
fn a_call_that_was_interrupted_begins_again_in_the_next_tab_that_can_sound() {
    let (mut alarm, mut other, mut sounded) = (Sounding::default(), Sounding::default(), Sounded::new());
    let calls = [incident(&call(1), [])];
    alarm.update(&calls, true, &mut sounded, AT);
    assert!(alarm.interrupt(&mut sounded));
    assert_eq!(alarm.newest(), None);
    assert_eq!(other.update(&calls, true, &mut sounded, AT), [call(1).key()]);
    assert_eq!(alarm.update(&calls, true, &mut sounded, AT), [], "the other one has begun it");
    other.silence();
    assert!(!other.interrupt(&mut sounded), "nothing sounds there");
    assert_eq!(alarm.update(&calls, true, &mut sounded, AT), [], "a person has silenced it");
}

#[test]
fn a_call_that_another_tab_has_sounded_does_not_sound_again() {
    let calls = [incident(&call(1), [])];
    let mut sounded = Sounded::new();
    Sounding::default().update(&calls, true, &mut sounded, AT);
    assert_eq!(Sounding::default().update(&calls, true, &mut sounded, AT), []);
}

#[test]
fn a_house_cannot_silence_anothers_call_with_its_id() {
    let foreign = Alert { house: crate::samples::house("1301"), ..call(1) };
    let mut sounded = Sounded::new();
    let mut alarm = Sounding::default();
    alarm.update(&[incident(&foreign, [])], true, &mut sounded, AT);
    assert_eq!(alarm.update(&[incident(&call(1), [])], true, &mut sounded, AT), [call(1).key()]);
}

#[test]
fn a_call_too_old_to_sound_again_is_forgotten() {
    let mut sounded = Sounded::from([("old".into(), AT), ("new".into(), AT + SOUNDED_FOR)]);
    forget_old(&mut sounded, &[], AT + 2 * SOUNDED_FOR);
    assert_eq!(sounded.into_keys().collect::<Vec<_>>(), ["new"]);
}

#[test]
fn a_call_that_still_asks_begins_once_however_the_devices_clock_is_set() {
    let (mut alarm, mut sounded) = (Sounding::default(), Sounded::new());
    let calls = [incident(&call(1), [])];
    let month = 30 * 24 * 60 * 60 * 1000;
    assert_eq!(alarm.update(&calls, true, &mut sounded, AT), [call(1).key()]);
    alarm.silence();
    for now in [AT + month, AT - month, AT] {
        forget_old(&mut sounded, &calls, now);
        assert_eq!(alarm.update(&calls, true, &mut sounded, now), [], "{now}");
    }
}
