//! The printed report, and the file with the same figures.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{FLATS, Settings};
use crate::{summary::Range, words::mebibytes};
use testkit::measure::{machine, memory::Memory};

/// One start.
pub(super) struct Run {
    /// The records that the outbox had before.
    pub(super) expected: u64,
    /// The records that the server has read.
    pub(super) read: u64,
    /// From the start of the process until it was ready.
    pub(super) ready: Duration,
    /// Until it also reported that the log is read.
    pub(super) rebuilt: Duration,
    /// The time of the reading by the server's own clock.
    pub(super) own: Duration,
    /// On all cores, until the log was read.
    pub(super) processor: Duration,
    pub(super) memory: Memory,
}

/// A figure of a run.
struct Column {
    /// In the file.
    name: &'static str,
    /// In the table.
    head: &'static str,
    decimals: usize,
    of: fn(&Run) -> f64,
}

const COLUMNS: [Column; 7] = [
    Column { name: "ready_s", head: "ready", decimals: 2, of: |run| run.ready.as_secs_f64() },
    Column { name: "rebuilt_s", head: "rebuilt", decimals: 2, of: |run| run.rebuilt.as_secs_f64() },
    Column { name: "own_s", head: "reading", decimals: 2, of: |run| run.own.as_secs_f64() },
    Column { name: "records_per_s", head: "records/s", decimals: 0, of: Run::rate },
    Column { name: "processor_s", head: "CPU s", decimals: 2, of: |run| run.processor.as_secs_f64() },
    Column { name: "resident_mib", head: "MiB", decimals: 0, of: |run| mebibytes(run.memory.now) },
    Column { name: "most_mib", head: "MiB at most", decimals: 0, of: |run| mebibytes(run.memory.most) },
];

impl Run {
    /// Returns the records of a second of the reading, by the server's own clock.
    fn rate(&self) -> f64 {
        self.read as f64 / self.own.as_secs_f64()
    }
}

/// Describes everything that was not read, one sentence each. The first start must find so many records.
pub(super) fn faults(written: u64, runs: &[Run]) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(first) = runs.first().filter(|first| first.expected != written) {
        faults.push(format!("the outbox has {} records where {written} were written", first.expected));
    }
    for (number, run) in (1..).zip(runs) {
        if run.read != run.expected {
            faults.push(format!("start {number} read {} of {} records", run.read, run.expected));
        }
    }
    faults
}

/// The machine, the settings and the head of the table.
pub(super) fn print_preface(settings: &Settings) {
    println!("machine   {}; load {}", machine::facts(), machine::load());
    println!(
        "settings  {} records of {} lines of {FLATS} flats; {} starts; seed {}",
        settings.records, settings.lines, settings.runs, settings.seed
    );
    println!();
    let heads: String = COLUMNS.iter().map(|column| format!("{:>13}", column.head)).collect();
    println!("{:>7}{heads}{:>13}", "start", "records");
}

/// One line of the table.
pub(super) fn print_run(number: u32, run: &Run) {
    let figures = COLUMNS.map(|column| Some((column.of)(run)));
    println!("{}{:>13}", line(&number.to_string(), figures), run.read);
}

/// The least, the median and the most of all runs, and the meaning of the columns.
pub(super) fn print_summary(runs: &[Run]) {
    let ranges = ranges(runs);
    println!("{}", line("min", ranges.map(|range| range.map(|range| range.least))));
    println!("{}", line("median", ranges.map(|range| range.map(|range| range.median))));
    println!("{}", line("max", ranges.map(|range| range.map(|range| range.most))));
    println!();
    println!(
        "Seconds by one monotonic clock, from the start of the process until it answers that it is ready, and until it \
         also reports that the log is read. The reading itself is measured by the server, which begins when the outbox \
         is open, and records/s are those of that time. CPU s is the processor's time on all cores until the log is \
         read, and MiB the resident memory then."
    );
}

/// Returns everything as JSON.
pub(super) fn to_json(settings: &Settings, runs: &[Run]) -> Value {
    let all: Vec<Value> = runs.iter().map(Run::to_json).collect();
    let ranges = COLUMNS.iter().zip(ranges(runs));
    let summary: Map<String, Value> =
        ranges.filter_map(|(column, range)| Some((column.name.to_owned(), range?.to_json()))).collect();
    json!({
        "records": settings.records,
        "lines": settings.lines,
        "seed": settings.seed,
        "runs": all,
        "summary": summary,
    })
}

impl Run {
    fn to_json(&self) -> Value {
        let figures = COLUMNS.iter().map(|column| (column.name.to_owned(), json!((column.of)(self))));
        let mut all: Map<String, Value> = figures.collect();
        all.insert("expected".into(), self.expected.into());
        all.insert("read".into(), self.read.into());
        Value::Object(all)
    }
}

/// Returns the range of each column over all runs.
fn ranges(runs: &[Run]) -> [Option<Range>; COLUMNS.len()] {
    COLUMNS.map(|column| Range::of(runs.iter().map(|run| Some((column.of)(run)))))
}

fn line(label: &str, figures: [Option<f64>; COLUMNS.len()]) -> String {
    let shown = COLUMNS.iter().zip(figures).map(|(column, figure)| match figure {
        Some(figure) => format!("{figure:>13.decimals$}", decimals = column.decimals),
        None => format!("{:>13}", "-"),
    });
    format!("{label:>7}{}", shown.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(read: u64, own: u64) -> Run {
        let time = Duration::from_secs(own);
        Run {
            expected: 1_000,
            read,
            ready: time,
            rebuilt: time,
            own: time,
            processor: time,
            memory: Memory { now: 1 << 20, most: 2 << 20 },
        }
    }

    #[test]
    fn a_start_that_misses_a_record_is_a_fault() {
        assert_eq!(faults(1_000, &[run(1_000, 1)]), [""; 0]);
        let faults = faults(1_001, &[run(1_000, 1), run(999, 1)]);
        let expected =
            ["the outbox has 1000 records where 1001 were written", "start 2 read 999 of 1000 records"];
        assert_eq!(faults, expected);
    }

    #[test]
    fn a_table_and_a_file_have_the_same_figures() {
        let runs = [run(1_000, 4), run(1_000, 2), run(1_000, 5)];
        let [ready, .., most] = ranges(&runs);
        assert_eq!(ready, Some(Range { least: 2.0, median: 4.0, most: 5.0 }));
        assert_eq!(most.map(|range| range.most), Some(2.0));
        let line = line("min", ranges(&runs).map(|range| range.map(|range| range.least)));
        assert!(line.starts_with("    min         2.00") && line.contains(" 200 "), "{line}");
        let summary = [run(1_000, 4)];
        let summary = Value::Array(summary.iter().map(Run::to_json).collect());
        assert_eq!((&summary[0]["read"], &summary[0]["records_per_s"]), (&json!(1000), &json!(250.0)));
    }
}
