//! The page shows the caller the truth about the call, from the press to its end.

use domain::{Alert, Event};

use super::*;
use crate::samples::{AT, accept, call, house, incident, reached, receipt, status};

fn recorded() -> PressState {
    PressState::Recorded { id: call(1).id, state: api::State::Stored, at: AT + 100 }
}

fn of(then: impl IntoIterator<Item = Event>, now: Millis) -> CallProgress {
    progress(&recorded(), Some(&incident(&call(1), then)), None, now)
}

/// Devices have it, and have reported no more.
fn delivered(houses: u32) -> CallProgress {
    CallProgress::Reached(Houses { delivered: houses, sounded: 0, seen: 0 })
}

#[test]
fn a_press_on_its_way_is_shown_before_anything_else() {
    let known = incident(&call(1), [accept(&call(1), "1204")]);
    let shown = |state| progress(&state, Some(&known), None, AT);
    assert_eq!(shown(PressState::Sending), CallProgress::Sending);
    let (why, kept) = (Trouble::Offline, Kept::Device);
    let retrying = PressState::Retrying { why, tries: 3, kept };
    assert_eq!(shown(retrying), CallProgress::Retrying { why, tries: 3, kept });
    let kept = Kept::Page;
    assert_eq!(shown(PressState::NeedsSignIn { kept }), CallProgress::NeedsSignIn { kept });
    let (pressed_at, heard) = (7, false);
    let unsent = shown(PressState::Unsent { pressed_at, heard });
    assert_eq!(unsent, CallProgress::Unsent { pressed_at, heard });
}

#[test]
fn a_call_delivered_but_not_recorded_shows_that_until_somebody_is_reached_or_comes() {
    let (heard, kept) = (PressState::Heard { kept: Kept::Device }, Kept::Device);
    let of = |then: Vec<Event>| progress(&heard, Some(&incident(&call(1), then)), None, AT + 5_000);
    assert_eq!(progress(&heard, None, None, AT), CallProgress::Heard { kept });
    assert_eq!(of(vec![]), CallProgress::Heard { kept });
    assert_eq!(of(vec![reached(&call(1), &["1204"])]), delivered(1));
    assert_eq!(of(vec![accept(&call(1), "1204")]), CallProgress::Coming(vec![house("1204")]));
}

#[test]
fn a_drill_of_the_own_house_by_itself_never_shows_that_nobody_came() {
    let alone = incident(&Alert { drill: true, alone: true, ..call(1) }, []);
    for passed in [0, NOBODY_AFTER, NO_ANSWER_AFTER] {
        let shown = progress(&PressState::Idle, Some(&alone), None, AT + passed);
        assert_eq!((&shown, shown.needs_119()), (&CallProgress::Practice, false), "{passed}");
    }
}

#[test]
fn without_a_press_and_without_a_call_it_is_quiet() {
    assert_eq!(progress(&PressState::Idle, None, None, AT), CallProgress::Quiet);
}

#[test]
fn a_press_that_was_one_too_many_shows_the_call_that_stands() {
    assert_eq!(progress(&PressState::Stands, None, None, AT), CallProgress::Stands);
    let known = incident(&call(1), [reached(&call(1), &["1204"])]);
    assert_eq!(progress(&PressState::Stands, Some(&known), None, AT), delivered(1));
}

#[test]
fn a_recorded_call_shows_after_ten_seconds_that_it_has_reached_nobody() {
    let last = AT + 100 + NOBODY_AFTER - 1;
    for known in [None, Some(incident(&call(1), []))] {
        assert_eq!(progress(&recorded(), known.as_ref(), None, last), CallProgress::Recorded);
        assert_eq!(progress(&recorded(), known.as_ref(), None, last + 1), CallProgress::NobodyReached);
    }
}

#[test]
fn a_press_sent_without_a_page_is_shown_by_its_call_or_else_as_recorded_only() {
    let sent = PressState::Delivered { id: call(1).id, at: AT + 100 };
    let of = |then: Vec<Event>, now| progress(&sent, Some(&incident(&call(1), then)), None, now);
    assert_eq!(progress(&sent, None, None, AT + NOBODY_AFTER), CallProgress::Delivered { at: AT + 100 });
    assert_eq!(of(vec![], AT + 200), CallProgress::Recorded);
    assert_eq!(of(vec![], AT + 100 + NOBODY_AFTER), CallProgress::NobodyReached);
    assert_eq!(of(vec![reached(&call(1), &["1204"])], AT + 9_000), delivered(1));
}

