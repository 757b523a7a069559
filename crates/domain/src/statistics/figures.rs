//! The figures of a period as JSON. Field names are part of the contract.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    buckets::Day,
    heat_map::{ByHour, HeatMap},
    percentiles::{CLASS_BOUNDS, Distribution, Percentiles},
    row::Row,
};
use crate::{
    event::{AlertId, Millis},
    people::{House, Line},
};

/// The place up to which the log was read, as the next offset of each partition of each topic.
pub type Positions = BTreeMap<String, BTreeMap<i32, i64>>;

/// The figures of a period, beside those of another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// The first instant of the period.
    pub from: Millis,
    /// The first instant after the period.
    pub to: Millis,
    /// The IANA name of the zone that hours and days are of.
    pub timezone: String,
    /// The instant of which the figures are. A call that is open may still change them.
    pub as_of: Millis,
    /// Up to where the log was read.
    pub positions: Positions,
    /// The figures.
    #[serde(flatten)]
    pub counts: Counts,
    /// The figures of the period before.
    pub previous: Previous,
}

/// The figures of the period before. While the period itself is not over, the same part of this one counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Previous {
    /// The first instant that counts.
    pub from: Millis,
    /// The first instant that no longer counts.
    pub to: Millis,
    /// The figures.
    #[serde(flatten)]
    pub counts: Counts,
}

/// The figures of one period. All but `drills` and `drill` are of calls that are not drills.
///
/// `calls` = `cancelled` + `resolved` + `expired` + `unfinished` = `accepted` + `unaccepted`, and `unaccepted` =
/// `taken_back` + `nobody_came` + `waiting`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Calls that began in the period.
    pub calls: u64,
    /// Drills that began in the period.
    pub drills: u64,
    /// Calls that the caller took back.
    pub cancelled: u64,
    /// Calls that the caller or the office ended.
    pub resolved: u64,
    /// Calls that nobody ended within 24 hours.
    pub expired: u64,
    /// Calls that are open.
    pub unfinished: u64,
    /// Calls to which a neighbour came, because one accepted and did not withdraw, or was there.
    pub accepted: u64,
    /// All other calls.
    pub unaccepted: u64,
    /// Calls to which nobody came, and that the caller cancelled at once ([`super::FALSE_ALARM_WITHIN`]).
    pub taken_back: u64,
    /// Calls to which nobody came, though they ended otherwise or have waited for [`super::WAITS_FOR`].
    pub nobody_came: u64,
    /// Calls that wait for a first neighbour.
    pub waiting: u64,
    /// Calls that the caller cancelled at once before anybody had arrived.
    pub false_alarms: u64,
    /// Calls of which more people than the line were alarmed.
    pub escalated: u64,
    /// By local hour of the day.
    pub by_hour: ByHour,
    /// By day of the week; Monday is first.
    pub by_weekday: [u64; 7],
    /// By local hour of the week.
    pub heat_map: HeatMap,
    /// By local day; every day of the period that has begun.
    pub by_day: Vec<Day>,
    /// False alarms by local hour of the day.
    pub false_alarms_by_hour: ByHour,
    /// By line.
    pub by_line: BTreeMap<Line, u64>,
    /// By kind. `none` stands for calls without one.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// More of each line that had calls.
    pub lines: BTreeMap<Line, OfLine>,
    /// From the call to the first record of a flat that was reached.
    pub to_reached_ms: Percentiles,
    /// From the call to the first accept, of `accepted` calls.
    pub to_first_accept_ms: Percentiles,
    /// From the call to the first arrival.
    pub to_arrived_ms: Percentiles,
    /// From the call to its end, of `resolved` calls.
    pub to_resolved_ms: Percentiles,
    /// The distributions of these times.
    pub distributions: Distributions,
    /// Times that were negative, because clocks of two nodes differ, and count as 0.
    pub clamped: u64,
    /// The reach of calls.
    pub reach: Reach,
    /// The alarms of flats.
    pub alarms: Alarms,
    /// The figures of the drills.
    pub drill: Drills,
    /// The calls to which nobody came, the oldest first.
    pub nobody: Vec<Unanswered>,
}

/// The figures of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OfLine {
    /// Its calls.
    pub calls: u64,
    /// Calls to which a neighbour came.
    pub accepted: u64,
    /// Calls to which nobody came.
    pub nobody_came: u64,
    /// False alarms.
    pub false_alarms: u64,
    /// From the call to the first accept.
    pub to_first_accept_ms: Percentiles,
}

/// The distributions of the times, by the classes that end with `bounds_ms`. The last class has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Distributions {
    /// The longest time of each class but the last.
    pub bounds_ms: [Millis; CLASS_BOUNDS.len()],
    /// From the call to the first flat that was reached.
    pub to_reached: Distribution,
    /// From the call to the first accept.
    pub to_first_accept: Distribution,
    /// From the call to the first arrival.
    pub to_arrived: Distribution,
    /// From the call to its end.
    pub to_resolved: Distribution,
}

/// The reach of calls. A share is `reached` of `calls`, or `flats` of `of_flats`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// Calls.
    pub calls: u64,
    /// Calls that reached a flat.
    pub reached: u64,
    /// Flats of the call's own line that were reached, added up over calls.
    pub flats: u64,
    /// Flats of the call's own line without the caller's, added up over calls.
    pub of_flats: u64,
}

/// The alarms of flats, counted as the calls that reached each flat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Alarms {
    /// Flats that were alarmed at least once.
    pub flats: u64,
    /// Alarms of all flats together.
    pub all: u64,
    /// Alarms that came at night, from 22 to 7 o'clock.
    pub at_night: u64,
    /// Alarms of each flat that was alarmed.
    pub by_flat: Percentiles,
    /// Alarms at night of each flat that was alarmed, 0 included.
    pub at_night_by_flat: Percentiles,
}

/// The figures of the drills.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Drills {
    /// The number of drills.
    pub drills: u64,
    /// Drills to which a neighbour came.
    pub accepted: u64,
    /// Their reach.
    pub reach: Reach,
    /// By line.
    pub by_line: BTreeMap<Line, u64>,
    /// By local hour of the day.
    pub by_hour: ByHour,
    /// From the drill to the first record of a flat that was reached.
    pub to_reached_ms: Percentiles,
    /// From the drill to the first accept.
    pub to_first_accept_ms: Percentiles,
}

/// A call to which nobody came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unanswered {
    /// When it began.
    pub begun: Millis,
    /// Its id.
    pub id: AlertId,
    /// Its line.
    pub line: Line,
    /// The flat that called.
    pub house: House,
}

impl From<&Row> for Unanswered {
    fn from(row: &Row) -> Self {
        Self { begun: row.begun, id: row.id, line: row.line.clone(), house: row.house.clone() }
    }
}
