//! Figures by example. They cover the row of a call, local time, and how figures add up.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Accept, Actor, Alert, Escalation, Event, House, Kind, Line, Location, Millis, Neighbour, Position,
    Progress, Receipt, Status,
    event::OPEN_FOR,
    statistics::{
        Asked, Basis, Date, Ended, FALSE_ALARM_WITHIN, Figures, Held, Outcome, Query, Row, Step, Utc,
        WAITS_FOR, Zone, figures, rows,
    },
};

use crate::{
    examples::{a_house, accept_of, alert_of, status},
    history::{MORNING, alert_id, line},
};

pub(crate) const HOUR: Millis = 60 * 60 * 1000;
pub(crate) const DAY: Millis = 24 * HOUR;

/// The clocks of Korea, nine hours ahead, without summer time.
pub(crate) struct Seoul;

impl Zone for Seoul {
    fn name(&self) -> &str {
        "Asia/Seoul"
    }

    fn offset(&self, _: Millis) -> Millis {
        9 * HOUR
    }
}

/// The clocks of Germany in 2026, with summer time from 29 March to 25 October, 01:00 UTC each.
pub(crate) struct Berlin;

impl Zone for Berlin {
    fn name(&self) -> &str {
        "Europe/Berlin"
    }

    fn offset(&self, at: Millis) -> Millis {
        let change = |date: &str| midnight(date) + HOUR;
        let summer = change("2026-03-29")..change("2026-10-25");
        if summer.contains(&at) { 2 * HOUR } else { HOUR }
    }
}

fn midnight(date: &str) -> Millis {
    Utc.midnight(date.parse().expect("a date"))
}

/// The row of a call to which nobody came.
pub(crate) fn row(number: usize, begun: Millis) -> Row {
    Row {
        line: line(),
        house: a_house("1203"),
        id: alert_id(number),
        kind: None,
        drill: false,
        begun,
        ended: None,
        accepts: 0,
        came: 0,
        first_accept: None,
        first_arrived: None,
        escalated: None,
        reached: [].into(),
        sounded: [].into(),
        seen: [].into(),
        steps: [].into(),
        first_reached: None,
        words: 0,
    }
}

fn accepted(row: Row, after: Millis) -> Row {
    Row { accepts: 1, came: 1, first_accept: Some(row.begun + after), ..row }
}

fn ended(row: Row, how: Progress, after: Millis) -> Row {
    Row { ended: Some(Ended { how, at: row.begun + after }), ..row }
}

pub(crate) fn month(zone: &dyn Zone, from: &str, to: &str) -> Query {
    let asked = Asked { from: Some(from), to: Some(to), ..Asked::default() };
    Query::parse(&asked, zone, MORNING).expect("a question")
}

pub(crate) fn asked(rows: &[Row], query: &Query, zone: &dyn Zone, as_of: Millis) -> Figures {
    let basis = Basis { zone, as_of, positions: BTreeMap::new(), flats: [(line(), 4)].into() };
    figures(rows, query, &basis)
}

fn held(event: Event, offset: i64) -> Option<Held> {
    Held::new(event, Position { timestamp: MORNING + offset, partition: 0, offset })
}

