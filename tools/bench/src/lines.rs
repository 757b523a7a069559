//! Measures presses at a fixed rate on many lines with few neighbours each, and whether the server keeps up with them.
//!
//! Presses come at their times whether or not those before them have arrived, and each is measured from its time, so
//! that a server that falls behind cannot hide it. Calls stay open. They come from as many flats as are needed for none
//! to press more often than it may.

mod report;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    runtime::Runtime,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use uuid::Uuid;

use crate::{
    callers::Callers,
    fanout::{
        board::Board,
        crowd::{self, Crowd},
    },
    runtime,
    sources::Sources,
};
use report::Figures;
pub(crate) use report::faults_of;
use testkit::{
    Error, budgets,
    client::Session,
    descriptors,
    server::Program,
    town::{Residents, Town},
};

/// Uncounted presses before the first one.
const WARM_UP: u32 = 50;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(20);
/// Connections of the presses that are not answered yet, and files.
const OTHER_DESCRIPTORS: u64 = 4_000;

/// The settings of `iutsai-bench lines`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// The program to start, on a new data directory
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// Number of lines
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub lines: u32,

    /// Number of subscribers of each line, each of another flat
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub subscribers: u32,

    /// Presses per second, on one line after the other
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "2000")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub rate: Vec<u32>,

    /// For how long
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: u32,

    /// Time after which a subscriber without the call counts as not reached
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub deadline_s: u64,

    /// Subscribes without acknowledgements; a browser acknowledges every call, and no other frame
    #[arg(long)]
    pub no_ack: bool,

    /// Number of threads that listen
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
}

impl Settings {
    /// Returns how many flats of each line press. The others listen.
    fn callers(&self) -> usize {
        let rates = self.rate.iter().map(|rate| rate.saturating_mul(self.seconds));
        let presses = rates.fold(WARM_UP, u32::saturating_add);
        let fastest = self.rate.iter().map(|rate| Duration::from_secs(1) / *rate).fold(PAUSE, Duration::min);
        budgets::flats(presses, fastest).div_ceil(self.lines as usize)
    }
}

/// The outcome of one press.
struct Press {
    /// From when it was due until it was answered; `None` if it was refused.
    answered: Option<Duration>,
    /// From when it was due until the last subscriber had it; `None` if one did not have it in time.
    last: Option<Duration>,
}

/// Measures and prints.
///
/// # Errors
/// Whatever kept it from measuring; and [`Error::Usage`] when a call did not reach every subscriber exactly once.
pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    let sockets = u64::from(settings.lines) * u64::from(settings.subscribers);
    descriptors::allow(sockets + OTHER_DESCRIPTORS)?;
    let presser = runtime::of_this_thread()?;
    let listeners = runtime::of_threads(settings.threads, "start the subscribers' threads")?;
    presser.block_on(measure(settings, &listeners))
}

async fn measure(settings: &Settings, listeners: &Runtime) -> Result<(), Error> {
    let server = Program::new(&settings.program).start().await?;
    let (lines, subscribers) = (settings.lines as usize, settings.subscribers as usize);
    let residents = server.populate(&Town::new(lines, settings.callers() + subscribers)).await?;
    let mut callers = callers(settings, &residents);
    let board = Arc::new(Board::default());
    let crowd = gather(settings, listeners, &residents, &board).await?;
    let deadline = Duration::from_secs(settings.deadline_s);
    for _ in 0..WARM_UP {
        press(callers.next_flat(), board.clone(), subscribers, deadline, Instant::now()).await?;
        tokio::time::sleep(PAUSE).await;
    }
    report::print_preface(settings, settings.callers());
    let mut faults = Vec::new();
    for rate in &settings.rate {
        let figures = at_a_rate(settings, *rate, &mut callers, &board).await?;
        report::print_row(*rate, &figures);
        faults.extend(figures.faults(*rate));
    }
    report::print_legend();
    faults.extend(report::faults_of(&board));
    crowd.leave().await;
    server.end().await?;
    if faults.is_empty() { Ok(()) } else { Err(Error::Usage(faults.join("\n"))) }
}

/// Every flat that presses. Those of one line do not press one after the other.
fn callers(settings: &Settings, residents: &Residents) -> Callers {
    let lines = settings.lines as usize;
    let flats = (0..settings.callers()).flat_map(|house| (0..lines).map(move |line| (line, house)));
    Callers::new(flats.map(|(line, house)| residents.of(line, house).clone()).collect())
}

/// Opens all sockets. On the board the subscribers of each line are counted from 0.
async fn gather(
    settings: &Settings,
    listeners: &Runtime,
    residents: &Residents,
    board: &Arc<Board>,
) -> Result<Crowd, Error> {
    let (lines, subscribers) = (settings.lines as usize, settings.subscribers as usize);
    let (callers, ack) = (settings.callers(), !settings.no_ack);
    let sources = Sources::of(residents.of(0, 0).client(), lines * subscribers)?;
    let flats = (0..lines).flat_map(|line| (0..subscribers).map(move |number| (line, number)));
    let sockets = flats.map(|(line, number)| {
        let device = residents.of(line, callers + number).at(sources.get(line * subscribers + number));
        (number, crowd::open(device, ack))
    });
    Crowd::of(listeners, board, sockets).await
}

async fn at_a_rate(
    settings: &Settings,
    rate: u32,
    callers: &mut Callers,
    board: &Arc<Board>,
) -> Result<Figures, Error> {
    let (subscribers, deadline) = (settings.subscribers as usize, Duration::from_secs(settings.deadline_s));
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut pressing = JoinSet::new();
    for number in 0..rate.saturating_mul(settings.seconds) {
        let (due, caller, board) = (ticks.tick().await, callers.next_flat(), board.clone());
        pressing.spawn(async move { (number, press(caller, board, subscribers, deadline, due).await) });
    }
    let mut presses = Vec::new();
    while let Some(pressed) = pressing.join_next().await {
        let (number, press) = pressed.expect("pressing does not panic");
        presses.push((number, press?));
    }
    presses.sort_unstable_by_key(|(number, _)| *number);
    let presses: Vec<Press> = presses.into_iter().map(|(_, press)| press).collect();
    Ok(Figures::of(&presses, Duration::from_secs(settings.seconds.into())))
}

/// Presses once at its due time, and waits until every subscriber of the line has the call.
async fn press(
    caller: Session,
    board: Arc<Board>,
    subscribers: usize,
    deadline: Duration,
    due: Instant,
) -> Result<Press, Error> {
    let (call, id) = (caller.call("lines")?, Uuid::now_v7());
    let round = board.begin(id, subscribers);
    let begun = board.now().saturating_sub(due.elapsed());
    let answer = caller.press(&call, Some(id)).await?;
    let answered = due.elapsed();
    let is_accepted = answer.outcome.is_ok();
    if is_accepted {
        round.complete(deadline).await;
    }
    board.end(&round);
    let sights = round.sights();
    let last = sights.iter().max().map(|at| at.saturating_sub(begun));
    Ok(Press {
        answered: is_accepted.then_some(answered),
        last: last.filter(|_| sights.len() == subscribers),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flat_presses_more_often_than_it_may() {
        let settings = Settings {
            program: PathBuf::new(),
            lines: 1_000,
            subscribers: 10,
            rate: vec![2_000],
            seconds: 10,
            deadline_s: 30,
            no_ack: false,
            threads: 1,
        };
        assert_eq!(settings.callers(), 3, "20 050 presses, ten of a flat");
        let few = Settings { lines: 1, rate: vec![1], ..settings };
        assert_eq!(few.callers(), 6);
    }
}
