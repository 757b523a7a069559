//! Measures the time from a press until the first, every and the last subscriber of one line has the call, and until
//! the caller has the answer.
//!
//! One process presses and listens, so one monotonic clock measures both ends. The presser has a thread to itself and
//! the subscribers theirs, so that a thousand arriving frames do not delay the reading of the answer; all share the
//! machine's cores with the server, and what the subscribers cost is in the numbers.
//!
//! The subscribers are families with eight sockets to a flat, each a device with a session of its own. A hundred are
//! therefore the 13 flats of a small building's line, and a thousand more than any line has. Other flats of the line
//! press in turn.

pub(crate) mod board;
pub(crate) mod crowd;
mod meter;
mod peer;
mod presser;
mod report;
mod row;
pub(crate) mod sighting;
mod target;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::runtime::Runtime;

use crate::{callers::Callers, output, processes::Processes, runtime};
use board::Board;
use crowd::Crowd;
use meter::Meter;
use peer::Peer;
use report::Measured;
use row::Row;
use target::{People, Target};
use testkit::{Error, client::Session, descriptors, measure::disk, until_interrupted};

/// Sockets and files besides the subscribers'.
pub(crate) const OTHER_DESCRIPTORS: u64 = 100;

/// The settings of `iutsai-bench fanout`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// Measures the server that runs here, such as http://127.0.0.1:3000
    #[arg(long, value_name = "URL", requires = "database")]
    pub server: Option<String>,

    /// The accounts' database of that server, as sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME. A line of
    /// neighbours is added for the measurement and removed at its end
    #[arg(long, value_name = "URL", requires = "server")]
    pub database: Option<String>,

    /// Starts this program on a new data directory and measures it; it is ended afterwards
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: Option<PathBuf>,

    /// Numbers of subscribers of the line, one measurement each
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1,100,1000")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub subscribers: Vec<u32>,

    /// Number of presses that each measurement counts
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub presses: u32,

    /// Number of runs of each measurement, each on a server that was just started; with several, the least, the median
    /// and the most of each figure follow
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100))]
    pub runs: u32,

    /// Number of presses before them, uncounted
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    pub warm_up: u32,

    /// The pause after a call is cancelled and before the next press
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 200)]
    pub interval_ms: u64,

    /// Time after which a subscriber without the call counts as not reached
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub deadline_s: u64,

    /// Subscribes without acknowledgements; a browser acknowledges every call, and no other frame
    #[arg(long)]
    pub no_ack: bool,

    /// Number of threads that listen
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,

    /// Measures another program in turn with the server, by the same client and the same clock
    #[arg(long, value_name = "NAME")]
    pub peer: Option<peer::Name>,

    /// The program nginx, for --peer nchan (Debian: nginx)
    #[arg(long, value_name = "FILE", default_value = "nginx")]
    pub nginx: PathBuf,

    /// Its module nchan, for --peer nchan (Debian: libnginx-mod-nchan)
    #[arg(long, value_name = "FILE", default_value = "/usr/lib/nginx/modules/ngx_nchan_module.so")]
    pub nchan: PathBuf,

    /// The program rabbitmq-server, for --peer rabbitmq (Debian: rabbitmq-server). It is the script itself, and not the
    /// one in the PATH that becomes another user
    #[arg(long, value_name = "FILE", default_value = "/usr/lib/rabbitmq/bin/rabbitmq-server")]
    pub rabbitmq: PathBuf,

    /// Erlang's daemon of names, for --peer rabbitmq (Debian: erlang-base)
    #[arg(long, value_name = "FILE", default_value = "epmd")]
    pub epmd: PathBuf,

    /// Writes all figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Directory on the server's disk, where the disk is measured; by default the data directory of the program that is
    /// started, else the current directory
    #[arg(long, value_name = "DIR")]
    pub disk: Option<PathBuf>,
}

impl Settings {
    fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_s)
    }
}

/// Measures and prints.
///
/// # Errors
/// Whatever kept it from measuring; and [`Error::Usage`] when a call did not reach every subscriber exactly once.
pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    let most = settings.subscribers.iter().max().copied().unwrap_or_default();
    descriptors::allow(u64::from(most) + OTHER_DESCRIPTORS)?;
    let presser = runtime::of_this_thread()?;
    let listeners = runtime::of_threads(settings.threads, "start the subscribers' threads")?;
    presser.block_on(until_interrupted(measure(settings, &listeners)))
}

async fn measure(settings: &Settings, listeners: &Runtime) -> Result<(), Error> {
    let mut target = Target::prepare(settings).await?;
    let outcome = measure_all(settings, listeners, &mut target).await;
    if outcome.is_err() && target.is_own() {
        // Dropping the server prints the end of its log.
        return outcome;
    }
    outcome.and(target.leave().await)
}

