//! Counts in quarter-hours of UTC. Every zone's clocks differ from UTC by whole quarter-hours, so the buckets of a
//! local hour or day add up in any of them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    heat_map::HeatMap,
    query::Period,
    row::{Outcome, Row},
    zone::{Date, Zone},
};
use crate::event::Millis;

/// The length of a bucket, in milliseconds.
pub const QUARTER: Millis = 15 * 60 * 1000;

/// The counts of the calls that began in one stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// All calls.
    pub calls: u64,
    /// A neighbour came.
    pub came: u64,
    /// Cancelled at once, and nobody came.
    pub taken_back: u64,
    /// Nobody came.
    pub nobody: u64,
    /// Nobody has come yet.
    pub waiting: u64,
    /// False alarms, of whatever outcome.
    pub false_alarms: u64,
    /// Calls that are open, of whatever outcome.
    pub open: u64,
}

impl Tally {
    fn count(&mut self, row: &Row, now: Millis) {
        self.calls += 1;
        match row.outcome(now) {
            Outcome::Came => self.came += 1,
            Outcome::TakenBack => self.taken_back += 1,
            Outcome::Nobody => self.nobody += 1,
            Outcome::Waiting => self.waiting += 1,
        }
        self.false_alarms += u64::from(row.is_false_alarm());
        self.open += u64::from(row.is_open(now));
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.came += other.came;
        self.taken_back += other.taken_back;
        self.nobody += other.nobody;
        self.waiting += other.waiting;
        self.false_alarms += other.false_alarms;
        self.open += other.open;
    }
}

/// A local day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// The first instant.
    pub from: Millis,
    /// The counts.
    #[serde(flatten)]
    pub tally: Tally,
    /// The day is not over, or not in the period to its end, or one of its calls is open. Its counts may still change.
    pub unfinished: bool,
}

/// The calls of a period by the quarter-hours in which they began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buckets(BTreeMap<Millis, Tally>);

impl Buckets {
    /// Counts one more call as it stands at `now`.
    pub fn add(&mut self, row: &Row, now: Millis) {
        let begins = row.begun.saturating_sub(row.begun.rem_euclid(QUARTER));
        self.0.entry(begins).or_default().count(row, now);
    }

    /// Returns the counts of each quarter-hour in which a call began, by its first instant.
    pub fn iter(&self) -> impl Iterator<Item = (Millis, &Tally)> {
        self.0.iter().map(|(begins, tally)| (*begins, tally))
    }

    /// Returns the counts of everything.
    #[must_use]
    pub fn total(&self) -> Tally {
        self.0.values().fold(Tally::default(), |mut total, tally| {
            total.add(tally);
            total
        })
    }

    /// Adds up one of the counts by local hours of the week. Monday is first.
    #[must_use]
    pub fn heat_map(&self, zone: &dyn Zone, count: impl Fn(&Tally) -> u64) -> HeatMap {
        let mut map = HeatMap::default();
        for (begins, tally) in self.iter() {
            let local = zone.local(begins);
            map[local.date.weekday()][local.hour] += count(tally);
        }
        map
    }

    /// Returns every local day of the period that has begun by `now`, also those without a call.
    #[must_use]
    pub fn days(&self, period: Period, zone: &dyn Zone, now: Millis) -> Vec<Day> {
        let mut tallies: BTreeMap<Date, Tally> = BTreeMap::new();
        let last = zone.local(period.to().saturating_sub(1).min(now)).date;
        let mut date = zone.local(period.from()).date;
        while date <= last {
            tallies.entry(date).or_default();
            date = date.plus(1);
        }
        for (begins, tally) in self.iter() {
            tallies.entry(zone.local(begins).date).or_default().add(tally);
        }
        let until = period.to().min(now);
        let day = |(date, tally): (Date, Tally)| {
            let unfinished = tally.open > 0 || zone.midnight(date.plus(1)) > until;
            Day { date, from: zone.midnight(date), tally, unfinished }
        };
        tallies.into_iter().map(day).collect()
    }
}
