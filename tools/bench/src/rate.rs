//! Measures the time until the caller has the answer to `POST /alert`, one press at a time, then at fixed rates. In the
//! same run it measures the disk's time for one durable write, and how many entries of the outbox share one. In the end
//! it measures the time in which a restarted server reads the resulting log.
//!
//! Presses come at their times whether or not those before them are answered, and each is measured from its time, so
//! that a slow server cannot hide it by being asked less. They come from as many flats of as many lines as are needed
//! for no flat to press more often than it may.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use domain::api::State;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

use crate::{
    callers::{Callers, FLATS_OF_LINE},
    runtime,
};
use testkit::{
    Error, budgets,
    client::Session,
    descriptors,
    measure::{
        counters::Counters,
        disk, machine,
        spread::{Spread, milliseconds},
    },
    server::{Program, Server},
    town::{Residents, Town},
};

/// Uncounted presses before the first one.
const WARM_UP: u32 = 20;
/// Between an answer and the next press of the caller who is alone.
const PAUSE: Duration = Duration::from_millis(20);

/// The time for a restarted server to read its log.
const REBUILD_PATIENCE: Duration = Duration::from_secs(300);

/// The settings of `iutsai-bench rate`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// The program to start, on a new data directory
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// Directory for a new data directory, on the disk that is measured
    #[arg(long, value_name = "DIR")]
    pub disk: Option<PathBuf>,

    /// Number of presses one at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub alone: u32,

    /// Presses per second
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "200")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rate: Vec<u32>,

    /// For how long
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: u32,
}

/// Measures and prints.
///
/// # Errors
/// Whatever kept it from measuring, a press that was refused above all.
pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    descriptors::allow(2_000)?;
    let runtime = runtime::of_this_thread()?;
    runtime.block_on(measure(settings))
}

async fn measure(settings: &Settings) -> Result<(), Error> {
    let directory = match &settings.disk {
        Some(disk) => tempfile::tempdir_in(disk),
        None => tempfile::tempdir(),
    };
    let directory = directory.map_err(Error::system("make a temporary directory"))?;
    let mut server = Program::new(&settings.program).data_dir(directory.path().join("data")).start().await?;
    let lines = lines(settings);
    let residents = server.populate(&Town::new(lines, FLATS_OF_LINE).administrators(1)).await?;
    let (mut callers, administrator) = (callers(&residents, lines), residents.administrator(0));
    println!("machine   {}; load {} before the first press", machine::facts(), machine::load());
    println!("flats     {} on {lines} lines press in turn", lines * FLATS_OF_LINE);
    print_floor("before", directory.path())?;
    println!();
    println!(
        "{:>14}  {:>7}  {:>8} {:>8} {:>8}  {:>9}  {:>15}",
        "POST /alert", "presses", "p50", "p99", "max", "published", "calls per fsync"
    );
    for _ in 0..WARM_UP {
        press(callers.next_flat(), Instant::now()).await?;
    }
    let before = Counters::read(administrator).await?;
    let alone = one_at_a_time(&mut callers, settings.alone).await?;
    print_row("one at a time", &alone, &before, &Counters::read(administrator).await?);
    for rate in &settings.rate {
        let before = Counters::read(administrator).await?;
        let answers = at_a_rate(&mut callers, *rate, settings.seconds).await?;
        print_row(&format!("{rate} a second"), &answers, &before, &Counters::read(administrator).await?);
    }
    println!();
    print_floor("after", directory.path())?;
    println!(
        "Milliseconds, from the time a press was due until its answer is read. Presser and server share the machine."
    );
    print_rebuild(&mut server, administrator).await?;
    server.end().await
}

/// Returns how many lines have flats enough for all presses.
fn lines(settings: &Settings) -> usize {
    let rates = settings.rate.iter().map(|rate| rate.saturating_mul(settings.seconds));
    let presses = rates.fold(WARM_UP + settings.alone, u32::saturating_add);
    let fastest = settings.rate.iter().map(|rate| Duration::from_secs(1) / *rate).fold(PAUSE, Duration::min);
    budgets::flats(presses, fastest).div_ceil(FLATS_OF_LINE)
}

/// Every flat. Neighbours do not press one after the other.
fn callers(residents: &Residents, lines: usize) -> Callers {
    let flats = (0..FLATS_OF_LINE).flat_map(|house| (0..lines).map(move |line| (line, house)));
    Callers::new(flats.map(|(line, house)| residents.of(line, house).clone()).collect())
}

/// Prints the time that the server needs after a restart until it has read the presses.
async fn print_rebuild(server: &mut Server, administrator: &Session) -> Result<(), Error> {
    server.restart().await?;
    let administrator = administrator.at(&server.client()?);
    let begun = Instant::now();
    while begun.elapsed() < REBUILD_PATIENCE {
        let counters = Counters::read(&administrator).await?;
        let (records, seconds) =
            (counters.get("iutsai_rebuild_records"), counters.get("iutsai_rebuild_seconds"));
        if records > 0.0 {
            println!("After a restart, the {records} records of the log were read in {seconds:.2} s.");
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Error::Usage(format!("the restarted server has not read its log after {REBUILD_PATIENCE:?}")))
}

fn print_floor(when: &str, directory: &Path) -> Result<(), Error> {
    println!("disk      {}, {when}", disk::measure(directory)?);
    Ok(())
}

/// Answers to presses.
#[derive(Debug, Default)]
struct Answers {
    times: Spread,
    published: usize,
}

impl Answers {
    fn add(&mut self, (time, state): (Duration, State)) {
        self.times.add(time);
        self.published += usize::from(state == State::Published);
    }
}

async fn one_at_a_time(callers: &mut Callers, presses: u32) -> Result<Answers, Error> {
    let mut answers = Answers::default();
    for _ in 0..presses {
        answers.add(press(callers.next_flat(), Instant::now()).await?);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(answers)
}

async fn at_a_rate(callers: &mut Callers, rate: u32, seconds: u32) -> Result<Answers, Error> {
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut pressing = JoinSet::new();
    for _ in 0..rate.saturating_mul(seconds) {
        let due = ticks.tick().await;
        pressing.spawn(press(callers.next_flat(), due));
    }
    let mut answers = Answers::default();
    while let Some(pressed) = pressing.join_next().await {
        answers.add(pressed.expect("pressing does not panic")?);
    }
    Ok(answers)
}

/// Presses once at its due time. Returns the time until its answer was read, and the answer's state.
async fn press(caller: Session, due: Instant) -> Result<(Duration, State), Error> {
    let recorded = caller.press(&caller.call("rate")?, None).await?.ok()?;
    Ok((due.elapsed(), recorded.state))
}

fn print_row(what: &str, answers: &Answers, before: &Counters, after: &Counters) {
    let grown = |name: &str| after.get(name) - before.get(name);
    let p = |percent| milliseconds(answers.times.percentile(percent));
    println!(
        "{what:>14}  {:>7}  {:>8} {:>8} {:>8}  {:>9}  {:>15.2}",
        answers.times.count(),
        p(50),
        p(99),
        p(100),
        answers.published,
        grown("iutsai_outbox_entries_total") / grown("iutsai_outbox_commits_total"),
    );
}
