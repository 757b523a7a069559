//! The table, and what must not be.

use super::{Settings, honest::Presses, watch::Used};
use testkit::{
    Error,
    measure::{
        disk, machine,
        spread::{Spread, milliseconds},
    },
};

/// The results of one measurement.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) presses: Presses,
    /// Why residents who opened their first socket meanwhile did not get it.
    pub(super) turned_away: Vec<String>,
    /// Attempts of the attackers, and how many of them failed.
    pub(super) attempts: (u64, u64),
    pub(super) memory: Used,
}

impl Row {
    /// Describes every failed press and missed alarm, one sentence each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let missed = self.presses.expected - self.presses.received;
        if missed > 0 {
            faults.push(format!("{}: {missed} alarms of {} were missed", self.name, self.presses.expected));
        }
        for (what, why) in [
            ("presses or cancels failed", &self.presses.failures),
            ("residents did not get their first socket", &self.turned_away),
        ] {
            if let Some(first) = why.first() {
                faults.push(format!("{}: {} {what}, the first because: {first}", self.name, why.len()));
            }
        }
        faults
    }
}

/// The machine, the disk, the settings and the head of the table.
pub(super) fn print_head(settings: &Settings) -> Result<(), Error> {
    let directory = tempfile::tempdir().map_err(Error::system("make a directory"))?;
    println!("machine   {}; load {} before the first press", machine::facts(), machine::load());
    println!("disk      {}", disk::measure(directory.path())?);
    println!("settings  {} presses, one each {} ms, each taken back", settings.presses, settings.interval_ms);
    println!(
        "residents {} sockets, {} of them on the callers' line; {} strangers' addresses; {} attempts of each at once",
        settings.sockets, settings.neighbours, settings.strangers, settings.at_once
    );
    println!();
    println!(
        "{:>12}  {:^8} {:^17} {:^13}  {:^8}  {:^15}  {:^17}  {:^20}",
        "", "POST", "", "times peace", "alarm", "alarms", "attackers'", "resident memory, MB"
    );
    println!(
        "{:>12}  {:>8} {:>8} {:>8} {:>6} {:>6}  {:>8}  {:>15}  {:>8} {:>8}  {:>6} {:>6} {:>6}",
        "",
        "p50",
        "p99",
        "max",
        "p50",
        "p99",
        "p99",
        "heard/expected",
        "attempts",
        "failed",
        "before",
        "after",
        "most"
    );
    Ok(())
}

/// One line of the table, compared with the measurement at peace.
pub(super) fn print_row(row: &Row, idle: &Row) {
    let Row { name, presses, attempts: (attempts, failed), memory, .. } = row;
    let p = |percent| milliseconds(presses.answered.percentile(percent));
    let times = |percent| ratio(&presses.answered, &idle.presses.answered, percent);
    let megabytes = |octets: u64| octets / 1_000_000;
    println!(
        "{name:>12}  {:>8} {:>8} {:>8} {:>6} {:>6}  {:>8}  {:>15}  {attempts:>8} {failed:>8}  {:>6} {:>6} {:>6}",
        p(50),
        p(99),
        p(100),
        times(50),
        times(99),
        milliseconds(presses.received_by_all.percentile(99)),
        format!("{}/{}", presses.received, presses.expected),
        megabytes(memory.before),
        megabytes(memory.after),
        megabytes(memory.most),
    );
}

/// Prints the meaning of the columns.
pub(super) fn print_legend() {
    println!();
    println!(
        "Milliseconds, from the time a press was due until its answer is read, or the last neighbour's socket has \
         the alarm. Everybody shares the machine; the attackers give way (nice 19)."
    );
}

/// Returns how many times as long it took, or a dash where one of them was not measured.
fn ratio(of: &Spread, than: &Spread, percent: usize) -> String {
    match (of.percentile(percent), than.percentile(percent)) {
        (Some(of), Some(than)) => format!("{:.1}", of.as_secs_f64() / than.as_secs_f64()),
        _ => "-".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn row(received: usize, failures: Vec<String>) -> Row {
        Row {
            name: "calls".into(),
            presses: Presses { received, expected: 12, failures, ..Presses::default() },
            turned_away: Vec::new(),
            attempts: (5, 2),
            memory: Used { before: 1, after: 1, most: 1 },
        }
    }

    #[test]
    fn a_missed_alarm_a_failed_press_and_a_resident_without_a_socket_are_faults() {
        assert_eq!(row(12, Vec::new()).faults(), Vec::<String>::new());
        let mut bad = row(10, vec!["refused".into(), "late".into()]);
        bad.turned_away.push("full".into());
        assert_eq!(
            bad.faults(),
            [
                "calls: 2 alarms of 12 were missed",
                "calls: 2 presses or cancels failed, the first because: refused",
                "calls: 1 residents did not get their first socket, the first because: full",
            ]
        );
    }

    #[test]
    fn a_ratio_is_of_the_same_percentile() {
        let (mut slow, mut quick) = (Spread::default(), Spread::default());
        slow.extend([3, 30].map(Duration::from_millis));
        quick.extend([2, 10].map(Duration::from_millis));
        assert_eq!((ratio(&slow, &quick, 50).as_str(), ratio(&slow, &quick, 99).as_str()), ("1.5", "3.0"));
        assert_eq!(ratio(&slow, &Spread::default(), 50), "-");
    }
}
