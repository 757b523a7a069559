//! The table, and the judgement whether the server kept up.

use std::time::Duration;

use super::{Press, Settings};
use crate::fanout::board::Board;
use testkit::measure::{
    machine,
    spread::{Spread, milliseconds},
};

/// The part of all presses that the first and the last of them are, one of so many.
const PARTS: usize = 10;
/// The growth of the delay that still counts as kept up, as a part of the time. A server that can do a hundredth less
/// than it is asked falls behind by it.
const GROWTH: u32 = 100;

/// The results at one rate.
#[derive(Debug)]
pub(super) struct Figures {
    presses: usize,
    answered: Spread,
    last: Spread,
    refused: usize,
    missed: usize,
    /// The time by which the last presses took longer to the last subscriber than the first ones, at the median.
    growth: Duration,
    is_sustained: bool,
}

impl Figures {
    /// Judges presses in the order in which they were due.
    pub(super) fn of(presses: &[Press], time: Duration) -> Self {
        let spread = |presses: &[Press]| {
            let mut last = Spread::default();
            last.extend(presses.iter().filter_map(|press| press.last));
            last
        };
        let part = presses.len().div_ceil(PARTS);
        let median = |presses: &[Press]| spread(presses).percentile(50).unwrap_or_default();
        let (first, end) = (median(&presses[..part]), median(&presses[presses.len() - part..]));
        let growth = end.saturating_sub(first);
        let mut answered = Spread::default();
        answered.extend(presses.iter().filter_map(|press| press.answered));
        let last = spread(presses);
        let refused = presses.len() - answered.count();
        let missed = answered.count() - last.count();
        let is_sustained = refused == 0 && missed == 0 && growth <= time / GROWTH;
        Self { presses: presses.len(), answered, last, refused, missed, growth, is_sustained }
    }

    /// Describes every press that was refused or missed somebody, one sentence each.
    pub(super) fn faults(&self, rate: u32) -> Vec<String> {
        let mut faults = Vec::new();
        if self.refused > 0 {
            faults.push(format!("at {rate} a second: {} presses were refused", self.refused));
        }
        if self.missed > 0 {
            faults.push(format!("at {rate} a second: {} calls did not reach everybody in time", self.missed));
        }
        faults
    }
}

/// Describes what the subscribers noted during all rates.
pub(crate) fn faults_of(board: &Board) -> Vec<String> {
    let (twice, ended) = (board.twice(), board.ended());
    let mut faults = Vec::new();
    if twice > 0 {
        faults.push(format!("{twice} times a subscriber got a call again"));
    }
    if let Some(why) = ended.first() {
        faults.push(format!("{} sockets ended, the first because: {why}", ended.len()));
    }
    faults
}

/// The machine, the settings and the head of the table.
pub(super) fn print_preface(settings: &Settings, callers: usize) {
    let acknowledged = if settings.no_ack { "without ACK" } else { "each call acknowledged" };
    println!("machine   {}; load {}", machine::facts(), machine::load());
    println!(
        "settings  {} lines with {} subscribers and {callers} flats that press; {} s; {acknowledged}; subscribers on \
         {} thread(s)",
        settings.lines, settings.subscribers, settings.seconds, settings.threads
    );
    println!();
    println!("{:>14}  {:>7}  {:^26}  {:^17}", "", "", "press to last", "POST /alert");
    println!(
        "{:>14}  {:>7}  {:>8} {:>8} {:>8}  {:>8} {:>8}  {:>6}  {:>8}  sustained",
        "", "presses", "p50", "p99", "max", "p50", "p99", "missed", "growth"
    );
}

/// One line of the table.
pub(super) fn print_row(rate: u32, figures: &Figures) {
    let p = |spread: &Spread, percent| milliseconds(spread.percentile(percent));
    println!(
        "{:>14}  {:>7}  {:>8} {:>8} {:>8}  {:>8} {:>8}  {:>6}  {:>8}  {}",
        format!("{rate} a second"),
        figures.presses,
        p(&figures.last, 50),
        p(&figures.last, 99),
        p(&figures.last, 100),
        p(&figures.answered, 50),
        p(&figures.answered, 99),
        figures.missed + figures.refused,
        milliseconds(Some(figures.growth)),
        if figures.is_sustained { "yes" } else { "no" },
    );
}

/// Prints the meaning of the columns.
pub(super) fn print_legend() {
    println!();
    println!(
        "Milliseconds by one monotonic clock, from when a press was due until the last subscriber of its line has read \
         the frame, or the caller the answer. Growth is how much longer the last tenth took than the first; a rate is \
         sustained if nobody was missed and that is at most a hundredth of the time. Presser, subscribers and server \
         share the machine."
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presses(last: impl Fn(u64) -> u64) -> Vec<Press> {
        let press = |number| Press {
            answered: Some(Duration::from_millis(1)),
            last: Some(Duration::from_millis(last(number))),
        };
        (0..1_000).map(press).collect()
    }

    #[test]
    fn a_delay_that_grows_or_a_missed_neighbour_is_not_kept_up_with() {
        let time = Duration::from_secs(10);
        let mut steady = presses(|number| 5 + number % 7);
        assert!(Figures::of(&steady, time).is_sustained);
        let growing = Figures::of(&presses(|number| 5 + number), time);
        assert!(!growing.is_sustained && growing.growth == Duration::from_millis(900));
        steady[500].last = None;
        let missed = Figures::of(&steady, time);
        assert!(!missed.is_sustained);
        assert_eq!(missed.faults(9), ["at 9 a second: 1 calls did not reach everybody in time"]);
    }
}
