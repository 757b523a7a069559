//! Figures of rows.

use std::collections::{BTreeMap, HashMap};

use super::{
    buckets::Buckets,
    figures::{Alarms, Counts, Drills, Figures, OfLine, Positions, Previous, Reach, Unanswered},
    heat_map::by_hour,
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
    let mut counting = Counting::new(query, basis);
    for row in rows {
        counting.add(row);
    }
    counting.figures()
}

/// The count of the rows of a question, to which one row after another is added. It keeps sums and times, and no row.
pub struct Counting<'a> {
    query: &'a Query,
    /// The part of the other period that counts.
    before: Period,
    basis: &'a Basis<'a>,
    now: Sums,
    then: Sums,
}

impl<'a> Counting<'a> {
    /// Begins to count.
    #[must_use]
    pub fn new(query: &'a Query, basis: &'a Basis<'a>) -> Self {
        let period = query.period;
        // A period that is not over is compared with the same part of the other one.
        let elapsed = basis.as_of.saturating_sub(period.from());
        let before = if basis.as_of < period.to() { query.compared.first(elapsed) } else { query.compared };
        Self { query, before, basis, now: Sums::default(), then: Sums::default() }
    }

    /// Counts a row, if the question selects it.
    pub fn add(&mut self, row: &Row) {
        if !self.query.selects(row) {
            return;
        }
        if self.query.period.contains(row.begun) {
            self.now.add(row, self.basis);
        }
        if self.before.contains(row.begun) {
            self.then.add(row, self.basis);
        }
    }

    /// Returns the figures of the rows that were added.
    #[must_use]
    pub fn figures(self) -> Figures {
        let Self { query, before, basis, now, then } = self;
        let period = query.period;
        Figures {
            from: period.from(),
            to: period.to(),
            timezone: basis.zone.name().to_owned(),
            as_of: basis.as_of,
            positions: basis.positions.clone(),
            counts: now.counts(period, basis),
            previous: Previous { from: before.from(), to: before.to(), counts: then.counts(before, basis) },
        }
    }
}

/// The sums of the calls and drills of one period.
#[derive(Default)]
struct Sums {
    calls: Common,
    drills: Common,
    cancelled: u64,
    resolved: u64,
    expired: u64,
    escalated: u64,
    by_kind: BTreeMap<&'static str, u64>,
    lines: BTreeMap<Line, (OfLine, Times)>,
    alarms: AlarmsOfFlats,
    nobody: Vec<Unanswered>,
}

/// The sums that calls and drills have in common.
#[derive(Default)]
struct Common {
    count: u64,
    buckets: Buckets,
    times: Times,
    by_line: BTreeMap<Line, u64>,
    reach: Reach,
}

impl Common {
    fn add(&mut self, row: &Row, basis: &Basis<'_>) {
        self.count += 1;
        self.buckets.add(row, basis.as_of);
        self.times.add(row);
        *self.by_line.entry(row.line.clone()).or_default() += 1;
        add_reach(&mut self.reach, row, &basis.flats);
    }
}

impl Sums {
    fn add(&mut self, row: &Row, basis: &Basis<'_>) {
        if row.drill {
            return self.drills.add(row, basis);
        }
        self.calls.add(row, basis);
        match row.end(basis.as_of) {
            Some(Progress::Cancelled) => self.cancelled += 1,
            Some(Progress::Resolved) => self.resolved += 1,
            Some(Progress::Expired) => self.expired += 1,
            _ => {}
        }
        self.escalated += u64::from(row.escalated.is_some());
        *self.by_kind.entry(row.kind.map_or(NO_KIND, Kind::as_str)).or_default() += 1;
        self.add_to_line(row, basis.as_of);
        self.alarms.add(row, basis.zone);
        if row.outcome(basis.as_of) == Outcome::Nobody {
            self.nobody.push(Unanswered::from(row));
        }
    }

    fn add_to_line(&mut self, row: &Row, as_of: Millis) {
        let (line, times) = self.lines.entry(row.line.clone()).or_default();
        let outcome = row.outcome(as_of);
        line.calls += 1;
        line.accepted += u64::from(outcome == Outcome::Came);
        line.nobody_came += u64::from(outcome == Outcome::Nobody);
        line.false_alarms += u64::from(row.is_false_alarm());
        times.add(row);
    }

