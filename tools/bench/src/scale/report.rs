//! The tables of a run, its judgement, and the file with the same figures.

use std::time::Duration;

use serde_json::{Value, json};

use super::Settings;
use crate::{pressing::Press, summary::distribution, words::mebibytes};
use testkit::measure::{
    machine,
    spread::{Spread, milliseconds},
};

/// The results of a run.
pub(super) struct Report {
    /// In the order in which they were due.
    pub(super) presses: Vec<Press>,
    pub(super) nodes: Vec<NodeUse>,
    pub(super) back: Back,
    /// When the fan-out and the producer were killed, by the board's clock.
    pub(super) killed: [Duration; 2],
    /// The time from the first press until everybody had every call.
    pub(super) took: Duration,
}

/// The use of a node during the run, or until it was killed.
pub(super) struct NodeUse {
    pub(super) name: String,
    pub(super) is_killed: bool,
    pub(super) processor: Duration,
    pub(super) resident: u64,
}

/// The return of the clients of the killed fan-out.
pub(super) struct Back {
    /// From the kill until each had a snapshot.
    pub(super) times: Vec<Duration>,
    pub(super) expected: usize,
    /// Attempts that failed.
    pub(super) refused: usize,
    /// Why sockets of the other fan-outs ended.
    pub(super) elsewhere: Vec<String>,
}

/// The presses of one part of the run.
#[derive(Default)]
struct Phase {
    name: &'static str,
    presses: usize,
    refused: usize,
    expected: usize,
    missing: usize,
    retries: u32,
    answered: Spread,
    last: Spread,
}

impl Phase {
    fn of<'a>(name: &'static str, presses: impl Iterator<Item = &'a Press>) -> Self {
        let mut phase = Self { name, ..Self::default() };
        for press in presses {
            phase.presses += 1;
            phase.refused += usize::from(press.answered.is_err());
            phase.expected += press.expected;
            phase.missing += press.missing;
            phase.retries += press.retries;
            phase.answered.extend(press.answered.as_ref().ok().copied());
            phase.last.extend(press.last);
        }
        phase
    }

    fn to_json(&self) -> Value {
        json!({
            "phase": self.name,
            "presses": self.presses,
            "refused": self.refused,
            "retries": self.retries,
            "deliveries_expected": self.expected,
            "deliveries_missing": self.missing,
            "last_ms": distribution(&self.last),
            "post_ms": distribution(&self.answered),
        })
    }
}

impl Report {
    /// The presses by the time when they were due.
    fn phases(&self) -> Vec<Phase> {
        let [fanout, producer] = self.killed;
        let back = self.back.times.iter().max().map_or(producer, |took| (fanout + *took).min(producer));
        let parts = [
            ("before", Duration::ZERO, fanout),
            ("fan-out is killed, until all its clients are back", fanout, back),
            ("one fan-out less", back, producer),
            ("a producer is killed", producer, Duration::MAX),
        ];
        let all = ("all", Duration::ZERO, Duration::MAX);
        let phase = |(name, from, to): (&'static str, Duration, Duration)| {
            Phase::of(name, self.presses.iter().filter(|press| press.due >= from && press.due < to))
        };
        parts.into_iter().chain([all]).map(phase).collect()
    }

    /// Describes everything that went wrong, one sentence each.
    pub(super) fn faults(&self) -> Vec<String> {
        let all = Phase::of("all", self.presses.iter());
        let mut faults = Vec::new();
        if all.missing > 0 {
            faults.push(format!("{} of {} deliveries are missing", all.missing, all.expected));
        }
        let why = self.presses.iter().find_map(|press| press.answered.as_ref().err());
        if let Some(why) = why {
            faults.push(format!("{} presses found no producer, the first because: {why}", all.refused));
        }
        let uncancelled = || self.presses.iter().filter_map(|press| press.cancelled.as_ref().err());
        if let Some(why) = uncancelled().next() {
            let count = uncancelled().count();
            faults.push(format!("{count} calls could not be cancelled, the first because: {why}"));
        }
        let (back, expected) = (self.back.times.len(), self.back.expected);
        if back < expected {
            faults.push(format!(
                "{} of {expected} clients of the killed fan-out are not back",
                expected - back
            ));
        }
        if let Some(why) = self.back.elsewhere.first() {
            let count = self.back.elsewhere.len();
            faults.push(format!("{count} sockets of other fan-outs ended, the first because: {why}"));
        }
        faults
    }

