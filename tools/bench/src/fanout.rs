//! From a press to the neighbours: how long until the first, every and the last subscriber of one line has the call,
//! and how long the caller waits for the answer.
//!
//! One process presses and listens, so one monotonic clock measures both ends. The presser has a thread to itself and
//! the subscribers theirs, so that a thousand arriving frames do not delay the reading of the answer; all share the
//! machine's cores with the server, and what the subscribers cost is in the numbers.

pub(crate) mod board;
pub(crate) mod crowd;
mod presser;
mod report;
mod sighting;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::runtime::{Builder, Runtime};

use board::Board;
use crowd::Crowd;
use report::Row;
use testkit::{
    Error,
    client::{Client, Session},
    descriptors,
    measure::disk,
    server::{Program, Server},
};

/// Sockets and files besides the subscribers'.
pub(crate) const OTHER_DESCRIPTORS: u64 = 100;

/// What `iutsai-bench fanout` can be told.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Measures the server that runs here, such as http://127.0.0.1:3000, with the accounts of the demo complex
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,

    /// Starts this program on a new data directory and measures it; it is ended afterwards
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: Option<PathBuf>,

    /// How many subscribers the line has, one measurement each
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1,100,1000")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub subscribers: Vec<u32>,

    /// How many presses each measurement counts
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub presses: u32,

    /// How many presses precede them, uncounted
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    pub warm_up: u32,

    /// The pause after a call is cancelled and before the next press
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 200)]
    pub interval_ms: u64,

    /// After so long without the call, a subscriber counts as not reached
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub deadline_s: u64,

    /// Subscribes without acknowledgements; a browser acknowledges every frame
    #[arg(long)]
    pub no_ack: bool,

    /// How many threads listen
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,

    /// Who presses
    #[arg(long, value_name = "NAME", default_value = "resident-1203")]
    pub caller: String,

    /// Who listens: neighbours on the caller's line, who share the sockets
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "resident-1204,resident-1301")]
    pub neighbours: Vec<String>,

    /// The password of all of them
    #[arg(long, value_name = "PASSWORD", default_value = "neighbour")]
    pub password: String,

    /// Where the disk is measured: the server's; by default the data directory of the program that is started, else the
    /// current directory
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

/// Measures and prints. Ends by itself.
///
/// # Errors
/// Whatever kept it from measuring; and [`Error::Usage`] when a call did not reach every subscriber exactly once.
pub fn run(settings: &Settings) -> Result<(), Error> {
    let most = settings.subscribers.iter().max().copied().unwrap_or_default();
    descriptors::allow(u64::from(most) + OTHER_DESCRIPTORS)?;
    let presser =
        Builder::new_current_thread().enable_all().build().map_err(Error::system("start a runtime"))?;
    let listeners = Builder::new_multi_thread()
        .worker_threads(settings.threads.into())
        .enable_all()
        .build()
        .map_err(Error::system("start the subscribers' threads"))?;
    presser.block_on(measure(settings, &listeners))
}

async fn measure(settings: &Settings, listeners: &Runtime) -> Result<(), Error> {
    let (server, client) = target(settings).await?;
    let people = People::sign_in(settings, &client).await?;
    let directory = settings.disk.clone().or_else(|| Some(server.as_ref()?.data_dir().to_owned()));
    let floor = disk::measure(&directory.unwrap_or_else(|| PathBuf::from(".")))?;
    report::print_preface(settings, client.address(), &floor);
    let mut faults = Vec::new();
    for subscribers in &settings.subscribers {
        let row = measure_one(settings, listeners, &people, *subscribers).await?;
        report::print_row(&row);
        faults.extend(row.faults());
    }
    report::print_legend();
    if let Some(server) = server {
        server.end().await?;
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Usage(faults.join("\n"))) }
}

/// One line of the table: so many subscribers, all presses.
async fn measure_one(
    settings: &Settings,
    listeners: &Runtime,
    people: &People,
    subscribers: u32,
) -> Result<Row, Error> {
    let board = Arc::new(Board::default());
    let crowd = Crowd::gather(listeners, &board, &people.neighbours, subscribers, !settings.no_ack).await?;
    for _ in 0..settings.warm_up {
        presser::press(settings, &people.caller, &board, subscribers).await?;
    }
    let mut row = Row::new(subscribers);
    for _ in 0..settings.presses {
        row.add(&presser::press(settings, &people.caller, &board, subscribers).await?);
    }
    row.note(&board);
    crowd.leave().await;
    Ok(row)
}

/// The server to measure: one that runs, or one that is started here.
async fn target(settings: &Settings) -> Result<(Option<Server>, Client), Error> {
    match (&settings.server, &settings.program) {
        (Some(address), _) => Ok((None, Client::new(address)?)),
        (None, Some(program)) => {
            let server = Program::new(program).start().await?;
            let client = server.client()?;
            Ok((Some(server), client))
        }
        (None, None) => Err(Error::Usage(
            "Which server? Give --server URL for one that runs, or --program FILE (IUTSAI_PROGRAM) for one to start."
                .into(),
        )),
    }
}

/// Those who take part, each signed in once: argon2 is slow on purpose.
struct People {
    caller: Session,
    neighbours: Vec<Session>,
}

impl People {
    async fn sign_in(settings: &Settings, client: &Client) -> Result<Self, Error> {
        let caller = client.sign_in(&settings.caller, &settings.password).await?;
        let mut neighbours = Vec::new();
        for name in &settings.neighbours {
            let neighbour = client.sign_in(name, &settings.password).await?;
            if neighbour.line()? != caller.line()? {
                return Err(Error::Usage(format!("{name} is not on the line of {}", settings.caller)));
            }
            neighbours.push(neighbour);
        }
        Ok(Self { caller, neighbours })
    }
}
