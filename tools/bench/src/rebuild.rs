//! Measures the time in which a restarted server reads a long log into its hub, the memory that the hub has then, and
//! checks that every record was read.
//!
//! The program makes its outbox and the accounts of a town, and ends. The records of calls of the last 40 hours are
//! written into that file, and the program starts again and again. Each time goes from the start of the process until
//! it is ready and reports the end of the reading. The program's own figure begins later, when the file is open.

mod report;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use domain::{
    Millis,
    plausible::{self, Complex, Word},
    statistics::Utc,
};
use tokio::time::sleep;

use crate::{output, runtime};
use report::Run;
use testkit::{
    Error,
    client::Session,
    measure::{counters::Counters, memory::Memory, processor},
    outbox,
    server::{Program, Server},
    town::{Residents, Town},
};

const HOUR: Millis = 60 * 60 * 1000;
/// The time on which calls began, in milliseconds. A server reads 49 hours back, and the calls must stay within them
/// until the last run.
const PERIOD: Millis = 40 * HOUR;
/// Flats on each line of the calls.
const FLATS: usize = 60;
/// Accounts on each line of the town.
const ACCOUNTS: usize = 2;
/// The records that a call has at least on average, of which there are seven.
const RECORDS_OF_CALL: u32 = 6;
/// Calls that are made beyond that, for logs of few records.
const SPARE: u32 = 50;
/// Records between two lines about the writing.
const SHOWN_EVERY: u64 = 100_000;
/// The time between two looks at the progress of a start.
const GLANCE: Duration = Duration::from_millis(20);

/// The settings of `iutsai-bench rebuild`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// The program to start
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// Keeps the data here, and leaves it; the directory must be new. By default a temporary one
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// The number of records of the last 40 hours
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=20_000_000))]
    pub records: u32,

    /// Lines of 60 flats in the complex
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub lines: u16,

    /// The number of starts
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100))]
    pub runs: u32,

    /// The seed; a seed always makes the same calls
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,

    /// Time after which a server that has not read its log ends the run
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub deadline_s: u64,

    /// Writes all figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Measures and prints.
///
/// # Errors
/// Whatever kept it from measuring; and [`Error::Usage`] when the server did not read every record.
pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    let runtime = runtime::of_this_thread()?;
    runtime.block_on(measure(settings))
}

async fn measure(settings: &Settings) -> Result<(), Error> {
    let directory = tempfile::tempdir().map_err(Error::system("make a temporary directory"))?;
    let data_dir = settings.data_dir.clone().unwrap_or_else(|| directory.path().join("data"));
    if data_dir.join("outbox.db").exists() {
        return Err(Error::Usage(format!("{} is in use; name a new directory", data_dir.display())));
    }
    let program = Program::new(&settings.program).data_dir(&data_dir).env_remove("IUTSAI_DEMO");
    let mut server = program.env("IUTSAI_BATCH_CRON", "off").start().await?;
    let town = Town::new(settings.lines.into(), ACCOUNTS).administrators(1);
    let residents = server.populate(&town).await?;
    server.terminate().await?;
    let own = outbox::count(&data_dir).await?;
    let written = make(settings, &data_dir).await?;
    report::print_preface(settings);
    let mut runs = Vec::new();
    for number in 1..=settings.runs {
        let run = start(settings, &mut server, &residents).await?;
        report::print_run(number, &run);
        runs.push(run);
    }
    report::print_summary(&runs);
    output::write(settings.json.as_deref(), "rebuild", report::to_json(settings, &runs))?;
    server.end().await?;
    let faults = report::faults(own + written, &runs);
    if faults.is_empty() { Ok(()) } else { Err(Error::Usage(faults.join("\n"))) }
}

/// Writes the records into the outbox. Returns how many there were.
async fn make(settings: &Settings, data_dir: &Path) -> Result<u64, Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Millis::try_from(now.as_millis()).unwrap_or(Millis::MAX);
    let complex = Complex::new(settings.lines.into(), FLATS);
    let (begun, mut shown) = (Instant::now(), 0);
    let words = past(&complex, now, settings.records, settings.seed)?;
    let written = outbox::append_and_show(data_dir, words, |written| {
        if written >= shown + SHOWN_EVERY {
            shown = written;
            println!("log       {written} of {} records are written", settings.records);
        }
    });
    let written = written.await?;
    println!("log       {written} records, written in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(written)
}

/// Returns the last records before `until` of calls that began within [`PERIOD`], in the order of their times.
fn past(
    complex: &Complex,
    until: Millis,
    records: u32,
    seed: u64,
) -> Result<impl Iterator<Item = Word>, Error> {
    let calls = records / RECORDS_OF_CALL + SPARE;
    let words = move || {
        let made = plausible::calls(complex, &Utc, &(until - PERIOD..until), calls as usize, seed);
        made.words().take_while(move |(at, _)| *at < until)
    };
    let few = || Error::Usage(format!("{calls} calls have fewer than {records} records"));
    // They are made twice, because a million of them takes more memory than time.
    let before = words().count().checked_sub(records as usize).ok_or_else(few)?;
    Ok(words().skip(before))
}

/// Starts the server and waits until it has read its log.
async fn start(settings: &Settings, server: &mut Server, residents: &Residents) -> Result<Run, Error> {
    if server.is_running()? {
        server.terminate().await?;
    }
    let expected = outbox::count(server.data_dir()).await?;
    let begun = Instant::now();
    server.start_again().await?;
    server.wait_ready().await?;
    let ready = begun.elapsed();
    let administrator = residents.administrator(0).at(&server.client()?);
    let (read, own) = reading(&administrator, Duration::from_secs(settings.deadline_s)).await?;
    let (rebuilt, process) = (begun.elapsed(), server.process()?);
    let (processor, memory) = (processor::time_of(&process)?, Memory::of(&process)?);
    Ok(Run { expected, read, ready, rebuilt, own, processor, memory })
}

/// Waits until the server reports that it has read its log. Returns the number of records, and how long it took by its
/// own clock.
async fn reading(administrator: &Session, patience: Duration) -> Result<(u64, Duration), Error> {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        let counters = Counters::read(administrator).await?;
        let seconds = counters.get("iutsai_rebuild_seconds");
        if seconds > 0.0 {
            let records = counters.get("iutsai_rebuild_records");
            return Ok((records as u64, Duration::from_secs_f64(seconds)));
        }
        sleep(GLANCE).await;
    }
    Err(Error::Usage(format!("the restarted server has not read its log after {patience:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_has_so_many_records_in_their_order_and_ends_just_now() {
        let (complex, until) = (Complex::new(3, 8), 1_780_000_000_000);
        for records in [1, 700] {
            let past: Vec<Word> = past(&complex, until, records, 7).unwrap().collect();
            assert_eq!(past.len(), records as usize);
            assert!(past.is_sorted_by_key(|(at, _)| *at));
            assert!(past.iter().all(|(at, _)| (until - PERIOD..until).contains(at)));
            assert!(past.last().is_some_and(|(at, _)| *at > until - 12 * HOUR), "the last ones are new");
        }
    }
}
