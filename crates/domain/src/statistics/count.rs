//! Figures of rows.

use std::collections::{BTreeMap, HashMap};

use super::{
    buckets::{Buckets, by_hour},
    figures::{Alarms, Counts, Drills, Figures, OfLine, Positions, Previous, Reach, Unanswered},
    percentiles::Percentiles,
    query::{Period, Query},
    row::{Outcome, Row},
    times::Times,
    zone::Zone,
};
use crate::{
    event::{Kind, Millis, Progress},
    people::{House, Line},
};

/// The word for calls without a kind.
const NO_KIND: &str = "none";

/// The basis of figures besides rows.
pub struct Basis<'a> {
    /// The complex's time zone.
    pub zone: &'a dyn Zone,
    /// The instant of which the figures are.
    pub as_of: Millis,
    /// Up to where the log was read.
    pub positions: Positions,
    /// The number of flats of each line. For a line that is not listed, the flats that were reached count.
    pub flats: BTreeMap<Line, u64>,
}

/// Returns the figures of the rows that a question selects. The rows may have any order, but a call must have one row.
pub fn figures<'a>(rows: impl IntoIterator<Item = &'a Row>, query: &Query, basis: &Basis<'_>) -> Figures {
    let period = query.period;
    // A period that is not over is compared with the same part of the other one.
    let elapsed = basis.as_of.saturating_sub(period.from());
    let before = if basis.as_of < period.to() { query.compared.first(elapsed) } else { query.compared };
    let (mut now, mut then) = (Vec::new(), Vec::new());
    for row in rows.into_iter().filter(|row| query.selects(row)) {
        if period.contains(row.begun) {
            now.push(row);
        }
        if before.contains(row.begun) {
            then.push(row);
        }
    }
    Figures {
        from: period.from(),
        to: period.to(),
        timezone: basis.zone.name().to_owned(),
        as_of: basis.as_of,
        positions: basis.positions.clone(),
        counts: counts(now, period, basis),
        previous: Previous { from: before.from(), to: before.to(), counts: counts(then, before, basis) },
    }
}

fn counts(rows: Vec<&Row>, period: Period, basis: &Basis<'_>) -> Counts {
    let Basis { zone, as_of, .. } = *basis;
    let (drills, calls): (Vec<&Row>, Vec<&Row>) = rows.into_iter().partition(|row| row.drill);
    let buckets = Buckets::of(&calls, as_of);
    let (total, heat_map) = (buckets.total(), buckets.heat_map(zone, |tally| tally.calls));
    let ended = |how: Progress| count(&calls, |row| row.end(as_of) == Some(how));
    let times = Times::of(&calls);
    Counts {
        calls: total.calls,
        drills: drills.len() as u64,
        cancelled: ended(Progress::Cancelled),
        resolved: ended(Progress::Resolved),
        expired: ended(Progress::Expired),
        unfinished: total.open,
        accepted: total.came,
        unaccepted: total.calls - total.came,
        taken_back: total.taken_back,
        nobody_came: total.nobody,
        waiting: total.waiting,
        false_alarms: total.false_alarms,
        escalated: count(&calls, |row| row.escalated.is_some()),
        by_hour: by_hour(&heat_map),
        by_weekday: heat_map.map(|day| day.iter().sum::<u64>()),
        heat_map,
        by_day: buckets.days(period, zone, as_of),
        false_alarms_by_hour: by_hour(&buckets.heat_map(zone, |tally| tally.false_alarms)),
        by_line: grouped(&calls, |row| row.line.clone()),
        by_kind: grouped(&calls, |row| row.kind.map_or(NO_KIND, Kind::as_str)),
        lines: lines(&calls, as_of),
        distributions: times.distributions(),
        clamped: times.clamped,
        to_reached_ms: Percentiles::of(times.reached),
        to_first_accept_ms: Percentiles::of(times.first_accept),
        to_arrived_ms: Percentiles::of(times.arrived),
        to_resolved_ms: Percentiles::of(times.resolved),
        reach: reach(&calls, &basis.flats),
        alarms: alarms(&calls, zone),
        drill: of_drills(&drills, basis),
        nobody: nobody(&calls, as_of),
    }
}

