//! Figures of rows that are counted on one hand, the JSON of the contract, and questions that make no sense.

use domain::{
    Flats, Kind, Line, Neighbour, Progress,
    statistics::{Asked, Ended, Invalid, Part, Percentiles, Period, Query, Row, Utc},
};
use serde_json::{Value, json};

use crate::{
    history::MORNING,
    statistics::{DAY, HOUR, Seoul, asked, month, row},
};

fn flats<const N: usize>(names: [&str; N]) -> Flats {
    names.iter().map(|name| name.parse::<Neighbour>().expect("a flat")).collect()
}

/// Five calls and a drill on the first day of 2026, and one call on the day before.
fn rows() -> Vec<Row> {
    let end = |how, at: i64| Some(Ended { how, at: MORNING + at });
    let came =
        |row: Row, after: i64| Row { accepts: 1, came: 1, first_accept: Some(row.begun + after), ..row };
    let resolved = Row {
        kind: Some(Kind::Fire),
        ended: end(Progress::Resolved, 400_000),
        first_reached: Some(MORNING + 700),
        reached: flats(["1204", "1301", "101-2/0501"]),
        first_arrived: Some(MORNING + 90_000),
        ..came(row(0, MORNING), 20_000)
    };
    // The clock of the node that took the accept was behind.
    let behind =
        Row { ended: end(Progress::Expired, DAY), reached: flats(["1204"]), ..came(row(1, MORNING), -5) };
    let cancelled = Row { ended: end(Progress::Cancelled, HOUR + 1), ..row(2, MORNING + HOUR) };
    let unanswered = Row {
        ended: end(Progress::Resolved, 9 * HOUR),
        escalated: Some(MORNING),
        ..row(3, MORNING + 8 * HOUR)
    };
    let elsewhere = Row { line: Line::new("101-2").expect("a valid line"), ..row(4, MORNING + 23 * HOUR) };
    let drill = Row { drill: true, reached: flats(["1301"]), ..came(row(5, MORNING), 7) };
    vec![resolved, behind, cancelled, unanswered, elsewhere, drill, row(6, MORNING - 1)]
}

