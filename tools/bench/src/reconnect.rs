//! Measures the time until every socket has its snapshot when all come back at once after a restart, while calls of
//! their line are open.
//!
//! The sockets are families with eight devices to a flat; other flats of the line have called. A client looks only for
//! the alerts in its snapshot and for its end, because it shares the machine's cores with the server. One that is
//! refused comes again, as a page does, and the time goes on.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use tokio::{
    runtime::Runtime,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_tungstenite::tungstenite::Message as WebSocketMessage;

use crate::{
    callers::SOCKETS_OF_FLAT,
    fanout::{OTHER_DESCRIPTORS, sighting},
    runtime,
    sources::Sources,
};
use testkit::{
    Error,
    client::{Ack, Handshake, Session, Socket, Subscribe, WebSocket},
    descriptors,
    measure::{
        machine,
        memory::Memory,
        processor,
        spread::{Spread, milliseconds},
    },
    server::{Program, Server},
    town::{Residents, Town},
};

/// The time after which a client that was refused comes again.
const AGAIN: Duration = Duration::from_millis(200);
/// The time for the last attempt to end, which names what failed.
const GRACE: Duration = Duration::from_secs(1);

/// The settings of `iutsai-bench reconnect`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// The program to start, on a new data directory
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// Number of sockets, all on one line
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub sockets: u32,

    /// Number of open calls, which is at most what a snapshot holds
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=200))]
    pub calls: u32,

    /// Number of restarts
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100))]
    pub restarts: u32,

    /// Time after which a socket without its snapshot ends the run
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub deadline_s: u64,

    /// Number of threads of the clients
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
}

/// A client that is back, with its socket, so that it stays open until all are back.
struct Back {
    took: Duration,
    attempts: u32,
    calls: usize,
    _socket: WebSocket,
}

/// The results of one restart.
#[derive(Debug, Default)]
struct Row {
    times: Spread,
    /// The number of times that a client was refused, or lost its connection.
    refused: u32,
    /// Sockets whose snapshot had not all calls.
    incomplete: usize,
}

impl Row {
    fn add(&mut self, back: &Back, calls: usize) {
        self.times.add(back.took);
        self.refused += back.attempts - 1;
        self.incomplete += usize::from(back.calls != calls);
    }
}

/// Measures and prints.
///
/// # Errors
/// Whatever kept it from measuring; and [`Error::Usage`] when a snapshot had not every call.
pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    descriptors::allow(u64::from(settings.sockets) + OTHER_DESCRIPTORS)?;
    let main = runtime::of_this_thread()?;
    let clients = runtime::of_threads(settings.threads, "start the clients' threads")?;
    main.block_on(measure(settings, &clients))
}

async fn measure(settings: &Settings, clients: &Runtime) -> Result<(), Error> {
    let mut server = Program::new(&settings.program).start().await?;
    let families = (settings.sockets as usize).div_ceil(SOCKETS_OF_FLAT);
    let town = Town::new(1, settings.calls as usize + families).sessions(SOCKETS_OF_FLAT);
    let residents = server.populate(&town).await?;
    for house in 0..settings.calls as usize {
        let caller = residents.of(0, house);
        caller.press(&caller.call("reconnect")?, None).await?.ok()?;
    }
    print_preface(settings);
    let mut incomplete = 0;
    for _ in 0..settings.restarts {
        incomplete += restart(settings, clients, &mut server, &residents).await?;
    }
    println!();
    println!(
        "Milliseconds by one monotonic clock, from when the restarted server is ready until a client has read the end \
         of its snapshot. Clients and server share the machine."
    );
    server.end().await?;
    match incomplete {
        0 => Ok(()),
        count => Err(Error::Usage(format!("{count} snapshots had not all {} calls", settings.calls))),
    }
}

