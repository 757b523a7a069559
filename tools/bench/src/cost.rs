//! Measures what the service costs at several points, on real Kafka and PostgreSQL, and calculates from these costs
//! what a whole population needs.
//!
//! Every point differs from the first one in one thing alone, which is the number of lines, of residents of a line, of
//! partitions or of nodes. Each has a cluster of its own. Every resident has an account and a socket, and presses come
//! at a steady rate. The calls stay open, and a point is over before a call that nobody answers alarms other lines.

mod model;
mod point;
mod report;
mod stage;

use std::path::PathBuf;

use tokio::runtime::Runtime;

use crate::{output, runtime, scale::brokers};
use model::{Model, Population};
use point::Point;
use stage::Costs;
use testkit::{Error, descriptors, until_interrupted};

/// Connections of presses that are not answered yet, and files.
const OTHER_DESCRIPTORS: u64 = 1_000;

/// The settings of `iutsai-bench cost`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// The program to start
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// Where script/kafka and script/postgres are
    #[arg(long, value_name = "DIR", default_value = "script")]
    pub scripts: PathBuf,

    /// Number of brokers, 1 or 3
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    #[arg(value_parser = brokers)]
    pub brokers: u8,

    /// Numbers of lines
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "10,100,1000")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub lines: Vec<u32>,

    /// Numbers of residents of each line, each with an account and a socket
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "10,100,1000")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub residents: Vec<u32>,

    /// Numbers of partitions of each topic
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "2,8,32")]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=256))]
    pub partitions: Vec<u32>,

    /// Numbers of nodes, each with every role
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1,3")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=9))]
    pub nodes: Vec<u32>,

    /// Presses per second
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rate: u32,

    /// For how long at each point
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=20))]
    pub seconds: u32,

    /// Number of threads that listen
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,

    #[command(flatten)]
    pub population: Population,

    /// Writes all figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Settings {
    fn points(&self) -> Vec<Point> {
        point::plan(&self.lines, &self.residents, &self.partitions, &self.nodes)
    }
}

/// Measures and prints.
///
/// # Errors
/// Whatever kept it from measuring; and [`Error::Usage`] when somebody did not get a call.
pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    let most = settings.points().iter().map(|point| point.sockets()).max().unwrap_or_default();
    descriptors::allow(most as u64 + OTHER_DESCRIPTORS)?;
    let presser = runtime::of_this_thread()?;
    let listeners = runtime::of_threads(settings.threads, "start the listeners' threads")?;
    presser.block_on(until_interrupted(measure(settings, &listeners)))
}

async fn measure(settings: &Settings, listeners: &Runtime) -> Result<(), Error> {
    report::print_preface(settings);
    let mut costs: Vec<Costs> = Vec::new();
    for point in settings.points() {
        let cost = stage::measure(settings, listeners, point).await?;
        report::print_row(&cost);
        costs.push(cost);
    }
    report::print_legend();
    let model = Model::of(&costs);
    report::print_model(&model, &settings.population);
    output::write(settings.json.as_deref(), "cost", report::to_json(settings, &costs, &model))
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

    #[test]
    fn the_points_of_a_run_without_arguments_open_no_more_sockets_than_a_process_may() {
        let settings = Arguments::parse_from(["cost", "--program", "iutsai"]).settings;
        let points = settings.points();
        assert_eq!(points.len(), 8);
        assert_eq!(points.iter().map(|point| point.sockets()).max(), Some(10_000));
        assert_eq!(settings.population.population, 1_000_000);
    }
}
