//! Measures several producers and several fan-outs of the real program, on real Kafka and PostgreSQL, while one of each
//! is killed.
//!
//! Presses come at a steady, low rate, on one line after the other and by one producer after the other. After a quarter
//! of the time a fan-out is killed, and its clients come back to the others at once, as pages do. At three quarters a
//! producer is killed, and a press that finds it dead goes to the next one with the same key. A call is cancelled when
//! everybody has it, so that a client that was away during a press gets the call with its snapshot, and so that no call
//! is open until it alarms other lines. Nobody may be left without a call.

mod listener;
mod report;
mod stage;
mod timeline;

use std::path::PathBuf;

use tokio::runtime::Runtime;

use crate::{output, runtime};
use stage::Stage;
use testkit::{Error, budgets, descriptors, until_interrupted};
use timeline::Timeline;

/// Connections of presses that are not answered yet, and files.
const OTHER_DESCRIPTORS: u64 = 1_000;
/// The calls of a line that may be open, so that every one is in a snapshot.
const OPEN_CALLS: u32 = 150;

/// The settings of `iutsai-bench scale`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// The program to start, as several processes
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// Where script/kafka and script/postgres are
    #[arg(long, value_name = "DIR", default_value = "script")]
    pub scripts: PathBuf,

    /// Number of brokers, 1 or 3
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    #[arg(value_parser = brokers)]
    pub brokers: u8,

    /// Number of processes that take calls
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u8).range(2..=9))]
    pub producers: u8,

    /// Number of processes that keep sockets
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u8).range(2..=9))]
    pub fanouts: u8,

    /// Number of lines
    #[arg(long, value_name = "NUMBER", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub lines: u32,

    /// Number of residents of each line who listen, each with a socket, spread over the fan-outs
    #[arg(long, value_name = "NUMBER", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub residents: u32,

    /// Presses per second
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rate: u32,

    /// Time before the fan-out is killed; presses go on for four times as long
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=600))]
    pub seconds: u32,

    /// Time after the last press within which everybody must have every call
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub deadline_s: u64,

    /// Number of threads that listen
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,

    /// Writes all figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Reads a number of brokers that `script/kafka` knows.
pub(crate) fn brokers(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(count @ (1 | 3)) => Ok(count),
        _ => Err("there can be 1 or 3 brokers".into()),
    }
}

impl Settings {
    fn timeline(&self) -> Timeline {
        Timeline { rate: self.rate, seconds: self.seconds }
    }

    const fn sockets(&self) -> usize {
        self.lines as usize * self.residents as usize
    }

    /// Returns how many flats of each line press. The others listen.
    fn callers(&self) -> usize {
        let of_line = self.timeline().presses().div_ceil(self.lines);
        of_line.div_ceil(budgets::ALERTS_AT_ONCE).max(1) as usize
    }

    fn check(&self) -> Result<(), Error> {
        let of_line = self.timeline().presses().div_ceil(self.lines);
        if of_line <= OPEN_CALLS {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "{of_line} calls would be open on each line, more than the {OPEN_CALLS} that a snapshot surely has; take \
             more --lines, a lower --rate, or fewer --seconds"
        )))
    }
}

/// Measures and prints.
///
/// # Errors
/// Whatever kept it from measuring; and [`Error::Usage`] when somebody did not get a call, or a press found no
/// producer.
pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    settings.check()?;
    descriptors::allow(settings.sockets() as u64 + OTHER_DESCRIPTORS)?;
    let presser = runtime::of_this_thread()?;
    let listeners = runtime::of_threads(settings.threads, "start the listeners' threads")?;
    presser.block_on(until_interrupted(measure(settings, &listeners)))
}

async fn measure(settings: &Settings, listeners: &Runtime) -> Result<(), Error> {
    let mut stage = Stage::set(settings, listeners).await?;
    report::print_preface(settings);
    let begun = stage.usage()?;
    let report = stage.play(&begun).await?;
    report::print(&report);
    output::write(settings.json.as_deref(), "scale", report.to_json(settings))?;
    stage.leave().await?;
    let faults = report.faults();
    if faults.is_empty() { Ok(()) } else { Err(Error::Usage(faults.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        settings: Settings,
    }

    fn of(words: &[&str]) -> Settings {
        Arguments::parse_from(["scale", "--program", "iutsai"].iter().chain(words)).settings
    }

    #[test]
    fn there_are_three_thousand_sockets_for_each_fan_out_and_a_flat_for_each_press() {
        let settings = of(&[]);
        assert_eq!(settings.sockets(), 9_000);
        assert_eq!(settings.callers(), 1);
        assert!(settings.check().is_ok());
        let few = of(&["--lines", "10", "--rate", "10"]);
        assert_eq!(few.callers(), 6, "sixty presses on a line, ten of a flat");
    }

    #[test]
    fn more_calls_than_a_snapshot_has_are_refused_before_anything_starts() {
        let error = of(&["--lines", "1"]).check().unwrap_err().to_string();
        assert!(error.contains("300 calls"), "{error}");
        assert!(Arguments::try_parse_from(["scale", "--program", "iutsai", "--brokers", "2"]).is_err());
    }
}