    fn counts(mut self, period: Period, basis: &Basis<'_>) -> Counts {
        let Basis { zone, as_of, .. } = *basis;
        let Common { buckets, times, by_line, reach, .. } = self.calls;
        let (total, heat_map) = (buckets.total(), buckets.heat_map(zone, |tally| tally.calls));
        self.nobody.sort();
        Counts {
            calls: total.calls,
            drills: self.drills.count,
            cancelled: self.cancelled,
            resolved: self.resolved,
            expired: self.expired,
            unfinished: total.open,
            accepted: total.came,
            unaccepted: total.calls - total.came,
            taken_back: total.taken_back,
            nobody_came: total.nobody,
            waiting: total.waiting,
            false_alarms: total.false_alarms,
            escalated: self.escalated,
            by_hour: by_hour(&heat_map),
            by_weekday: heat_map.map(|day| day.iter().sum::<u64>()),
            heat_map,
            by_day: buckets.days(period, zone, as_of),
            false_alarms_by_hour: by_hour(&buckets.heat_map(zone, |tally| tally.false_alarms)),
            by_line,
            by_kind: self.by_kind,
            lines: self.lines.into_iter().map(|(line, (sums, times))| (line, of_line(sums, times))).collect(),
            distributions: times.distributions(),
            clamped: times.clamped,
            to_reached_ms: Percentiles::of(times.reached),
            to_first_accept_ms: Percentiles::of(times.first_accept),
            to_arrived_ms: Percentiles::of(times.arrived),
            to_resolved_ms: Percentiles::of(times.resolved),
            reach,
            alarms: self.alarms.figures(),
            drill: of_drills(self.drills, zone),
            nobody: self.nobody,
        }
    }
}

fn of_line(mut sums: OfLine, times: Times) -> OfLine {
    sums.to_first_accept_ms = Percentiles::of(times.first_accept);
    sums
}

fn of_drills(drills: Common, zone: &dyn Zone) -> Drills {
    let Common { count, buckets, times, by_line, reach } = drills;
    Drills {
        drills: count,
        accepted: buckets.total().came,
        reach,
        by_line,
        by_hour: by_hour(&buckets.heat_map(zone, |tally| tally.calls)),
        to_reached_ms: Percentiles::of(times.reached),
        to_first_accept_ms: Percentiles::of(times.first_accept),
    }
}

fn add_reach(reach: &mut Reach, row: &Row, flats: &BTreeMap<Line, u64>) {
    let own = row.reached.iter().filter(|flat| flat.line.is_none()).count() as u64;
    let alarmed = flats.get(&row.line).map_or(own, |flats| flats.saturating_sub(1));
    reach.calls += 1;
    reach.reached += u64::from(!row.reached.is_empty());
    reach.flats += own;
    // A flat may have been given up since.
    reach.of_flats += alarmed.max(own);
}

/// All alarms of each flat, and those at night, by line and house.
#[derive(Default)]
struct AlarmsOfFlats(HashMap<Line, HashMap<House, (i64, i64)>>);

impl AlarmsOfFlats {
    fn add(&mut self, row: &Row, zone: &dyn Zone) {
        let is_night = i64::from(zone.local(row.begun).is_night());
        for flat in &row.reached {
            let line = flat.line.as_ref().unwrap_or(&row.line);
            // Names are copied for the first alarm of a flat only.
            match self.0.get_mut(line).and_then(|houses| houses.get_mut(&flat.house)) {
                Some((all, at_night)) => {
                    *all += 1;
                    *at_night += is_night;
                }
                None => {
                    self.0.entry(line.clone()).or_default().insert(flat.house.clone(), (1, is_night));
                }
            }
        }
    }

    fn figures(self) -> Alarms {
        let sum = |counts: &[i64]| counts.iter().map(|count| count.unsigned_abs()).sum::<u64>();
        let flats = self.0.into_values().flat_map(HashMap::into_values);
        let (all, at_night): (Vec<i64>, Vec<i64>) = flats.unzip();
        Alarms {
            flats: all.len() as u64,
            all: sum(&all),
            at_night: sum(&at_night),
            by_flat: Percentiles::of(all),
            at_night_by_flat: Percentiles::of(at_night),
        }
    }
}