async fn measure_all(settings: &Settings, listeners: &Runtime, target: &mut Target) -> Result<(), Error> {
    if let Some(name) = settings.peer {
        // One that is not there is named before anything is measured.
        drop(Peer::start(name, settings).await?);
    }
    let mut runs = Runs::begin(settings, listeners, target).await?;
    let floor = disk::measure(&runs.target.disk(settings))?;
    report::print_preface(settings, target::callers(settings), runs.target.client.address(), &floor);
    let (mut faults, mut all) = (Vec::new(), Vec::new());
    for subscribers in &settings.subscribers {
        let measured = runs.all_with(*subscribers as usize).await?;
        report::print_summary(&measured, settings.peer);
        faults.extend(measured.faults(settings.peer));
        all.push(measured);
    }
    report::print_legend(settings.peer);
    output::write(settings.json.as_deref(), "fanout", report::to_json(settings, &all))?;
    if faults.is_empty() { Ok(()) } else { Err(Error::Usage(faults.join("\n"))) }
}

/// The things that all runs share.
struct Runs<'a> {
    settings: &'a Settings,
    listeners: &'a Runtime,
    target: &'a mut Target,
    people: People,
    callers: Callers,
    is_first: bool,
}

impl<'a> Runs<'a> {
    async fn begin(
        settings: &'a Settings,
        listeners: &'a Runtime,
        target: &'a mut Target,
    ) -> Result<Self, Error> {
        let people = target.people(settings).await?;
        let callers = people.callers();
        Ok(Self { settings, listeners, target, people, callers, is_first: true })
    }

    /// Measures all runs with so many subscribers, and prints each.
    async fn all_with(&mut self, subscribers: usize) -> Result<Measured, Error> {
        let mut measured = Measured::default();
        for _ in 0..self.settings.runs {
            let row = self.once_with(subscribers).await?;
            report::print_row(&row);
            if let Some(name) = self.settings.peer {
                let mut peer = Peer::start(name, self.settings).await?;
                let of_peer = peer.measure(self.settings, self.listeners, subscribers).await?;
                report::print_peer(name.as_str(), &row, &of_peer);
                measured.peers.push(of_peer);
            }
            measured.ours.push(row);
        }
        Ok(measured)
    }

    async fn once_with(&mut self, subscribers: usize) -> Result<Row, Error> {
        if !self.is_first && self.target.restart().await? {
            self.people = self.target.people(self.settings).await?;
            self.callers = self.people.callers();
        }
        self.is_first = false;
        let devices = self.people.devices(subscribers);
        let processes = self.target.processes()?;
        measure_one(self.settings, self.listeners, &mut self.callers, &devices, processes).await
    }
}

/// Measures one line of the table, which is all presses for one number of subscribers.
async fn measure_one(
    settings: &Settings,
    listeners: &Runtime,
    callers: &mut Callers,
    devices: &[Session],
    processes: Option<Processes>,
) -> Result<Row, Error> {
    let board = Arc::new(Board::default());
    let mut meter = Meter::start(processes)?;
    let crowd = Crowd::gather(listeners, &board, 0, devices, !settings.no_ack).await?;
    meter.sockets_are_open(devices.len()).await?;
    for _ in 0..settings.warm_up {
        presser::press(settings, &callers.next_flat(), &board, devices.len()).await?;
    }
    meter.presses_begin(&board)?;
    let mut row = Row::new(devices.len());
    for _ in 0..settings.presses {
        row.add(&presser::press(settings, &callers.next_flat(), &board, devices.len()).await?);
    }
    row.record(&board, meter.end(&board)?);
    crowd.leave().await;
    Ok(row)
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
    fn runs_and_peer_are_read_and_need_more_flats_than_one_run() {
        let of = |words: &[&str]| Arguments::parse_from(["fanout"].iter().chain(words)).settings;
        let several = of(&["--runs", "3", "--peer", "rabbitmq", "--json", "figures.json"]);
        assert_eq!((several.runs, several.peer), (3, Some(peer::Name::RabbitMq)));
        assert_eq!(of(&["--peer", "nchan"]).peer, Some(peer::Name::Nchan));
        let flats = |runs| target::callers(&of(&["--presses", "5", "--warm-up", "5", "--runs", runs]));
        // Three numbers of subscribers, ten presses each.
        assert_eq!((flats("1"), flats("2")), (3, 6));
        assert!(Arguments::try_parse_from(["fanout", "--runs", "0"]).is_err());
    }
}