#[test]
fn neighbours_are_counted_by_house_without_the_own() {
    assert_eq!(of([reached(&call(1), &["1204", "1301", "1203"])], AT), delivered(2));
    assert_eq!(of([reached(&call(1), &["1203"])], AT), CallProgress::Recorded);
}

#[test]
fn a_delivered_call_without_an_accept_shows_that_after_a_minute_until_somebody_comes() {
    let recorded = PressState::Recorded { id: call(1).id, state: api::State::Stored, at: AT };
    let of = |then: Vec<Event>, now| progress(&recorded, Some(&incident(&call(1), then)), None, now);
    let sounds = receipt(&call(1), &["1204", "1301"], &["1204"], &[]);
    let houses = Houses { delivered: 2, sounded: 1, seen: 0 };
    assert_eq!(of(vec![sounds.clone()], AT + NO_ANSWER_AFTER - 1), CallProgress::Reached(houses));
    assert_eq!(of(vec![sounds.clone()], AT + NO_ANSWER_AFTER), CallProgress::NobodyComes(houses));
    let coming = vec![sounds, accept(&call(1), "1204")];
    assert_eq!(of(coming, AT + 2 * NO_ANSWER_AFTER), CallProgress::Coming(vec![house("1204")]));
}

#[test]
fn a_late_delivery_replaces_the_notice_that_nobody_was_reached() {
    assert_eq!(of([], AT + 60_000), CallProgress::NobodyReached);
    let seen = receipt(&call(1), &["1204"], &[], &["1204"]);
    let houses = Houses { delivered: 1, sounded: 0, seen: 1 };
    assert_eq!(of([seen], AT + 59_000), CallProgress::Reached(houses));
}

#[test]
fn a_call_neither_sounded_nor_shown_names_119_after_ten_seconds() {
    let silent = || [reached(&call(1), &["1204"])];
    let houses = Houses { delivered: 1, sounded: 0, seen: 0 };
    assert_eq!(of(silent(), AT + 100 + NOBODY_AFTER - 1), CallProgress::Reached(houses));
    let shown = of(silent(), AT + 100 + NOBODY_AFTER);
    assert_eq!(shown, CallProgress::NobodyComes(houses));
    assert!(shown.needs_119() && !delivered(1).needs_119());
}

#[test]
fn a_callers_wait_is_the_age_of_the_call_under_any_clock() {
    let known = incident(&call(1), []);
    let month = 30 * domain::event::OPEN_FOR;
    for now in [AT - month, AT, AT + month] {
        let of = |age| progress(&recorded(), Some(&known), Some(age), now);
        assert_eq!(of(NOBODY_AFTER - 1), CallProgress::Recorded, "{now}");
        assert_eq!(of(NOBODY_AFTER), CallProgress::NobodyReached, "{now}");
    }
}

#[test]
fn a_neighbour_who_comes_is_named_until_they_withdraw() {
    let coming = [reached(&call(1), &["1204"]), accept(&call(1), "1204")];
    assert_eq!(of(coming.clone(), AT), CallProgress::Coming(vec![house("1204")]));
    let back = coming.into_iter().chain([status(&call(1), Progress::Withdrawn, "1204")]);
    assert_eq!(of(back, AT), delivered(1));
}

#[test]
fn a_call_that_is_over_shows_how_it_ended() {
    let over = [accept(&call(1), "1204"), status(&call(1), Progress::Resolved, "1203")];
    assert_eq!(of(over, AT), CallProgress::Ended(Progress::Resolved));
    assert_eq!(of([], AT + domain::event::OPEN_FOR), CallProgress::Ended(Progress::Expired));
}

#[test]
fn a_call_found_after_a_reload_is_described_like_a_fresh_one() {
    let known = incident(&call(1), []);
    assert_eq!(progress(&PressState::Idle, Some(&known), None, AT + 1_000), CallProgress::Recorded);
    assert_eq!(
        progress(&PressState::Idle, Some(&known), None, AT + NOBODY_AFTER),
        CallProgress::NobodyReached
    );
}
