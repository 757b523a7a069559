//! The printed report.

use std::{collections::BTreeMap, time::Duration};

use domain::AlertId;

use super::{FLATS, Settings};
use testkit::measure::spread::{Spread, milliseconds};

fn mebibytes(octets: u64) -> u64 {
    octets / 1024 / 1024
}

pub(super) fn print_made(settings: &Settings, records: u64, took: Duration) {
    let Settings { calls, days, lines, seed, kafka, .. } = settings;
    let log = if kafka.is_some() { "Kafka" } else { "the outbox" };
    println!(
        "log       {log}: {calls} calls in {days} days, {records} records, {lines} lines of {FLATS} flats"
    );
    println!("          seed {seed}; written in {:.1} s", took.as_secs_f64());
}

pub(super) fn print_ready(took: Duration) {
    println!("start     ready after {:.1} s", took.as_secs_f64());
}

/// Prints how long something took from its start, and the most memory that it had.
pub(super) fn print_work(name: &str, records: u64, took: Duration, memory: u64) {
    let seconds = took.as_secs_f64();
    let rate = records as f64 / seconds;
    let memory = mebibytes(memory);
    println!("{name:<9} {seconds:.1} s, {rate:.0} records a second, {memory} MiB resident at most");
}

pub(super) fn print_pages_head(requests: u32) {
    println!();
    println!("{requests} requests each, one at a time, in milliseconds:");
    println!("{:<18} {:<9} {:>9} {:>9} {:>9}  {:>9}", "GET", "period", "p50", "p95", "max", "octets");
}

pub(super) fn print_page(path: &str, period: &str, times: &Spread, octets: usize) {
    let p = |percent| milliseconds(times.percentile(percent));
    println!("{path:<18} {period:<9} {:>9} {:>9} {:>9}  {octets:>9}", p(50), p(95), p(100));
}

pub(super) fn print_memory(most: u64) {
    println!();
    println!("server    {} MiB resident at most, with these pages", mebibytes(most));
}

pub(super) fn print_calls(calls: &BTreeMap<AlertId, u32>) {
    let once = calls.values().filter(|count| **count == 1).count();
    println!("calls     {once} of {} are counted once", calls.len());
}
