//! A kept press is sent, asked about or shown, by its age, its owner and its answer.

use domain::api::CallRequest;

use super::*;
use crate::samples::{AT, house, line, named_line, resident};

const ASKS_AFTER: Millis = 10 * 60 * 1000;

fn pending() -> Pending {
    pressed_at(AT)
}

fn pressed_at(now: Millis) -> Pending {
    Pending::new(&resident("1203"), &request(), now, ASKS_AFTER)
}

fn request() -> Request {
    Request {
        line: line(),
        house: house("1203"),
        text: Some("연기가 나요".into()),
        kind: None,
        location: None,
    }
}

fn recorded(at: Millis) -> Option<Outcome> {
    Some(Outcome::Recorded { id: AlertId(Uuid::from_u128(7)), state: State::Stored, at })
}

fn refused() -> Option<Outcome> {
    let problem =
        Problem { kind: "about:blank".into(), title: "No".into(), status: 400, detail: "No.".into() };
    Some(Outcome::Refused(problem))
}

fn found(pending: &Pending, now: Millis) -> Found {
    pending.found(&resident("1203"), now)
}

#[test]
fn it_is_sent_unasked_until_it_is_as_old_as_was_set() {
    assert_eq!(found(&pending(), AT), Found::Send);
    assert_eq!(found(&pending(), AT + ASKS_AFTER - 1), Found::Send);
    assert_eq!(found(&pending(), AT + ASKS_AFTER), Found::Ask);
}

#[test]
fn a_clock_that_was_corrected_a_little_changes_nothing_and_one_that_was_hours_wrong_asks() {
    assert_eq!(found(&pending(), AT - 5_000), Found::Send);
    assert_eq!(found(&pending(), AT - ASKS_AFTER), Found::Ask);
    assert_eq!(found(&pending(), Millis::MIN), Found::Ask);
}

#[test]
fn a_confirmed_press_is_young_again() {
    let mut pending = pending();
    pending.wanted_at = AT + 3 * ASKS_AFTER;
    assert_eq!(found(&pending, AT + 3 * ASKS_AFTER + 1), Found::Send);
    assert_eq!(pending.pressed_at, AT);
}

#[test]
fn nobody_sends_it_for_somebody_else() {
    assert_eq!(pending().found(&resident("1204"), AT), Found::NotTheirs);
    let moved = Resident { line: Some(named_line("101-2")), ..resident("1203") };
    assert_eq!(pending().found(&moved, AT), Found::NotTheirs);
    let of_the_same_flat = Resident { name: "flatmate".into(), ..resident("1203") };
    assert_eq!(pending().found(&of_the_same_flat, AT), Found::NotTheirs);
}

#[test]
fn an_answered_press_is_shown_at_any_age_until_the_call_is_over() {
    let mut pending = pending();
    pending.outcome = refused();
    assert_eq!(found(&pending, AT + 9 * OPEN_FOR), Found::Show);
    pending.outcome = recorded(AT + 1_000);
    assert_eq!(found(&pending, AT + OPEN_FOR), Found::Show);
    assert_eq!(found(&pending, AT + OPEN_FOR + 1_000), Found::Over);
}

#[test]
fn of_several_the_one_that_can_still_be_sent_comes_first_and_then_the_newest() {
    let now = AT + ASKS_AFTER;
    let (old, young) = (pressed_at(AT), pressed_at(now));
    let answered = Pending { outcome: refused(), ..pressed_at(AT) };
    let younger = Pending { key: Uuid::max(), ..pressed_at(now) };
    let chosen = |presses: &[&Pending]| {
        let presses = presses.iter().map(|press| (*press).clone()).collect();
        most_urgent(presses, &resident("1203"), now)
    };
    assert_eq!(chosen(&[&old, &young, &answered]), Some((Found::Send, young.clone())));
    assert_eq!(chosen(&[&old, &answered]), Some((Found::Show, answered)));
    assert_eq!(chosen(&[&younger, &young]), Some((Found::Send, younger)));
    assert_eq!(most_urgent(vec![old], &resident("1204"), now), None);
}

#[test]
fn the_place_is_added_and_nothing_else_changes() {
    let place = Location::new(37.5, 127.0, Some(12.0)).expect("a location");
    let located = Pending { body: pending().located(Some(place)), ..pending() };
    let request = located.request().expect("a request");
    assert_eq!(request.location, Some(place));
    assert_eq!(request.text.as_deref(), Some("연기가 나요"));
    assert_eq!(request.house, house("1203"));
}

#[test]
fn a_place_of_some_time_ago_goes_where_the_one_of_now_is_not_known() {
    let place = Location::new(37.5, 127.0, Some(12.0)).expect("a location");
    let located = Pending { body: pending().located(Some(place)), ..pending() };
    assert_eq!(located.located(None), pending().body);
}

#[test]
fn it_is_kept_in_the_shape_that_the_outbox_and_its_worker_know() {
    let kept: serde_json::Value = serde_json::from_str(&pending().to_json()).expect("JSON");
    for name in ["key", "by", "body", "fixed", "pressedAt", "wantedAt", "asksAfter"] {
        assert!(kept.get(name).is_some(), "{name} of {kept}");
    }
    let answered = r#"{"key":"01890a5d-ac96-774b-bcce-b302099a8057","by":"resident-1203","body":"{}","fixed":true,
        "pressedAt":1,"wantedAt":2,"asksAfter":3,
        "outcome":{"recorded":{"id":"01890a5d-ac96-774b-bcce-b302099a8057","state":"published","at":4}}}"#;
    let answered: Pending = json::read(answered).expect("what the worker writes");
    assert!(matches!(answered.outcome, Some(Outcome::Recorded { state: State::Published, at: 4, .. })));
    let refused = r#"{"refused":{"type":"about:blank","title":"HTTP 400","status":400,"detail":"No."}}"#;
    assert!(matches!(json::read(refused), Some(Outcome::Refused(_))));
}

#[test]
fn what_is_kept_is_read_as_it_was_written() {
    for outcome in [None, recorded(AT), refused()] {
        for heard in [false, true] {
            let kept = Pending { outcome: outcome.clone(), heard, ..pending() };
            assert_eq!(json::read(&kept.to_json()), Some(kept));
        }
    }
    assert_eq!(json::read::<Pending>("{}"), None);
}

#[test]
fn the_server_reads_the_request_that_a_press_sends() {
    let place = Location::new(37.5, -127.125, Some(12.25));
    for kind in [None].into_iter().chain(Kind::ALL.map(Some)) {
        for location in [None, place, Location::new(1e-7, 0.0, None)] {
            for text in [None, Some("\"불\"\n\u{1f}\\".to_owned())] {
                let request = Request { text, kind, location, ..request() };
                let written = request.to_json();
                let read: CallRequest = serde_json::from_str(&written).expect("the server's request");
                assert_eq!((&read.line, &read.house), (&request.line, &request.house));
                assert_eq!((&read.text, read.kind), (&request.text, request.kind));
                assert_eq!((read.location(), read.drill, read.alone), (request.location, false, false));
                assert_eq!(json::read(&written), Some(request));
            }
        }
    }
}