/// Restarts the server and lets all come back. Prints the row, and returns how many snapshots lacked a call.
async fn restart(
    settings: &Settings,
    clients: &Runtime,
    server: &mut Server,
    residents: &Residents,
) -> Result<usize, Error> {
    let begun = Instant::now();
    server.restart().await?;
    let restarted = begun.elapsed();
    let process = server.process()?;
    let sources = Sources::of(&server.client()?, settings.sockets as usize)?;
    let before = processor::time_of(&process)?;
    let deadline = Duration::from_secs(settings.deadline_s);
    let mut coming = JoinSet::new();
    let begun = Instant::now();
    for number in 0..settings.sockets as usize {
        let flat = settings.calls as usize + number / SOCKETS_OF_FLAT;
        let device = residents.devices(0, flat)[number % SOCKETS_OF_FLAT].at(sources.get(number));
        let back = async move { timeout(deadline + GRACE, come_back(&device, begun, deadline)).await };
        coming.spawn_on(back, clients.handle());
    }
    let (mut row, mut backs) = (Row::default(), Vec::new());
    while let Some(back) = coming.join_next().await {
        let back = back.expect("a client does not panic");
        let back =
            back.map_err(|_| Error::Usage(format!("a socket had no snapshot after {deadline:?}")))??;
        row.add(&back, settings.calls as usize);
        backs.push(back);
    }
    let used = processor::time_of(&process)?.saturating_sub(before);
    print_row(&row, restarted, used, Memory::of(&process)?);
    Ok(row.incomplete)
}

/// Tries until it has its snapshot, or the time is over.
async fn come_back(device: &Session, begun: Instant, patience: Duration) -> Result<Back, Error> {
    let mut attempts = 1;
    loop {
        match snapshot(device, patience).await {
            Ok((socket, calls)) => {
                return Ok(Back { took: begun.elapsed(), attempts, calls, _socket: socket });
            }
            Err(error) if begun.elapsed() >= patience => return Err(error),
            Err(_) => {
                attempts += 1;
                sleep(AGAIN).await;
            }
        }
    }
}

/// Opens a socket and reads its snapshot. Returns how many calls that has.
async fn snapshot(device: &Session, patience: Duration) -> Result<(WebSocket, usize), Error> {
    let subscribe = Subscribe::to_line(device.line()?).ack(Ack::ClientIndividual);
    let handshake = Handshake::default().signed_in(device.token());
    let mut socket = Socket::open(device.client(), &handshake).await?;
    socket.set_patience(patience);
    socket.connect(device.token()).await?;
    socket.subscribe(&subscribe).await?;
    let (mut stream, mut calls) = (socket.into_stream(), 0);
    loop {
        let text = match stream.next().await {
            Some(Ok(WebSocketMessage::Text(text))) => text,
            Some(Ok(WebSocketMessage::Ping(_) | WebSocketMessage::Pong(_))) => continue,
            Some(Ok(other)) => return Err(Error::Usage(format!("the server sent {other:?}"))),
            Some(Err(error)) => return Err(error.into()),
            None => return Err(Error::Usage("the connection ended".into())),
        };
        match sighting::kind(&text) {
            Some("alert") => calls += 1,
            Some("snapshot-end") => return Ok((stream, calls)),
            _ => {}
        }
    }
}

fn print_preface(settings: &Settings) {
    println!("machine   {}; load {}", machine::facts(), machine::load());
    println!(
        "settings  {} sockets of one line, {} open calls; clients on {} thread(s)",
        settings.sockets, settings.calls, settings.threads
    );
    println!();
    println!(
        "{:>8}  {:>9} {:>9} {:>9}  {:>7}  {:>10}  {:>9}  {:>10}",
        "restart", "p50", "p99", "max", "sockets", "come again", "CPU", "memory"
    );
}

fn print_row(row: &Row, restarted: Duration, used: Duration, memory: Memory) {
    let p = |percent| milliseconds(row.times.percentile(percent));
    println!(
        "{:>8}  {:>9} {:>9} {:>9}  {:>7}  {:>10}  {:>7.2} s  {:>7} MiB",
        milliseconds(Some(restarted)),
        p(50),
        p(99),
        p(100),
        row.times.count(),
        row.refused,
        used.as_secs_f64(),
        memory.most / (1 << 20),
    );
}