#[test]
fn figures_are_what_can_be_counted_by_hand() {
    let query = month(&Utc, "2026-01-01", "2026-01-02");
    let figures = asked(&rows(), &query, &Utc, MORNING + 23 * HOUR + 1);
    let counts = &figures.counts;
    assert_eq!((counts.calls, counts.drills, figures.previous.counts.calls), (5, 1, 0));
    let ends = (counts.cancelled, counts.resolved, counts.expired, counts.unfinished);
    assert_eq!(ends, (1, 2, 1, 1));
    let outcomes = (counts.accepted, counts.taken_back, counts.nobody_came, counts.waiting);
    assert_eq!((outcomes, counts.unaccepted), ((2, 1, 1, 1), 3));
    assert_eq!((counts.false_alarms, counts.escalated, counts.clamped), (1, 1, 1));
    let accepts =
        Percentiles { count: 2, p50: Some(0), p90: Some(20_000), p99: Some(20_000), max: Some(20_000) };
    assert_eq!(counts.to_first_accept_ms, accepts);
    assert_eq!(counts.distributions.to_first_accept, [1, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!((counts.to_reached_ms.p50, counts.to_arrived_ms.max), (Some(700), Some(90_000)));
    assert_eq!((counts.to_resolved_ms.count, counts.to_resolved_ms.p50), (2, Some(400_000)));
    // Three other flats on 101-1 for each of four calls; nothing is known of 101-2's flats.
    assert_eq!((counts.reach.reached, counts.reach.flats, counts.reach.of_flats), (2, 3, 12));
    // The two calls that reached a flat began at midnight.
    assert_eq!((counts.alarms.flats, counts.alarms.all, counts.alarms.at_night), (3, 4, 4));
    assert_eq!((counts.alarms.by_flat.p50, counts.alarms.by_flat.max), (Some(1), Some(2)));
    assert_eq!((counts.drill.accepted, counts.drill.to_first_accept_ms.max), (1, Some(7)));
    let left: Vec<_> = counts.nobody.iter().map(|call| (call.id, call.begun)).collect();
    assert_eq!(left, [(rows()[3].id, MORNING + 8 * HOUR)]);
    assert!(counts.by_day[0].unfinished && counts.by_day[0].tally.open == 1);
    let of_line = &counts.lines[&rows()[4].line];
    assert_eq!((of_line.calls, of_line.accepted, of_line.nobody_came), (1, 0, 0));
}

#[test]
fn the_json_has_the_fields_of_the_contract() {
    let figures = asked(&rows(), &month(&Seoul, "2026-01-01", "2026-01-03"), &Seoul, MORNING + 3 * DAY);
    let json = serde_json::to_value(&figures).expect("figures are JSON");
    let both = [
        "from",
        "to",
        "calls",
        "drills",
        "cancelled",
        "resolved",
        "expired",
        "accepted",
        "unaccepted",
        "escalated",
        "by_hour",
        "by_weekday",
        "by_line",
        "by_kind",
        "to_reached_ms",
        "to_first_accept_ms",
        "to_arrived_ms",
        "to_resolved_ms",
    ];
    for field in both {
        assert!(!json[field].is_null() && !json["previous"][field].is_null(), "{field}");
    }
    assert_eq!((&json["timezone"], &json["as_of"]), (&json!("Asia/Seoul"), &json!(MORNING + 3 * DAY)));
    assert_eq!(json["positions"], json!({}));
    assert_eq!(json["by_kind"], json!({ "fire": 1, "none": 5 }));
    assert_eq!(json["by_line"], json!({ "101-1": 5, "101-2": 1 }));
    let length = |field: &str| json[field].as_array().map(Vec::len);
    assert_eq!((length("by_hour"), length("by_weekday"), length("by_day")), (Some(24), Some(7), Some(2)));
    assert_eq!(json["by_day"][0]["date"], json!("2026-01-01"));
    assert_eq!(
        json["to_arrived_ms"],
        json!({ "count": 1, "p50": 90_000, "p90": 90_000, "p99": 90_000, "max": 90_000 })
    );
    assert_eq!(json["previous"]["to_arrived_ms"]["max"], Value::Null);
}

#[test]
fn a_line_and_a_kind_select_rows() {
    let all = month(&Utc, "2026-01-01", "2026-01-02");
    let calls = |query: Query| asked(&rows(), &query, &Utc, MORNING + DAY).counts.calls;
    assert_eq!(calls(Query { line: Some(rows().swap_remove(4).line), ..all }), 1);
    assert_eq!(calls(Query { kind: Some(Kind::Fire), ..all.clone() }), 1);
    assert_eq!(calls(Query { kind: Some(Kind::Other), ..all }), 0);
}

#[test]
fn a_period_that_is_not_over_is_compared_with_the_same_part_of_the_one_before() {
    let query = month(&Utc, "2026-01-01", "2026-01-02");
    let previous = |as_of| {
        let previous = asked(&rows(), &query, &Utc, as_of).previous;
        (previous.from, previous.to, previous.counts.calls)
    };
    assert_eq!(previous(MORNING + 9 * HOUR), (MORNING - DAY, MORNING - 15 * HOUR, 0));
    assert_eq!(previous(MORNING + DAY), (MORNING - DAY, MORNING, 1));
    assert_eq!(previous(MORNING - 1), (MORNING - DAY, MORNING - DAY, 0));
}

#[test]
fn a_question_without_a_period_is_of_the_last_four_weeks() {
    let asked = Asked { from: Some(" "), line: Some(""), ..Asked::default() };
    let query = Query::parse(&asked, &Seoul, MORNING).expect("a question");
    // It is nine o'clock in Seoul.
    let midnight = MORNING - 9 * HOUR;
    assert_eq!(Period::new(midnight - 27 * DAY, midnight + DAY), Ok(query.period));
    assert_eq!((query.line, query.kind), (None, None));
}

#[test]
fn a_question_that_makes_no_sense_is_refused_with_the_part() {
    let parse = |from: &str, to: &str, line: &str, kind: &str| {
        let asked =
            Asked { from: Some(from), to: Some(to), line: Some(line), kind: Some(kind), ..Asked::default() };
        Query::parse(&asked, &Seoul, MORNING)
    };
    let part = |from, to, line, kind| parse(from, to, line, kind).map_err(|invalid| invalid.part());
    for (from, to, line, kind, expected) in [
        ("yesterday", "2026-01-01", "", "", Part::From),
        ("2026-01-01", "2026-02-30", "", "", Part::To),
        ("2026-01-02", "2026-01-02", "", "", Part::To),
        ("2026-01-02", "2026-01-01", "", "", Part::To),
        ("1026-01-01", "2026-01-01", "", "", Part::From),
        ("2026-01-01", "9026-01-01", "", "", Part::To),
        ("", "9223372036854775807", "", "", Part::To),
        ("2024-01-01", "2026-01-01", "", "", Part::From),
        ("2026-01-01", "2026-01-02", "101/1", "", Part::Line),
        ("2026-01-01", "2026-01-02", "", "flood", Part::Kind),
    ] {
        assert_eq!(part(from, to, line, kind), Err(expected), "{from} {to} {line} {kind}");
    }
    assert_eq!(parse("2026-01-02", "2026-01-02", "", ""), Err(Invalid::Backwards));
    assert!(parse("1767225600000", "2026-01-02", "101-1", "fire").is_ok());
    let year = Period::new(MORNING, MORNING + 400 * DAY);
    assert!(year.is_ok() && Period::new(MORNING, MORNING + 401 * DAY) == Err(Invalid::TooLong));
}
