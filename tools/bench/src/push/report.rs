//! The figures of push, as they are printed.

use std::time::Duration;

use testkit::measure::{
    machine,
    memory::Memory,
    spread::{Spread, milliseconds},
};

use super::Settings;
use crate::callers::SOCKETS_OF_FLAT;

/// Everything that was measured.
#[derive(Default)]
pub(super) struct Figures {
    /// Answers to presses before there were any devices.
    pub(super) before: Spread,
    /// Answers to the presses that alarm the devices.
    pub(super) answered: Spread,
    /// Answers to presses on the other line while the devices are alarmed.
    pub(super) meanwhile: Spread,
    /// From a press until the push service has the first message, and the last.
    pub(super) first: Spread,
    pub(super) last: Spread,
    /// The server's processor time from a press until the last message.
    pub(super) processor: Vec<Duration>,
    /// The server's memory at a few moments.
    pub(super) memory: Vec<(&'static str, Memory)>,
}

/// Prints where is measured, and what.
pub(super) fn print_preface(settings: &Settings) {
    let Settings { subscriptions, presses, .. } = settings;
    println!("machine   {}; load {} before the first press", machine::facts(), machine::load());
    println!(
        "devices   {subscriptions} of one line, {SOCKETS_OF_FLAT} to a flat, which each of {presses} presses alarms"
    );
    println!();
}

/// Prints the figures.
pub(super) fn print(figures: &Figures) {
    println!("{:>30}  {:>7}  {:>9} {:>9} {:>9}", "milliseconds", "presses", "p50", "p99", "max");
    print_row("press to first request sent", &figures.first);
    print_row("press to last request sent", &figures.last);
    print_row("POST without devices", &figures.before);
    print_row("POST that alarms them", &figures.answered);
    print_row("POST while they are alarmed", &figures.meanwhile);
    println!();
    let (all, presses) = (figures.processor.iter().sum::<Duration>(), figures.processor.len().max(1));
    println!("server CPU per press: {:.2} s", all.as_secs_f64() / presses as f64);
    for (when, memory) in &figures.memory {
        println!(
            "server memory {when}: {} MB resident, {} MB at most",
            megabytes(memory.now),
            megabytes(memory.most)
        );
    }
    println!("Push service, presser and server share the machine.");
}

fn print_row(what: &str, times: &Spread) {
    let p = |percent| milliseconds(times.percentile(percent));
    println!("{what:>30}  {:>7}  {:>9} {:>9} {:>9}", times.count(), p(50), p(99), p(100));
}

const fn megabytes(octets: u64) -> u64 {
    octets / 1_000_000
}
