//! Whether anything starves the press: how long the caller waits for the answer to `POST /alert` while thousands of sockets
//! listen, hundreds of them read nothing, and sign-ins ask for a slow hash without an end; beside the same presses on an
//! idle server, in the same run.
//!
//! The load runs on threads of the lowest priority (nice 19): what is measured is what the server's parts do to one
//! another, and not what the load generator, which is elsewhere in real life, does to the server.

mod hammer;
mod mute;

use std::{path::PathBuf, sync::Arc, time::Duration};

use domain::{AlertId, api::ProgressRequest};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use uuid::Uuid;

use crate::fanout::{OTHER_DESCRIPTORS, board::Board, crowd::Crowd};
use hammer::Hammer;
use mute::Mute;
use testkit::{
    Error,
    client::{Session, Step},
    descriptors,
    measure::{
        counters::{ADMINISTRATOR, Counters},
        disk, machine,
        memory::Memory,
        spread::{Spread, milliseconds},
    },
    server::{Program, Server},
};

const PASSWORD: &str = "neighbour";
const CALLER: &str = "resident-1203";
/// On the caller's line: they hear every call.
const NEIGHBOURS: [&str; 2] = ["resident-1204", "resident-1301"];
/// On another line: they hear nothing.
const STRANGERS: [&str; 1] = ["resident-0501"];
/// Uncounted presses before the first one.
const WARM_UP: u32 = 20;

/// What `iutsai-bench starve` can be told.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// The program to start, on a new data directory
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// How many sockets are open, all in all
    #[arg(long, value_name = "NUMBER", default_value_t = 9_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub sockets: u32,

    /// How many of them listen to the caller's line
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
    pub neighbours: u32,

    /// How many of those read nothing
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    pub mute: u32,

    /// How many ask to sign in at once, again and again
    #[arg(long, value_name = "NUMBER", default_value_t = 32)]
    pub sign_ins: u32,

    /// How many presses each measurement counts; those who read nothing are closed after a minute
    #[arg(long, value_name = "NUMBER", default_value_t = 250)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub presses: u32,

    /// From one press to the next
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 200)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub interval_ms: u64,

    /// How often all that is done, each time with a new server
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
}

/// Measures and prints. Ends by itself.
///
/// # Errors
/// Whatever kept it from measuring, a press that was refused above all.
pub fn run(settings: &Settings) -> Result<(), Error> {
    if settings.neighbours > settings.sockets || settings.mute > settings.neighbours {
        return Err(Error::Usage("--mute must be within --neighbours, and those within --sockets".into()));
    }
    descriptors::allow(u64::from(settings.sockets) + u64::from(settings.sign_ins) + OTHER_DESCRIPTORS)?;
    let presser =
        Builder::new_current_thread().enable_all().build().map_err(Error::system("start a runtime"))?;
    let load = Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_start(machine::give_way)
        .enable_all()
        .build()
        .map_err(Error::system("start the load's threads"))?;
    print_head(settings)?;
    let mut ratios = Vec::new();
    for _ in 0..settings.rounds {
        let (idle, starved) = presser.block_on(measure(settings, &load))?;
        ratios.push(p99(&starved) / p99(&idle));
    }
    print_ratios(&ratios);
    Ok(())
}

fn print_head(settings: &Settings) -> Result<(), Error> {
    let directory = tempfile::tempdir().map_err(Error::system("make a directory"))?;
    println!("machine   {}; load {} before the first press", machine::facts(), machine::load());
    println!("disk      {}", disk::measure(directory.path())?);
    println!("settings  {} presses, one each {} ms, each taken back", settings.presses, settings.interval_ms);
    println!();
    println!(
        "{:>10}  {:>8} {:>8} {:>8}  {:>7}  {:>6}  {:>9}  {:>8}  {:>8}",
        "POST", "p50", "p99", "max", "sockets", "slow", "sign-ins", "RSS", "most"
    );
    Ok(())
}

fn print_ratios(ratios: &[f64]) {
    let worst = ratios.iter().copied().fold(f64::NAN, f64::max);
    let list = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect::<Vec<_>>().join(", ");
    println!();
    println!("p99 of the starved presses is {list} times that of the idle ones; {worst:.2} at worst");
    println!(
        "Milliseconds, from the time a press was due until its answer is read; the load gives way (nice 19)."
    );
    println!(
        "sign-ins: refused ones a second, each a whole argon2id; slow: sockets closed because they did not read."
    );
}

