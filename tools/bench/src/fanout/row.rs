//! The results of one run for one number of subscribers, as figures with names.

use serde_json::{Map, Value, json};

use super::{board::Board, meter::Cost, presser::Press};
use crate::summary::distribution;
use testkit::measure::spread::Spread;

/// A column of the table.
pub(super) struct Column {
    /// Its name in JSON.
    pub(super) name: &'static str,
    /// Its head.
    pub(super) head: &'static str,
    /// Its width with the space before it.
    pub(super) width: usize,
}

const fn column(name: &'static str, head: &'static str, width: usize) -> Column {
    Column { name, head, width }
}

/// The columns in their order, which is that of [`Row::figures`].
pub(super) const COLUMNS: [Column; 12] = [
    column("first_p50_ms", "p50", 10),
    column("first_p99_ms", "p99", 9),
    column("each_p50_ms", "p50", 10),
    column("each_p99_ms", "p99", 9),
    column("last_p50_ms", "p50", 10),
    column("last_p99_ms", "p99", 9),
    column("last_max_ms", "max", 9),
    column("post_p50_ms", "p50", 10),
    column("post_p99_ms", "p99", 9),
    column("processor_us_per_frame", "us/frame", 10),
    column("kib_per_socket", "KiB/socket", 11),
    column("resident_mib", "MiB", 9),
];

/// The results for one number of subscribers.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) subscribers: usize,
    answered: Spread,
    first: Spread,
    each: Spread,
    pub(super) last: Spread,
    missing: usize,
    published: usize,
    pub(super) asked_to_wait: u32,
    twice: usize,
    ended: Vec<String>,
    cost: Option<Cost>,
}

impl Row {
    pub(super) fn new(subscribers: usize) -> Self {
        Self { subscribers, ..Self::default() }
    }

    /// Adds a press. A press that missed somebody has no last one.
    pub(super) fn add(&mut self, press: &Press) {
        self.answered.add(press.answered);
        self.each.extend(press.seen.iter().copied());
        self.first.extend(press.seen.iter().min().copied());
        if press.missing == 0 {
            self.last.extend(press.seen.iter().max().copied());
        }
        self.missing += press.missing;
        self.published += usize::from(press.published);
        self.asked_to_wait += press.asked_to_wait;
    }

    /// Adds what the subscribers noted, and the cost.
    pub(super) fn record(&mut self, board: &Board, cost: Option<Cost>) {
        self.twice = board.twice();
        self.ended = board.ended();
        self.cost = cost;
    }

    /// Describes every missed or doubled alarm, one sentence each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |count: usize, what: &str| {
            if count > 0 {
                faults.push(format!("with {} subscribers: {count} {what}", self.subscribers));
            }
        };
        fault(self.missing, "times a subscriber did not get a call in time");
        fault(self.twice, "times a subscriber got a call again");
        let why = self.ended.first().map_or("", String::as_str);
        fault(self.ended.len(), &format!("sockets ended, the first because: {why}"));
        faults
    }

    /// Returns the values of [`COLUMNS`].
    pub(super) fn figures(&self) -> [Option<f64>; COLUMNS.len()] {
        let shares = |spread: &Spread| spread.per_mille(&[500, 990, 1_000]);
        let ms = |times: &[Option<std::time::Duration>], index: usize| {
            times[index].map(|time| time.as_secs_f64() * 1_000.0)
        };
        let (first, each) = (shares(&self.first), shares(&self.each));
        let (last, post) = (shares(&self.last), shares(&self.answered));
        [
            ms(&first, 0),
            ms(&first, 1),
            ms(&each, 0),
            ms(&each, 1),
            ms(&last, 0),
            ms(&last, 1),
            ms(&last, 2),
            ms(&post, 0),
            ms(&post, 1),
            self.cost.and_then(|cost| cost.of_frame),
            self.cost.and_then(|cost| cost.of_socket),
            self.cost.map(|cost| cost.resident),
        ]
    }

    /// Returns how many presses were in the log when they were answered, of all.
    pub(super) fn published(&self) -> String {
        format!("{}/{}", self.published, self.answered.count())
    }

    /// Returns how often a subscriber missed a call.
    pub(super) const fn missing(&self) -> usize {
        self.missing
    }

    /// Returns everything as JSON.
    pub(super) fn to_json(&self) -> Value {
        let figures = COLUMNS.iter().zip(self.figures());
        let mut all: Map<String, Value> =
            figures.map(|(column, value)| (column.name.to_owned(), json!(value))).collect();
        all.insert("presses".into(), json!(self.answered.count()));
        all.insert("published".into(), json!(self.published));
        all.insert("missed".into(), json!(self.missing));
        let spreads = [("first", &self.first), ("each", &self.each), ("last", &self.last)];
        for (name, spread) in spreads.into_iter().chain([("post", &self.answered)]) {
            all.insert(format!("{name}_ms"), distribution(spread));
        }
        Value::Object(all)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn press(seen: &[u64], missing: usize) -> Press {
        let seen = seen.iter().copied().map(Duration::from_millis).collect();
        Press { answered: Duration::from_millis(9), seen, missing, published: true, asked_to_wait: 0 }
    }

    #[test]
    fn a_press_that_missed_somebody_is_a_fault_and_has_no_last() {
        let mut row = Row::new(2);
        row.add(&press(&[3, 2], 0));
        assert_eq!(row.faults(), Vec::<String>::new());
        row.add(&press(&[1], 1));
        assert_eq!((row.first.count(), row.each.count(), row.last.count()), (2, 3, 1));
        assert_eq!(row.faults(), ["with 2 subscribers: 1 times a subscriber did not get a call in time"]);
    }

    #[test]
    fn figures_stand_under_their_names_and_what_is_unknown_is_null() {
        let mut row = Row::new(2);
        row.add(&press(&[4, 2], 0));
        let json = row.to_json();
        assert_eq!((&json["first_p50_ms"], &json["last_max_ms"]), (&json!(2.0), &json!(4.0)));
        assert_eq!((&json["post_p99_ms"], &json["resident_mib"]), (&json!(9.0), &Value::Null));
        let cost = Cost { of_frame: Some(1.5), of_socket: None, resident: 7.0 };
        row.record(&Board::default(), Some(cost));
        let json = row.to_json();
        assert_eq!((&json["processor_us_per_frame"], &json["resident_mib"]), (&json!(1.5), &json!(7.0)));
        assert_eq!(json["each_ms"]["count"], json!(2));
    }
}
