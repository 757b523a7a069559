//! The row of a call keeps who did what and when, and neither place nor text.

use std::collections::BTreeSet;

use domain::{
    Accept, Actor, Alert, Escalation, Event, House, Kind, Line, Location, Millis, Neighbour, Position,
    Progress, Receipt, Status,
    statistics::{Ended, Held, Row, Step, rows},
};

use super::row;
use crate::{
    examples::{a_house, accept_of, alert_of, status},
    history::{MORNING, alert_id, line},
};

fn held(event: Event, offset: i64) -> Option<Held> {
    Held::new(event, Position { timestamp: MORNING + offset, partition: 0, offset })
}

fn receipt(reached: &[&str]) -> Event {
    let reached = reached.iter().map(|flat| flat.parse::<Neighbour>().expect("a flat")).collect();
    let target = Some(a_house("1203"));
    Event::Receipt(Receipt {
        line: line(),
        alert: alert_id(0),
        target,
        pushed: [].into(),
        reached,
        sounded: [].into(),
        seen: [].into(),
        after: None,
    })
}

/// The events of a call that was escalated to another line, from the alert to the end, and its receipts.
fn whole_call(elsewhere: &Line) -> Vec<Event> {
    let by = |house: &str| Actor::House(a_house(house));
    let escalation = Escalation { round: alert_id(0).0, step: 1, lines: [elsewhere.clone()].into() };
    let escalated = status(5, Progress::Escalated, Actor::Service, 45);
    let arrived = status(4, Progress::Arrived, by("1301"), 60);
    vec![
        Event::Alert(Alert { text: "help".into(), kind: Some(Kind::Fire), ..alert_of("1203", 0) }),
        Event::Accept(Accept { accept_line: Some(elsewhere.clone()), ..accept_of(1, "1203", 40) }),
        Event::Accept(accept_of(2, "1204", 30)),
        Event::Status(status(3, Progress::Withdrawn, by("1204"), 50)),
        Event::Status(Status { note: Some("here".into()), ..arrived }),
        Event::Status(Status { escalation: Some(escalation), ..escalated }),
        Event::Status(status(6, Progress::Resolved, Actor::Administrator, 90)),
        receipt(&["1203"]),
        receipt(&["1203", "1204", "101-1/1301"]),
        receipt(&["101-2/1203"]),
    ]
}

#[test]
fn a_row_keeps_who_and_when_and_neither_place_nor_text() {
    let by = |house: &str| Actor::House(a_house(house));
    let elsewhere = Line::new("101-2").expect("a valid line");
    let held = whole_call(&elsewhere).into_iter().zip(0..).filter_map(|(event, offset)| held(event, offset));
    let held: Vec<Held> = held.collect();
    assert_eq!(held.len(), 9, "a receipt of the caller's own flat is not needed");
    for held in &held {
        let json = String::from_utf8(held.to_json()).expect("JSON is text");
        for word in ["\"lat\"", "\"lng\"", "37.5", "help", "here"] {
            assert!(!json.contains(word), "{word} in {json}");
        }
    }
    let flat = |name: &str| name.parse::<Neighbour>().expect("a flat");
    let step = |after: Millis, progress, by, line| {
        let (at, lines) = (MORNING + after, BTreeSet::new());
        Step { at, progress, by, line, lines }
    };
    let escalated = step(45, Some(Progress::Escalated), Actor::Service, None);
    let escalated = Step { lines: [elsewhere.clone()].into(), ..escalated };
    let expected = Row {
        kind: Some(Kind::Fire),
        ended: Some(Ended { how: Progress::Resolved, at: MORNING + 90 }),
        accepts: 3,
        came: 2,
        first_accept: Some(MORNING + 30),
        first_arrived: Some(MORNING + 60),
        escalated: Some(MORNING + 45),
        reached: [flat("1204"), flat("1301"), flat("101-2/1203")].into(),
        first_reached: Some(MORNING + 8),
        steps: [
            step(30, None, by("1204"), None),
            step(40, None, by("1203"), Some(elsewhere)),
            escalated,
            step(50, Some(Progress::Withdrawn), by("1204"), None),
            step(60, Some(Progress::Arrived), by("1301"), None),
            step(90, Some(Progress::Resolved), Actor::Administrator, None),
        ]
        .into(),
        words: 6,
        ..row(0, MORNING)
    };
    let rows = rows(&line(), held);
    assert_eq!(rows, [expected]);
    let json = serde_json::to_string(&rows).expect("a row is JSON");
    assert_eq!(serde_json::from_str::<Vec<Row>>(&json).expect("a row can be read"), rows);
}

#[test]
fn the_time_to_the_first_flat_is_no_difference_of_two_clocks() {
    let with = |after: Option<i64>| match receipt(&["1204"]) {
        Event::Receipt(receipt) => Event::Receipt(Receipt { after, ..receipt }),
        other => other,
    };
    let first = |events: &[(Event, i64)]| {
        let held = events.iter().filter_map(|(event, offset)| held(event.clone(), *offset));
        rows(&line(), held)[0].first_reached
    };
    let call = (Event::Alert(alert_of("1203", 0)), 0);
    // The clock of the node that wrote the receipts is an hour ahead.
    let ahead = 3_600_000;
    let (quick, slow) = ((with(Some(1_500)), ahead), (with(Some(9_000)), ahead + 1));
    for events in [[call.clone(), quick.clone(), slow.clone()], [slow, quick, call.clone()]] {
        assert_eq!(first(&events), Some(MORNING + 1_500));
    }
    let former = (with(None), 40);
    assert_eq!(
        first(&[call, former]),
        Some(MORNING + 40),
        "a former version's receipt has its record's time"
    );
}

#[test]
fn a_row_of_a_former_version_lacks_the_steps_and_gets_them() {
    let (at, by) = (MORNING + 30, Actor::House(a_house("1204")));
    let step = Step { at, progress: None, by, line: None, lines: BTreeSet::new() };
    let former = row(0, MORNING);
    let seen = [Neighbour::from(a_house("1204"))].into();
    let now = Row { steps: [step].into(), seen, ..former.clone() };
    assert!(former.is_former_version_of(&now) && !now.is_former_version_of(&former));
    assert!(!Row { words: 3, ..former.clone() }.is_former_version_of(&now), "another call is not the same");
    assert_eq!(former.clone().merge(now.clone()), now);
    assert_eq!(now.clone().merge(former), now);
}

#[test]
fn locations_are_not_held() {
    let location = Location::new(37.5, 127.0, None);
    let house: Option<House> = None;
    let moved = domain::Moved {
        line: line(),
        alert: alert_id(0),
        target: house.clone(),
        house,
        house_line: None,
        location,
        at: MORNING,
    };
    assert_eq!(held(Event::Moved(moved), 0), None);
}
