//! Past calls have their steps in order, and a page leads to the next.

use domain::{AlertId, Kind, statistics::Utc};

use super::*;
use crate::samples::{house, named_line};

/// Noon of a Sunday.
const NOON: Millis = 1_795_953_600_000;

fn past(note: Option<&str>) -> Past {
    let by = |name: &str| Actor::House(house(name));
    let step = |after: Millis, progress, by| {
        let (at, lines) = (NOON + after, [].into());
        Step { at, progress, by, line: None, lines }
    };
    let row = Row {
        line: named_line("101-1"),
        house: house("1203"),
        id: AlertId(uuid::Uuid::from_u128(1)),
        kind: Some(Kind::Fire),
        drill: true,
        begun: NOON,
        ended: Some(domain::statistics::Ended { how: Progress::Resolved, at: NOON + 90_000 }),
        accepts: 2,
        came: 1,
        first_accept: Some(NOON + 30_000),
        first_arrived: None,
        escalated: None,
        reached: [].into(),
        sounded: [].into(),
        seen: [].into(),
        steps: [
            step(30_000, None, by("1204")),
            step(40_000, Some(Progress::Withdrawn), by("1204")),
            step(90_000, Some(Progress::Resolved), Actor::Administrator),
        ]
        .into(),
        first_reached: None,
        words: 3,
    };
    Past { listed: Listed { row, is_demo: false }, note: note.map(str::to_owned) }
}

#[test]
fn a_call_is_shown_with_every_step_in_order_and_only_houses_are_named() {
    let html = one(Locale::en, &past(Some("<b>all well</b>")), &Utc, NOON + 100_000).to_html();
    let place = |words: &str| html.find(words).unwrap_or_else(|| panic!("{words} in {html}"));
    let steps = ["12:00:00", "12:00:30", "flat 1204", "12:00:40", "12:01:30", "the management office"];
    assert!(steps.map(place).is_sorted(), "{html}");
    assert!(html.contains("data-drill=\"true\"") && html.contains("Fire"), "{html}");
    assert!(!html.contains("<b>all"), "a note is never HTML: {html}");
}

#[test]
fn an_escalation_names_the_lines_that_it_alarmed() {
    let lines = ["101-2", "101-3"].map(named_line).into();
    let progress = Some(Progress::Escalated);
    let step = Step { at: NOON, progress, by: Actor::Service, line: None, lines };
    assert_eq!(step_words(Locale::ko, &step), "101-2 라인, 101-3 라인에도 알렸어요");
    let office = Step { lines: [].into(), ..step };
    assert_eq!(step_words(Locale::en, &office), "More people were alarmed");
}

#[test]
fn the_next_page_begins_behind_the_last_call_of_the_same_line() {
    let shown = Shown {
        line: Some(named_line("101동 1라인")),
        lines: Vec::new(),
        answer: Answer::Nothing,
        zone: Arc::new(Utc),
    };
    let html = list(Locale::ko, &shown, &[past(None)], Some("5.x"), NOON).to_html();
    assert!(html.contains("before=5%2Ex") && html.contains("/calls?line=101%EB%8F%99"), "{html}");
    let html = list(Locale::ko, &shown, &[], None, NOON).to_html();
    assert!(!html.contains("before=") && html.contains("아직"), "{html}");
}