/// One round: the idle presses, then the starved ones.
async fn measure(settings: &Settings, load: &Runtime) -> Result<(Spread, Spread), Error> {
    let server = Program::new(&settings.program).start().await?;
    let client = server.client()?;
    let caller = client.sign_in(CALLER, PASSWORD).await?;
    let administrator = client.sign_in(ADMINISTRATOR, PASSWORD).await?;
    press_all(&caller, WARM_UP, settings.interval()).await?;
    let seat = Seat { server: &server, administrator: &administrator };
    let idle = seat.row("idle", settings, &caller, None).await?;
    let crowds = Crowds::gather(settings, load, &server).await?;
    // With connections of their own: those are served on the load's threads, whoever uses them next.
    let hammer = Hammer::start(load, &server.client()?, settings.sign_ins);
    let starved = seat.row("starved", settings, &caller, Some(&hammer)).await?;
    hammer.stop().await;
    let ended = crowds.leave().await;
    server.end().await?;
    if ended.is_empty() {
        return Ok((idle, starved));
    }
    Err(Error::Usage(format!(
        "{} sockets that read were closed, the first because: {}",
        ended.len(),
        ended[0]
    )))
}

impl Settings {
    fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }
}

/// All that only listen, or not even that.
struct Crowds {
    neighbours: Crowd,
    strangers: Crowd,
    mute: Mute,
    board: Arc<Board>,
}

impl Crowds {
    async fn gather(settings: &Settings, load: &Runtime, server: &Server) -> Result<Self, Error> {
        let client = server.client()?;
        let sessions = async |names: &[&str]| {
            let mut sessions = Vec::new();
            for name in names {
                sessions.push(client.sign_in(name, PASSWORD).await?);
            }
            Ok::<_, Error>(sessions)
        };
        let (near, far) = (sessions(&NEIGHBOURS).await?, sessions(&STRANGERS).await?);
        let (listening, elsewhere) =
            (settings.neighbours - settings.mute, settings.sockets - settings.neighbours);
        let board = Arc::new(Board::default());
        Ok(Self {
            neighbours: Crowd::gather(load, &board, &near, listening, true).await?,
            strangers: Crowd::gather(load, &board, &far, elsewhere, true).await?,
            mute: Mute::gather(&near, settings.mute).await?,
            board,
        })
    }

    /// Closes all sockets; tells which of those that read had ended before, and why.
    async fn leave(self) -> Vec<String> {
        let ended = self.board.ended();
        self.neighbours.leave().await;
        self.strangers.leave().await;
        drop(self.mute);
        ended
    }
}

/// Where the figures are read.
struct Seat<'a> {
    server: &'a Server,
    administrator: &'a Session,
}

impl Seat<'_> {
    /// Presses, and prints what that showed.
    async fn row(
        &self,
        what: &str,
        settings: &Settings,
        caller: &Session,
        hammer: Option<&Hammer>,
    ) -> Result<Spread, Error> {
        let (begun, before) = (Instant::now(), hammer.map_or(0, Hammer::refused));
        let times = press_all(caller, settings.presses, settings.interval()).await?;
        let refused = hammer.map_or(0, Hammer::refused) - before;
        let sign_ins = f64::from(u32::try_from(refused).unwrap_or(u32::MAX)) / begun.elapsed().as_secs_f64();
        let counters = Counters::read(self.administrator).await?;
        let memory = Memory::of(&self.server.process()?)?;
        let p = |percent| milliseconds(times.percentile(percent));
        println!(
            "{what:>10}  {:>8} {:>8} {:>8}  {:>7}  {:>6}  {sign_ins:>9.1}  {:>5} MB  {:>5} MB",
            p(50),
            p(99),
            p(100),
            counters.get("iutsai_sockets"),
            counters.get("iutsai_slow_sockets_total"),
            memory.now / 1_000_000,
            memory.most / 1_000_000,
        );
        Ok(times)
    }
}

/// In seconds.
fn p99(spread: &Spread) -> f64 {
    spread.percentile(99).map_or(f64::NAN, |time| time.as_secs_f64())
}

/// So many presses, one each interval whether or not those before are answered.
async fn press_all(caller: &Session, presses: u32, every: Duration) -> Result<Spread, Error> {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut pressing = JoinSet::new();
    for _ in 0..presses {
        let due = ticks.tick().await;
        pressing.spawn(press(caller.clone(), due));
    }
    let mut times = Spread::default();
    while let Some(pressed) = pressing.join_next().await {
        times.add(pressed.expect("pressing does not panic")?);
    }
    Ok(times)
}

/// One press that was due then: how long until its answer was read. The call is taken back.
async fn press(caller: Session, due: Instant) -> Result<Duration, Error> {
    let id = Uuid::now_v7();
    caller.press(&caller.call("starve")?, Some(id)).await?.ok()?;
    let answered = due.elapsed();
    caller.progress(AlertId(id), Step::Cancel, &ProgressRequest::default(), None).await?.ok()?;
    Ok(answered)
}