fn of_drills(drills: &[&Row], basis: &Basis<'_>) -> Drills {
    let times = Times::of(drills);
    let buckets = Buckets::of(drills, basis.as_of);
    Drills {
        drills: drills.len() as u64,
        accepted: buckets.total().came,
        reach: reach(drills, &basis.flats),
        by_line: grouped(drills, |row| row.line.clone()),
        by_hour: by_hour(&buckets.heat_map(basis.zone, |tally| tally.calls)),
        to_reached_ms: Percentiles::of(times.reached),
        to_first_accept_ms: Percentiles::of(times.first_accept),
    }
}

fn count(rows: &[&Row], is_counted: impl Fn(&Row) -> bool) -> u64 {
    rows.iter().filter(|row| is_counted(row)).count() as u64
}

fn grouped<K: Ord>(rows: &[&Row], key: impl Fn(&Row) -> K) -> BTreeMap<K, u64> {
    let mut groups: BTreeMap<K, u64> = BTreeMap::new();
    for row in rows {
        *groups.entry(key(row)).or_default() += 1;
    }
    groups
}

fn lines(calls: &[&Row], as_of: Millis) -> BTreeMap<Line, OfLine> {
    let mut lines: BTreeMap<&Line, Vec<&Row>> = BTreeMap::new();
    for row in calls {
        lines.entry(&row.line).or_default().push(row);
    }
    let of_line = |calls: &[&Row]| OfLine {
        calls: calls.len() as u64,
        accepted: count(calls, |row| row.outcome(as_of) == Outcome::Came),
        nobody_came: count(calls, |row| row.outcome(as_of) == Outcome::Nobody),
        false_alarms: count(calls, Row::is_false_alarm),
        to_first_accept_ms: Percentiles::of(Times::of(calls).first_accept),
    };
    lines.into_iter().map(|(line, calls)| (line.clone(), of_line(&calls))).collect()
}

fn reach(calls: &[&Row], flats: &BTreeMap<Line, u64>) -> Reach {
    let mut reach = Reach::default();
    for row in calls {
        let own = row.reached.iter().filter(|flat| flat.line.is_none()).count() as u64;
        let alarmed = flats.get(&row.line).map_or(own, |flats| flats.saturating_sub(1));
        reach.calls += 1;
        reach.reached += u64::from(!row.reached.is_empty());
        reach.flats += own;
        // A flat may have been given up since.
        reach.of_flats += alarmed.max(own);
    }
    reach
}

fn alarms(calls: &[&Row], zone: &dyn Zone) -> Alarms {
    let mut flats: HashMap<(&Line, &House), (i64, i64)> = HashMap::new();
    for row in calls {
        let is_night = i64::from(zone.local(row.begun).is_night());
        for flat in &row.reached {
            let (all, at_night) =
                flats.entry((flat.line.as_ref().unwrap_or(&row.line), &flat.house)).or_default();
            *all += 1;
            *at_night += is_night;
        }
    }
    let sum = |counts: &[i64]| counts.iter().map(|count| count.unsigned_abs()).sum::<u64>();
    let (all, at_night): (Vec<i64>, Vec<i64>) = flats.into_values().unzip();
    Alarms {
        flats: all.len() as u64,
        all: sum(&all),
        at_night: sum(&at_night),
        by_flat: Percentiles::of(all),
        at_night_by_flat: Percentiles::of(at_night),
    }
}

fn nobody(calls: &[&Row], as_of: Millis) -> Vec<Unanswered> {
    let left = calls.iter().filter(|row| row.outcome(as_of) == Outcome::Nobody);
    let mut left: Vec<Unanswered> = left.map(|row| Unanswered::from(*row)).collect();
    left.sort();
    left
}