fn receipt(reached: &[&str]) -> Event {
    let reached =
        reached.iter().map(|flat| Neighbour::try_from((*flat).to_owned()).expect("a flat")).collect();
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

#[test]
fn a_row_keeps_who_and_when_and_neither_place_nor_text() {
    let arrived = Progress::Arrived;
    let by = |house: &str| Actor::House(a_house(house));
    let elsewhere = Line::new("101-2").expect("a valid line");
    let lines = [elsewhere.clone()].into();
    let escalation = Some(Escalation { round: alert_id(0).0, step: 1, lines });
    let events = [
        Event::Alert(Alert { text: "help".into(), kind: Some(Kind::Fire), ..alert_of("1203", 0) }),
        Event::Accept(Accept { accept_line: Some(elsewhere.clone()), ..accept_of(1, "1203", 40) }),
        Event::Accept(accept_of(2, "1204", 30)),
        Event::Status(status(3, Progress::Withdrawn, by("1204"), 50)),
        Event::Status(Status { note: Some("here".into()), ..status(4, arrived, by("1301"), 60) }),
        Event::Status(Status { escalation, ..status(5, Progress::Escalated, Actor::Service, 45) }),
        Event::Status(status(6, Progress::Resolved, Actor::Administrator, 90)),
        receipt(&["1203"]),
        receipt(&["1203", "1204", "101-1/1301"]),
        receipt(&["101-2/1203"]),
    ];
    let held = events.into_iter().zip(0..).filter_map(|(event, offset)| held(event, offset));
    let held: Vec<Held> = held.collect();
    assert_eq!(held.len(), 9, "a receipt of the caller's own flat is not needed");
    for held in &held {
        let json = String::from_utf8(held.to_json()).expect("JSON is text");
        for word in ["\"lat\"", "\"lng\"", "37.5", "help", "here"] {
            assert!(!json.contains(word), "{word} in {json}");
        }
    }
    let flat = |name: &str| Neighbour::try_from(name.to_owned()).expect("a flat");
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
            step(60, Some(arrived), by("1301"), None),
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

#[test]
fn a_cancel_after_waiting_in_vain_is_not_a_false_alarm() {
    let now = MORNING + 2 * OPEN_FOR;
    let soon = ended(row(0, MORNING), Progress::Cancelled, FALSE_ALARM_WITHIN);
    let late = ended(row(1, MORNING), Progress::Cancelled, FALSE_ALARM_WITHIN + 1);
    let there = Row { came: 1, first_arrived: Some(MORNING + 5), ..soon.clone() };
    let coming = accepted(soon.clone(), 5);
    let resolved = ended(row(2, MORNING), Progress::Resolved, 5);
    let judged = |row: &Row| (row.is_false_alarm(), row.outcome(now));
    assert_eq!(judged(&soon), (true, Outcome::TakenBack));
    assert_eq!(judged(&late), (false, Outcome::Nobody));
    assert_eq!(judged(&there), (false, Outcome::Came));
    assert_eq!(judged(&coming), (true, Outcome::Came));
    assert_eq!(judged(&resolved), (false, Outcome::Nobody));
    let open = row(3, MORNING);
    assert_eq!(open.outcome(MORNING + WAITS_FOR - 1), Outcome::Waiting);
    assert_eq!(open.outcome(MORNING + WAITS_FOR), Outcome::Nobody);
    assert_eq!(
        (open.end(MORNING + OPEN_FOR - 1), open.end(MORNING + OPEN_FOR)),
        (None, Some(Progress::Expired))
    );
}

#[test]
fn a_month_in_seoul_begins_and_ends_at_its_own_midnight() {
    let query = month(&Seoul, "2026-11-01", "2026-12-01");
    assert_eq!(query.period.from(), midnight("2026-10-31") + 15 * HOUR);
    let (from, to) = (query.period.from(), query.period.to());
    let begun = [from - 1, from, from + HOUR - 1, to - 1, to];
    let rows: Vec<Row> = begun.iter().zip(0..).map(|(begun, number)| row(number, *begun)).collect();
    let Figures { counts, previous, .. } = asked(&rows, &query, &Seoul, to + DAY);
    assert_eq!((counts.calls, previous.counts.calls), (3, 1));
    assert_eq!((counts.by_hour[0], counts.by_hour[23]), (2, 1));
    // 1 November was a Sunday, 30 November a Monday.
    assert_eq!((counts.by_weekday[6], counts.by_weekday[0]), (2, 1));
    assert_eq!((counts.heat_map[6][0], counts.heat_map[0][23]), (2, 1));
    assert_eq!(counts.by_day.len(), 30);
    let days: Vec<(String, u64)> =
        counts.by_day.iter().map(|day| (day.date.to_string(), day.tally.calls)).collect();
    assert_eq!((&days[0], &days[29]), (&("2026-11-01".to_owned(), 2), &("2026-11-30".to_owned(), 1)));
}

#[test]
fn buckets_add_up_where_clocks_change() {
    for (from, to, hours) in
        [("2026-03-01", "2026-04-01", 31 * 24 - 1), ("2026-10-01", "2026-11-01", 31 * 24 + 1)]
    {
        let query = month(&Berlin, from, to);
        let begun = (query.period.from()..query.period.to()).step_by(20 * 60 * 1000);
        let rows: Vec<Row> = begun.zip(0..).map(|(begun, number)| row(number, begun)).collect();
        let counts = asked(&rows, &query, &Berlin, query.period.to()).counts;
        let calls = 3 * hours;
        assert_eq!(counts.calls, calls, "{from}");
        assert_eq!(counts.by_hour.iter().sum::<u64>(), calls);
        assert_eq!(counts.by_weekday.iter().sum::<u64>(), calls);
        assert_eq!(counts.by_day.iter().map(|day| day.tally.calls).sum::<u64>(), calls);
        assert_eq!(counts.by_day.len(), 31);
        // The hour from 2 to 3 is skipped in spring and comes twice in autumn.
        assert_eq!(counts.by_hour[2], if hours < 744 { 3 * 30 } else { 3 * 32 });
        let change = if hours < 744 { "2026-03-29" } else { "2026-10-25" };
        let change: Date = change.parse().expect("a date");
        let day = counts.by_day.iter().find(|day| day.date == change).expect("the day of the change");
        assert_eq!(day.tally.calls, if hours < 744 { 3 * 23 } else { 3 * 25 });
    }
}
