//! The tables for spreadsheet programs. `docs/operations/statistics-tables.md` names their columns.

use std::collections::HashMap;

use domain::{
    Kind, Millis, Progress,
    statistics::{Figures, Outcome, Row, Zone},
};
use serde_json::Value;

use crate::downloads::Csv;

/// The columns of a table of figures.
const FIGURES: [&str; 4] = ["figure", "group", "value", "previous"];

/// The columns of a table of calls.
const CALLS: [&str; 19] = [
    "id",
    "line",
    "house",
    "kind",
    "drill",
    "begun",
    "begun_ms",
    "end",
    "ended",
    "outcome",
    "false_alarm",
    "escalated",
    "reached_flats",
    "accepted_flats",
    "came_flats",
    "to_reached_ms",
    "to_first_accept_ms",
    "to_arrived_ms",
    "to_end_ms",
];

/// The fields that the other period does not have, or that have a table of their own.
const APART: [&str; 3] = ["previous", "positions", "nobody"];

/// Returns a row for each number of the figures. Its names are those of the JSON, since it is made of that.
pub(super) fn of_figures(figures: &Figures) -> Csv {
    let json = serde_json::to_value(figures).expect("names, numbers and lists of them are always JSON");
    let now = numbers(&json);
    let previous: HashMap<(String, String), String> =
        numbers(&json["previous"]).into_iter().map(|[name, group, value]| ((name, group), value)).collect();
    let mut csv = Csv::new(&FIGURES);
    for [name, group, value] in now {
        let key = (name, group);
        let before = previous.get(&key).cloned().unwrap_or_default();
        csv.row(&[key.0, key.1, value, before]);
    }
    csv
}

/// Returns each value that is neither a list nor an object, with the field that it is in and its place there.
fn numbers(json: &Value) -> Vec<[String; 3]> {
    let mut numbers = Vec::new();
    for (name, value) in json.as_object().into_iter().flatten() {
        if !APART.contains(&name.as_str()) {
            collect(name, String::new(), value, &mut numbers);
        }
    }
    numbers
}

fn collect(name: &str, group: String, value: &Value, numbers: &mut Vec<[String; 3]>) {
    let within = |place: &str| if group.is_empty() { place.to_owned() } else { format!("{group}.{place}") };
    match value {
        Value::Object(fields) => {
            for (place, value) in fields {
                collect(name, within(place), value, numbers);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let date = item.get("date").and_then(Value::as_str);
                let place = date.map_or_else(|| index.to_string(), str::to_owned);
                collect(name, within(&place), item, numbers);
            }
        }
        Value::Null => numbers.push([name.to_owned(), group, String::new()]),
        Value::String(text) => numbers.push([name.to_owned(), group, text.clone()]),
        Value::Bool(_) | Value::Number(_) => numbers.push([name.to_owned(), group, value.to_string()]),
    }
}

/// Returns a row for each call, as it stands at `now`.
pub(super) fn of_rows(rows: &[Row], zone: &dyn Zone, now: Millis) -> Csv {
    let mut csv = Csv::new(&CALLS);
    for row in rows {
        csv.row(&call(row, zone, now));
    }
    csv
}

fn call(row: &Row, zone: &dyn Zone, now: Millis) -> [String; CALLS.len()] {
    let local = |at: Option<Millis>| at.map(|at| stamp(at, zone)).unwrap_or_default();
    let after = |at: Option<Millis>| at.map(|at| (at - row.begun).max(0).to_string()).unwrap_or_default();
    let ended = row.ended.map(|ended| ended.at);
    [
        row.id.to_string(),
        row.line.to_string(),
        row.house.to_string(),
        row.kind.map_or("none", Kind::as_str).to_owned(),
        row.drill.to_string(),
        stamp(row.begun, zone),
        row.begun.to_string(),
        row.end(now).map_or("", end).to_owned(),
        local(ended),
        outcome(row.outcome(now)).to_owned(),
        row.is_false_alarm().to_string(),
        row.escalated.is_some().to_string(),
        row.reached.len().to_string(),
        row.accepts.to_string(),
        row.came.to_string(),
        after(row.first_reached),
        after(row.first_accept),
        after(row.first_arrived),
        after(ended),
    ]
}

const fn end(how: Progress) -> &'static str {
    match how {
        Progress::Cancelled => "cancelled",
        Progress::Resolved => "resolved",
        Progress::Expired => "expired",
        // None of these ends a call.
        Progress::Withdrawn | Progress::Arrived | Progress::Escalated => "",
    }
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Came => "came",
        Outcome::TakenBack => "taken_back",
        Outcome::Waiting => "waiting",
        Outcome::Nobody => "nobody",
    }
}

/// An instant as the zone's calendar and clock show it, which spreadsheet programs read as a date.
fn stamp(at: Millis, zone: &dyn Zone) -> String {
    let [hours, minutes, seconds] = zone.clock(at);
    format!("{} {hours:02}:{minutes:02}:{seconds:02}", zone.local(at).date)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use domain::{
        AlertId,
        statistics::{Basis, Ended, Period, Query, Utc, figures},
    };

    use super::*;

    const NOON: Millis = 1_795_953_600_000;

    fn row() -> Row {
        Row {
            line: "=101-1".parse().unwrap(),
            house: "1203".parse().unwrap(),
            id: AlertId(uuid::Uuid::from_u128(1)),
            kind: Some(Kind::Fire),
            drill: false,
            begun: NOON,
            ended: Some(Ended { how: Progress::Resolved, at: NOON + 600_000 }),
            accepts: 1,
            came: 1,
            first_accept: Some(NOON + 38_000),
            first_arrived: None,
            escalated: None,
            reached: [].into(),
            sounded: [].into(),
            seen: [].into(),
            steps: BTreeSet::new(),
            first_reached: Some(NOON - 5),
            words: 3,
        }
    }

    #[test]
    fn a_call_is_a_row_in_local_time_with_a_cell_for_each_column() {
        let text = of_rows(&[row()], &Utc, NOON + 1_000_000).into_text();
        let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
        assert_eq!(lines[0], CALLS.join(","));
        assert_eq!(
            lines[1],
            "00000000-0000-0000-0000-000000000001,'=101-1,1203,fire,false,2026-11-29 12:00:00,1795953600000,resolved,\
             2026-11-29 12:10:00,came,false,false,0,1,1,0,38000,,600000"
        );
    }

    #[test]
    fn the_table_of_figures_has_the_names_and_numbers_of_the_json() {
        let query = Query::new(Period::new(NOON - 43_200_000, NOON + 43_200_000).unwrap());
        let basis =
            Basis { zone: &Utc, as_of: NOON + 1_000_000, positions: BTreeMap::new(), flats: BTreeMap::new() };
        let text = of_figures(&figures(&[row()], &query, &basis)).into_text();
        let has = |line: &str| text.lines().any(|one| one == line);
        for line in [
            "calls,,1,0",
            "by_hour,12,1,0",
            "by_kind,fire,1,",
            "to_first_accept_ms,p50,38000,",
            "by_day,2026-11-29.calls,1,",
            "heat_map,6.12,1,0",
            "timezone,,UTC,",
        ] {
            assert!(has(line), "{line} in {text}");
        }
        assert!(text.starts_with("\u{feff}figure,group,value,previous\r\n"), "{text}");
        assert!(!text.contains("\nprevious,") && !text.contains("\nnobody,"), "{text}");
    }
}