    /// Returns everything as JSON.
    pub(super) fn to_json(&self, settings: &Settings) -> Value {
        let nodes = self.nodes.iter().map(|node| {
            json!({
                "name": node.name,
                "killed": node.is_killed,
                "processor_s": node.processor.as_secs_f64(),
                "resident_mib": mebibytes(node.resident),
            })
        });
        json!({
            "brokers": settings.brokers,
            "producers": settings.producers,
            "fanouts": settings.fanouts,
            "lines": settings.lines,
            "residents": settings.residents,
            "rate": settings.rate,
            "seconds": self.took.as_secs_f64(),
            "phases": self.phases().iter().map(Phase::to_json).collect::<Vec<_>>(),
            "nodes": nodes.collect::<Vec<Value>>(),
            "back_ms": distribution(&self.back.spread()),
            "back_expected": self.back.expected,
            "back_refused": self.back.refused,
        })
    }
}

impl Back {
    fn spread(&self) -> Spread {
        let mut spread = Spread::default();
        spread.extend(self.times.iter().copied());
        spread
    }
}

/// The machine and the settings.
pub(super) fn print_preface(settings: &Settings) {
    println!("machine   {}; load {}", machine::facts(), machine::load());
    println!(
        "settings  {} producers and {} fan-outs on {} broker(s); {} lines with {} listeners; {} presses a second; \
         listeners on {} thread(s)",
        settings.producers,
        settings.fanouts,
        settings.brokers,
        settings.lines,
        settings.residents,
        settings.rate,
        settings.threads
    );
}

/// Prints all tables.
pub(super) fn print(report: &Report) {
    println!();
    println!(
        "{:>49}  {:>7}  {:>7}  {:>10}  {:>7}  {:^26}  {:^26}",
        "", "", "", "deliveries", "", "press to last", "POST /alert"
    );
    println!(
        "{:>49}  {:>7}  {:>7}  {:>10}  {:>7}  {:>8} {:>8} {:>8}  {:>8} {:>8} {:>8}",
        "presses", "number", "retries", "expected", "missing", "p50", "p99", "max", "p50", "p99", "max"
    );
    report.phases().iter().for_each(print_phase);
    let (back, spread) = (&report.back, report.back.spread());
    println!();
    println!(
        "{} of {} clients of the killed fan-out had a snapshot after p50 {}, p99 {}, max {}; {} attempts failed",
        spread.count(),
        back.expected,
        milliseconds(spread.percentile(50)),
        milliseconds(spread.percentile(99)),
        milliseconds(spread.percentile(100)),
        back.refused
    );
    println!();
    println!("{:>24}  {:>10}  {:>8}  {:>8}", "node", "CPU s", "% core", "MiB");
    for node in &report.nodes {
        let share = node.processor.as_secs_f64() / report.took.as_secs_f64() * 100.0;
        println!(
            "{:>24}  {:>10.2}  {share:>8.1}  {:>8.1}{}",
            node.name,
            node.processor.as_secs_f64(),
            mebibytes(node.resident),
            if node.is_killed { "  until it was killed" } else { "" }
        );
    }
    println!();
    println!(
        "Milliseconds by one monotonic clock, from when a press was due until the last listener of its line has read \
         the frame, live or in a snapshot, or the caller the answer. Everything shares the machine."
    );
}

fn print_phase(phase: &Phase) {
    let p = |spread: &Spread, percent| milliseconds(spread.percentile(percent));
    println!(
        "{:>49}  {:>7}  {:>7}  {:>10}  {:>7}  {:>8} {:>8} {:>8}  {:>8} {:>8} {:>8}",
        phase.name,
        phase.presses,
        phase.retries,
        phase.expected,
        phase.missing,
        p(&phase.last, 50),
        p(&phase.last, 99),
        p(&phase.last, 100),
        p(&phase.answered, 50),
        p(&phase.answered, 99),
        p(&phase.answered, 100),
    );
}

#[cfg(test)]
mod tests;
