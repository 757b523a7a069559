//! The table, and the file with the same figures.

use serde_json::{Map, Value, json};

use super::{
    Settings,
    peer::Name,
    row::{COLUMNS, Row},
};
use crate::{callers::SOCKETS_OF_FLAT, summary::Range};
use testkit::measure::{disk::Floor, machine, spread::Spread};

/// All runs with one number of subscribers, of this program and, in turn with it, of the other one.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) ours: Vec<Row>,
    pub(super) peers: Vec<Row>,
}

impl Measured {
    /// Describes everything that went wrong, one sentence each.
    pub(super) fn faults(&self, peer: Option<Name>) -> Vec<String> {
        let ours = self.ours.iter().flat_map(Row::faults);
        let name = peer.map_or("", Name::as_str);
        let of_peer = self.peers.iter().flat_map(Row::faults).map(|fault| format!("{name}, {fault}"));
        ours.chain(of_peer).collect()
    }

    /// Returns how many times as long ours took to the last subscriber as the other one, in each run.
    fn ratios(&self, percent: usize) -> Vec<Option<f64>> {
        let pairs = self.ours.iter().zip(&self.peers);
        pairs.map(|(ours, peer)| quotient(&ours.last, &peer.last, percent)).collect()
    }

    fn to_json(&self, peer: Option<Name>) -> Value {
        let mut json = json!({
            "subscribers": self.ours.first().map(|row| row.subscribers),
            "iutsai": of_runs(&self.ours),
        });
        if let Some(name) = peer {
            json[name.as_str()] = of_runs(&self.peers);
            json["ratio_last_p50"] = json!(self.ratios(50));
            json["ratio_last_p99"] = json!(self.ratios(99));
        }
        json
    }
}

/// The machine, the settings, the disk and the head of the table.
pub(super) fn print_preface(settings: &Settings, callers: usize, address: &str, floor: &Floor) {
    let acknowledged = if settings.no_ack { "without ACK" } else { "each call acknowledged" };
    println!("machine   {}; load {} before the first press", machine::facts(), machine::load());
    println!("server    {address}");
    println!(
        "settings  {} run(s) of {} presses after {} to warm up, {} ms apart; {acknowledged}; subscribers on {} \
         thread(s)",
        settings.runs, settings.presses, settings.warm_up, settings.interval_ms, settings.threads
    );
    println!("flats     {callers} press in turn; {SOCKETS_OF_FLAT} sockets to a flat that listens");
    println!("disk      {floor}");
    println!();
    println!(
        "{:>11}  {:^17}  {:^17}  {:^26}  {:^17}  {:^28}",
        "", "press to first", "press to each", "press to last", "POST /alert", "processor and memory"
    );
    let heads: String =
        COLUMNS.iter().map(|column| format!("{:>width$}", column.head, width = column.width)).collect();
    println!("{:>11}{heads}  {:>9}  {:>6}", "subscribers", "published", "missed");
}

/// One line of the table.
pub(super) fn print_row(row: &Row) {
    print_run(&row.subscribers.to_string(), row);
}

/// The line of another program, and how much longer or shorter ours took in the same run.
pub(super) fn print_peer(name: &str, ours: &Row, peer: &Row) {
    print_run(name, peer);
    let ratio = |percent| number(quotient(&ours.last, &peer.last, percent));
    println!(
        "{:>11}  press to last, ours divided by {name}'s: {} at p50, {} at p99",
        "",
        ratio(50),
        ratio(99),
    );
}

/// The least, the median and the most of all runs, where there are several.
pub(super) fn print_summary(measured: &Measured, peer: Option<Name>) {
    if measured.ours.len() < 2 {
        return;
    }
    let print = |name: &str, rows: &[Row]| {
        let ranges = ranges(rows);
        println!("{name:>11}  of {} runs:", rows.len());
        println!("{}", line("min", ranges.map(|range| range.map(|range| range.least))));
        println!("{}", line("median", ranges.map(|range| range.map(|range| range.median))));
        println!("{}", line("max", ranges.map(|range| range.map(|range| range.most))));
    };
    print("iutsai", &measured.ours);
    let Some(name) = peer.map(Name::as_str) else { return };
    print(name, &measured.peers);
    for percent in [50, 99] {
        if let Some(range) = Range::of(measured.ratios(percent)) {
            println!(
                "{:>11}  press to last at p{percent}, ours divided by {name}'s: min {:.2}, median {:.2}, max {:.2}",
                "", range.least, range.median, range.most
            );
        }
    }
}

