//! Measures whether anything starves the press. Residents press and listen. Beside them one hostile resident and
//! strangers attack, first one attack at a time and then all together. These presses on the server at peace are
//! measured in the same run.
//!
//! The load runs on threads of the lowest priority (nice 19), because the measurement is about the server's parts, and
//! not about the load generator, which is elsewhere in real life.

mod attack;
mod crew;
mod honest;
mod report;
mod stage;
mod watch;

use std::{path::PathBuf, time::Duration};

use clap::ValueEnum as _;
use tokio::runtime::Builder;

use crate::{fanout::OTHER_DESCRIPTORS, runtime};
use attack::Attack;
use stage::Stage;
use testkit::{Error, descriptors, measure::machine};

/// The settings of `iutsai-bench starve`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// The program to start, on a new data directory
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// Number of open sockets of residents in all
    #[arg(long, value_name = "NUMBER", default_value_t = 4_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub sockets: u32,

    /// Number of them that listen to the callers' line, eight to a flat
    #[arg(long, value_name = "NUMBER", default_value_t = 400)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub neighbours: u32,

    /// Number of addresses of strangers, from 127.0.0.2 on
    #[arg(long, value_name = "NUMBER", default_value_t = 8)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=200))]
    pub strangers: u8,

    /// Number of attempts of each attack that the hostile resident has under way, and the strangers as many
    #[arg(long, value_name = "NUMBER", default_value_t = 8)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub at_once: u16,

    /// Only these attacks
    #[arg(long, value_enum, value_name = "ATTACKS", value_delimiter = ',')]
    pub only: Vec<Attack>,

    /// Number of presses of the other residents that each measurement counts
    #[arg(long, value_name = "NUMBER", default_value_t = 150)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub presses: u32,

    /// From one press to the next
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 200)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub interval_ms: u64,
}

impl Settings {
    fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// The attacks that are asked for.
    fn attacks(&self) -> Vec<Attack> {
        if self.only.is_empty() { Attack::value_variants().to_vec() } else { self.only.clone() }
    }

    /// Returns the number of measurements, at peace, under each attack, and under all together.
    fn rows(&self) -> usize {
        self.attacks().len() + 2
    }
}

/// Measures and prints. The load is bounded and ends with the last measurement.
///
/// # Errors
/// Whatever kept it from measuring; and [`Error::Usage`] when a press failed or an alarm was missed.
pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    if settings.neighbours > settings.sockets {
        return Err(Error::Usage("--neighbours must be within --sockets".into()));
    }
    let hostile = attack::most_descriptors(settings.at_once.into());
    descriptors::allow(u64::from(settings.sockets) + hostile + OTHER_DESCRIPTORS)?;
    let presser = runtime::of_this_thread()?;
    let listeners = runtime::of_threads(1, "start the listeners' thread")?;
    let load = Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_start(machine::give_way)
        .enable_all()
        .build()
        .map_err(Error::system("start the load's threads"))?;
    presser.block_on(async {
        let mut stage = Stage::set(settings, &listeners, &load).await?;
        let faults = measure(settings, &mut stage).await?;
        if !faults.is_empty() {
            return Err(Error::Usage(faults.join("\n")));
        }
        stage.leave().await
    })
}

/// Measures row by row, and describes every failed press and missed alarm, one sentence each.
async fn measure(settings: &Settings, stage: &mut Stage<'_>) -> Result<Vec<String>, Error> {
    report::print_head(settings)?;
    let idle = stage.row("at peace", &[]).await?;
    report::print_row(&idle, &idle);
    let mut faults = idle.faults();
    let attacks = settings.attacks();
    let alone = attacks.iter().map(|attack| (attack.name(), std::slice::from_ref(attack)));
    for (name, attacks) in alone.chain([("all together".to_owned(), attacks.as_slice())]) {
        let row = stage.row(&name, attacks).await?;
        report::print_row(&row, &idle);
        faults.extend(row.faults());
        if let Some(ended) = stage.ended() {
            // A later measurement would count alarms for sockets that no longer exist.
            faults.push(format!(
                "{name}: {ended}; nothing was measured after it, so name the others by --only"
            ));
            break;
        }
    }
    report::print_legend();
    Ok(faults)
}
