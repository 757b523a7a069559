//! The board shows the calls in their order, with who comes and what devices reported, and sounds the young ones.

use std::sync::Arc;

use backend::{
    calls::hub::{OpenCall, OpenCalls},
    canary::Fault,
};
use domain::{
    Alert, Event, Kind, Progress,
    escalation::{Ring, Step},
    event::LATE_AFTER,
    statistics::Utc,
};

use super::*;
use crate::{
    context::Ground,
    samples::{AT, accept, call, house, incident, named_line, receipt, status},
};

fn open(calls: Vec<(Alert, Vec<Event>)>) -> Now {
    let newest_first = calls.into_iter().rev();
    let open = |(call, then): (Alert, Vec<Event>)| OpenCall {
        age: Duration::from_millis((AT + 60_000 - call.at).unsigned_abs()),
        incident: incident(&call, then),
    };
    let calls = newest_first.map(open).collect();
    let open = OpenCalls { calls, ..OpenCalls::default() };
    Now { open, now: AT + 60_000, zone: Arc::new(Utc), ground: Ground::Paper, fault: None }
}

fn by(name: &str, number: u128) -> Alert {
    let after = Millis::try_from(number).unwrap_or_default() * 1_000;
    Alert { house: house(name), at: AT + after, ..call(number) }
}

fn places(html: &str, parts: &[&str]) -> Vec<usize> {
    parts.iter().map(|part| html.find(part).unwrap_or_else(|| panic!("{part} in {html}"))).collect()
}

#[test]
fn the_oldest_that_nobody_comes_to_is_first_and_the_newest_is_marked() {
    let (helped, oldest, newest) = (by("1203", 1), by("0704", 2), by("0501", 3));
    let calls = vec![
        (helped.clone(), vec![accept(&helped, "1204"), status(&helped, Progress::Arrived, "1204")]),
        (Alert { kind: Some(Kind::Fire), text: "smoke <b>".into(), ..oldest }, vec![]),
        (newest, vec![receipt(&by("0501", 3), &["a", "b"], &["a"], &[])]),
    ];
    let html = fragment(Locale::ko, &open(calls));
    let order = places(&html, &["data-house=\"0704\"", "data-house=\"0501\"", "data-house=\"1203\""]);
    assert!(order.is_sorted(), "{order:?} {html}");
    assert!(html.contains("58초째") && html.contains("1204호 도착"), "{html}");
    assert!(html.contains("화재") && html.contains("smoke &lt;b&gt;"), "{html}");
    assert!(html.contains("닿음 2 · 울림 1 · 봄 0"), "{html}");
    assert_eq!(html.matches("board-call unanswered newest").count(), 1, "{html}");
    // The one that is helped does not sound.
    assert_eq!(html.matches("data-sounds-for").count(), 2, "{html}");
}

#[test]
fn a_call_sounds_for_ten_minutes_and_again_when_its_last_helper_leaves() {
    let alert = by("1203", 1);
    let key = |now: &Now| {
        let houses = HouseCalls::by_urgency(now.open.calls.iter().map(|call| &call.incident));
        let ages = now.open.calls.iter().map(|call| (call.incident.alert.key(), millis(call.age)));
        sounding(&houses[0], &ages.collect())
    };
    let (first, left) = key(&open(vec![(alert.clone(), vec![])])).expect("it sounds");
    assert_eq!(left, LATE_AFTER - 59_000);
    let gone = vec![accept(&alert, "1204"), status(&alert, Progress::Withdrawn, "1204")];
    let (again, _) = key(&open(vec![(alert.clone(), gone)])).expect("it sounds again");
    assert_ne!(first, again);
    let old = Alert { at: AT - LATE_AFTER, ..alert };
    assert_eq!(key(&open(vec![(old, vec![])])), None);
}

#[test]
fn an_escalated_call_is_there_once_and_sounds_again_where_its_helper_does_not_arrive() {
    let alert = by("1203", 1);
    let coming = accept(&alert, "1204");
    let round = coming.id().expect("an accept has an id");
    let step = |ring, lines: &[&str], round, passed: Millis| {
        let lines = lines.iter().map(|name| named_line(name)).collect();
        Step { ring, round, lines }.event(&alert, alert.at + passed)
    };
    let first = step(Ring::Neighbours, &["101-2"], alert.id.0, 30_000);
    let html = |then: Vec<Event>| fragment(Locale::ko, &open(vec![(alert.clone(), then)]));
    let escalated = html(vec![first.clone()]);
    assert_eq!(escalated.matches("data-testid=\"board-call\"").count(), 1, "{escalated}");
    assert!(escalated.contains("라인 밖에도 알림"), "{escalated}");
    let of_office = html(vec![step(Ring::Administrators, &[], alert.id.0, 30_000)]);
    assert!(!of_office.contains("라인 밖에도 알림"), "nobody outside the line was alarmed: {of_office}");
    let helped = html(vec![first.clone(), coming.clone()]);
    assert!(!helped.contains("data-sounds-for"), "somebody comes: {helped}");
    let again = html(vec![first, coming, step(Ring::Neighbours, &["101-2"], round, 50_000)]);
    assert!(again.contains("data-sounds-for=\"591000\""), "{again}");
}

#[test]
fn a_quiet_board_shows_that_it_is_quiet_in_both_languages() {
    for (locale, words) in
        [(Locale::ko, "지금은 도움 요청이 없어요"), (Locale::en, "Nobody is calling for help")]
    {
        let html = fragment(locale, &open(vec![]));
        assert!(html.contains(words) && !html.contains("board-call "), "{html}");
    }
}

#[test]
fn the_board_shows_that_calls_are_not_recorded_or_not_delivered_and_nothing_while_they_are() {
    let html = |fault| fragment(Locale::ko, &Now { fault, ..open(vec![]) });
    for (fault, words) in
        [(Fault::NotRecorded, "기록되지 않아요"), (Fault::NotDelivered, "이웃에게 닿지 않아요")]
    {
        let html = html(Some(fault));
        assert!(html.contains("canary-failing") && html.contains(words), "{html}");
    }
    assert!(!html(None).contains("canary-failing"));
}

#[test]
fn a_duration_counts_seconds_below_an_hour() {
    let words = |seconds: i64| since(Locale::en, seconds * 1000);
    assert_eq!([words(38), words(252), words(3_900)], ["38 s", "4 min 12 s", "1 h 05 min"]);
}
