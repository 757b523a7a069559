//! `iutsai batch`, `iutsai statistics verify`, `iutsai statistics remove-demo` and `iutsai export`, for people who can
//! run programs where the data is. They run beside a live server.

mod export;
mod progress;
mod table;

use std::path::PathBuf;

use backend::{
    audit::{Act, Audit, By, Record},
    database::Database,
    statistics::{
        Iana, Statistics,
        batch::{self, Outcome, Source, Wanted},
    },
};
use domain::{
    Millis,
    statistics::{Date, Zone as _},
};

use crate::config::{self, KafkaConfig};
pub(crate) use export::{Export, export};

/// Where the statistics and the log are, as `iutsai serve` has them.
#[derive(clap::Args)]
struct Place {
    /// Directory of the outbox, and of SQLite without DATABASE_URL
    #[arg(long, env = "IUTSAI_DATA_DIR", value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,

    /// Accounts and sessions, as `iutsai serve` has them; on PostgreSQL the statistics are beside them
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,

    /// The complex's time zone by its IANA name
    #[arg(long, env = "IUTSAI_TIME_ZONE", value_name = "ZONE", default_value = "Asia/Seoul")]
    time_zone: String,
}

/// The settings of the batch.
#[derive(clap::Args)]
pub(crate) struct Batch {
    /// Replaces only calls that began on this day or later, such as 2026-11-01
    #[arg(long, value_name = "DATE")]
    since: Option<String>,

    /// Replaces only calls that began before this day
    #[arg(long, value_name = "DATE")]
    until: Option<String>,

    /// Begins anew, also if an earlier run was interrupted
    #[arg(long)]
    rebuild: bool,

    #[command(flatten)]
    place: Place,

    /// Kafka's settings.
    #[command(flatten)]
    kafka: KafkaConfig,
}

/// The settings of the comparison.
#[derive(clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    place: Place,

    /// Kafka's settings.
    #[command(flatten)]
    kafka: KafkaConfig,
}

/// Where the demo's calls are.
#[derive(clap::Args)]
pub(crate) struct RemoveDemo {
    #[command(flatten)]
    place: Place,
}

impl Place {
    /// Does `work` with the statistics.
    fn run<T>(&self, work: impl AsyncFnOnce(&Statistics) -> Result<T, String>) -> Result<T, String> {
        let zone = config::time_zone(&self.time_zone)?;
        let url = config::database_url(self.database_url.as_deref(), &self.data_dir)?;
        if !self.data_dir.is_dir() {
            let directory = self.data_dir.display();
            return Err(format!(
                "there is no directory {directory}; name the one with the data by --data-dir"
            ));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("cannot start threads: {error}"))?;
        runtime.block_on(async {
            let accounts = Database::connect_later(&url).map_err(|error| error.to_string())?;
            let statistics = Statistics::open(&self.data_dir, accounts.clone(), zone);
            let statistics = statistics.map_err(|error| error.to_string())?;
            let done = work(&statistics).await;
            statistics.close().await;
            accounts.close().await;
            done
        })
    }

    /// Records an act of the command line on the statistics in the accounts' database.
    fn record(&self, act: Act, detail: &str) -> Result<(), String> {
        let url = config::database_url(self.database_url.as_deref(), &self.data_dir)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
        let recorded = runtime.block_on(async {
            let database = Database::open(&url).await?;
            let record = Record::new(act, By::command_line()).with(detail);
            let recorded = Audit::new(database.clone()).record(record).await;
            database.close().await;
            recorded
        });
        recorded.map_err(|error| format!("the audit has no record of this: {error}"))
    }

    async fn source(&self, kafka: &KafkaConfig) -> Result<Source, String> {
        let log = config::log(kafka)?;
        let source = match log.kafka() {
            Some(kafka) => Source::cluster(kafka).await,
            None => Source::beside(&self.data_dir).await,
        };
        source.map_err(|error| error.to_string())
    }
}

/// Counts all calls again, and prints what it found.
///
/// # Errors
/// One sentence about what is wrong.
pub(crate) fn batch(command: &Batch) -> Result<(), String> {
    let zone = config::time_zone(&command.place.time_zone)?;
    let wanted = Wanted { rebuild: command.rebuild, period: period(command, &zone)?, only_compare: false };
    let outcome = counted(&command.place, &command.kafka, wanted)?;
    println!("{}", sentence(&outcome));
    println!("what was counted is now what the statistics show");
    command.place.record(Act::StatisticsCounted, &sentence(&outcome))
}

/// Counts all calls again and compares, changes nothing, and fails if there is a difference.
///
/// # Errors
/// One sentence about what is wrong.
pub(crate) fn verify(command: &Verify) -> Result<(), String> {
    let wanted = Wanted { only_compare: true, ..Wanted::default() };
    let outcome = counted(&command.place, &command.kafka, wanted)?;
    println!("{}", sentence(&outcome));
    command.place.record(Act::StatisticsVerified, &sentence(&outcome))?;
    match outcome.verified.different {
        0 => Ok(()),
        different => Err(format!(
            "{different} calls differ between what was counted live and what the log and the history have; \
             `iutsai batch` puts the latter in place"
        )),
    }
}

/// Removes the calls of the demo's past, and prints how many there were.
///
/// # Errors
/// One sentence about what is wrong.
pub(crate) fn remove_demo(command: &RemoveDemo) -> Result<(), String> {
    let removed = command.place.run(async |statistics| {
        let removed = statistics.remove_demo(backend::clock::now()).await;
        removed.map_err(|error| error.to_string())
    })?;
    println!("removed {removed} calls that never happened; they do not come back");
    command.place.record(Act::DemoRemoved, &format!("{removed} calls"))
}

fn counted(place: &Place, kafka: &KafkaConfig, wanted: Wanted) -> Result<Outcome, String> {
    place.run(async |statistics| {
        let source = place.source(kafka).await?;
        let shown = progress::Shown::new();
        let outcome = batch::run(statistics, &source, wanted, &|done| shown.show(done)).await;
        shown.end();
        outcome.map_err(|error| error.to_string())
    })
}

fn sentence(outcome: &Outcome) -> String {
    let Outcome { calls, verified, late, same_positions } = outcome;
    let late = match late {
        0 => String::new(),
        late => format!("; {late} have words that came after they were settled, and count as the same"),
    };
    let behind = if *same_positions { "" } else { "; live counting was not as far as this run" };
    format!(
        "counted {calls} calls; compared {}, of which {} differ{late}{behind}",
        verified.compared, verified.different
    )
}

fn period(command: &Batch, zone: &Iana) -> Result<Option<(Millis, Millis)>, String> {
    if command.since.is_none() && command.until.is_none() {
        return Ok(None);
    }
    let instant = |name: &str, text: &Option<String>, usual: Millis| match text {
        None => Ok(usual),
        Some(text) => {
            let date: Result<Date, _> = text.parse();
            date.map(|date| zone.midnight(date)).map_err(|error| format!("--{name}: {text:?} is {error}"))
        }
    };
    let (from, to) =
        (instant("since", &command.since, Millis::MIN)?, instant("until", &command.until, Millis::MAX)?);
    if from < to { Ok(Some((from, to))) } else { Err("--until must be later than --since".into()) }
}