/// Prints the meaning of the columns.
pub(super) fn print_legend(peer: Option<Name>) {
    println!();
    println!(
        "Milliseconds by one monotonic clock, from before the request is built until a subscriber has read the frame, \
         or the caller the answer. Presser, subscribers and server share the machine. us/frame is the processor's time \
         of the whole program during the presses, divided by the frames that subscribers read; KiB/socket is the \
         growth of its resident memory while the sockets were opened, before any press; MiB is all of it after the \
         presses."
    );
    if let Some(peer) = peer {
        println!("{}", peer.legend());
    }
}

/// Returns everything as JSON.
pub(super) fn to_json(settings: &Settings, measured: &[Measured]) -> Value {
    let measured: Vec<Value> = measured.iter().map(|measured| measured.to_json(settings.peer)).collect();
    json!({
        "runs": settings.runs,
        "presses": settings.presses,
        "warm_up": settings.warm_up,
        "interval_ms": settings.interval_ms,
        "acknowledged": !settings.no_ack,
        "threads": settings.threads,
        "measured": measured,
    })
}

fn of_runs(rows: &[Row]) -> Value {
    let runs: Vec<Value> = rows.iter().map(Row::to_json).collect();
    let ranges = COLUMNS.iter().zip(ranges(rows));
    let summary: Map<String, Value> =
        ranges.filter_map(|(column, range)| Some((column.name.to_owned(), range?.to_json()))).collect();
    json!({ "runs": runs, "summary": summary })
}

/// Returns the range of each column over all runs.
fn ranges(rows: &[Row]) -> [Option<Range>; COLUMNS.len()] {
    let figures: Vec<_> = rows.iter().map(Row::figures).collect();
    std::array::from_fn(|column| Range::of(figures.iter().map(|row| row[column])))
}

/// Returns how many times as long one took as the other, where both were measured.
fn quotient(ours: &Spread, other: &Spread, percent: usize) -> Option<f64> {
    let (ours, other) = (ours.percentile(percent)?, other.percentile(percent)?);
    (!other.is_zero()).then(|| ours.as_secs_f64() / other.as_secs_f64())
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.2}"))
}

fn line(label: &str, figures: [Option<f64>; COLUMNS.len()]) -> String {
    let values = COLUMNS.iter().zip(figures);
    let values: String =
        values.map(|(column, value)| format!("{:>width$}", number(value), width = column.width)).collect();
    format!("{label:>11}{values}")
}

fn print_run(label: &str, row: &Row) {
    println!("{}  {:>9}  {:>6}", line(label, row.figures()), row.published(), row.missing());
    if row.asked_to_wait > 0 {
        println!("{:>11}  the server answered {} times 429, and the presser waited", "", row.asked_to_wait);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fanout::presser::Press;

    fn row(last: u64) -> Row {
        let (answered, seen) = (Duration::from_millis(1), vec![Duration::from_millis(last)]);
        let mut row = Row::new(1);
        row.add(&Press { answered, seen, missing: 0, published: true, asked_to_wait: 0 });
        row
    }

    #[test]
    fn programs_are_compared_by_their_last_subscribers() {
        let empty = Row::new(2);
        assert_eq!(quotient(&empty.last, &row(2).last, 50), None);
        assert_eq!(quotient(&row(3).last, &row(2).last, 50), Some(1.5));
    }

    #[test]
    fn runs_are_summed_up_and_compared_each_with_its_own() {
        let measured = Measured { ours: vec![row(3), row(8), row(1)], peers: vec![row(2), row(4), row(4)] };
        assert_eq!(measured.ratios(99), [1.5, 2.0, 0.25].map(Some));
        let json = measured.to_json(Some(Name::Nchan));
        assert_eq!(
            json["iutsai"]["summary"]["last_p50_ms"],
            json!({ "min": 1.0, "median": 3.0, "max": 8.0 })
        );
        assert_eq!(json["nchan"]["runs"][1]["last_max_ms"], json!(4.0));
        assert_eq!(json["ratio_last_p50"], json!([1.5, 2.0, 0.25]));
        assert!(measured.to_json(None).get("ratio_last_p50").is_none());
    }

    #[test]
    fn a_line_has_a_dash_for_what_is_unknown() {
        let line = line("7", row(3).figures());
        assert!(line.ends_with('-') && line.contains(" 3.00 "), "{line}");
        let width: usize = COLUMNS.iter().map(|column| column.width).sum();
        assert_eq!(line.len(), 11 + width);
    }
}
