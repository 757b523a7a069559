//! Presses at a steady rate, by one producer after the other.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep},
};
use uuid::Uuid;

use crate::fanout::board::{Board, Round};
use testkit::client::{Client, Session};

/// The time after which a press that found no producer tries the next one.
const AGAIN: Duration = Duration::from_millis(50);

/// One press, when nobody presses or listens any more.
#[derive(Clone, Debug)]
pub(crate) struct Press {
    /// When it was due, by the board's clock.
    pub(crate) due: Duration,
    /// From then until it was answered 202; or why it never was.
    pub(crate) answered: Result<Duration, String>,
    /// From then until the last listener of its line had it; `None` if one never had it.
    pub(crate) last: Option<Duration>,
    /// The listeners who should have it, and those who did not.
    pub(crate) expected: usize,
    pub(crate) missing: usize,
    /// The attempts that failed before.
    pub(crate) retries: u32,
}

/// A press that may still be under way.
struct Begun {
    due: Duration,
    round: Arc<Round>,
    answered: Result<Duration, String>,
    retries: u32,
}

/// What is pressed.
pub(crate) struct Load {
    /// Presses per second.
    pub(crate) rate: u32,
    /// In the order of the presses.
    pub(crate) callers: Vec<Session>,
    /// The listeners of each line.
    pub(crate) listeners: usize,
    /// The time after which a press is given up, and a call counts as missed.
    pub(crate) patience: Duration,
}

/// The presses of a run.
pub(crate) struct Pressing {
    ticks: Interval,
    producers: Arc<[Client]>,
    callers: Vec<Session>,
    board: Arc<Board>,
    listeners: usize,
    patience: Duration,
    under_way: JoinSet<Begun>,
}

impl Pressing {
    /// Begins with the first tick.
    pub(crate) fn begin(load: Load, producers: Arc<[Client]>, board: &Arc<Board>) -> Self {
        let Load { rate, callers, listeners, patience } = load;
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let board = board.clone();
        Self { ticks, producers, callers, board, listeners, patience, under_way: JoinSet::new() }
    }

    /// Waits for the time of the next press, and returns it by the board's clock.
    pub(crate) async fn tick(&mut self) -> Duration {
        let due: Instant = self.ticks.tick().await;
        self.board.now().saturating_sub(due.elapsed())
    }

    /// Presses without waiting for the answer.
    pub(crate) fn press(&mut self, number: u32, due: Duration) {
        let caller = self.callers[number as usize % self.callers.len()].clone();
        let (producers, first) = (self.producers.clone(), number as usize);
        let (board, patience) = (self.board.clone(), self.patience);
        let id = Uuid::now_v7();
        let round = board.begin(id, self.listeners);
        self.under_way.spawn(async move {
            let mut retries = 0;
            let answered = loop {
                let producer = &producers[(first + retries as usize) % producers.len()];
                match attempt(&caller.at(producer), id).await {
                    Ok(()) => break Ok(board.now().saturating_sub(due)),
                    Err(why) if board.now() >= due + patience => break Err(why),
                    Err(_) => retries += 1,
                }
                sleep(AGAIN).await;
            };
            Begun { due, round, answered, retries }
        });
    }

    /// Waits until everybody has every call, or the time is over; the presses in their order.
    pub(crate) async fn end(mut self) -> Vec<Press> {
        let mut begun = Vec::new();
        while let Some(pressed) = self.under_way.join_next().await {
            begun.push(pressed.expect("pressing does not panic"));
        }
        begun.sort_unstable_by_key(|begun| begun.due);
        let deadline = self.board.now() + self.patience;
        let mut presses = Vec::new();
        for Begun { due, round, answered, retries } in begun {
            if answered.is_ok() {
                round.complete(deadline.saturating_sub(self.board.now())).await;
            }
            self.board.end(&round);
            let sights = round.sights();
            // Nobody is promised a call that was not answered 202.
            let expected = if answered.is_ok() { self.listeners } else { 0 };
            let missing = expected.saturating_sub(sights.len());
            let last = sights.iter().max().map(|at| at.saturating_sub(due)).filter(|_| missing == 0);
            presses.push(Press { due, answered, last, expected, missing, retries });
        }
        presses
    }
}

/// Presses once at one producer.
async fn attempt(caller: &Session, id: Uuid) -> Result<(), String> {
    let call = caller.call("bench").map_err(|error| error.to_string())?;
    let answer = caller.press(&call, Some(id)).await.map_err(|error| error.to_string())?;
    answer.ok().map(drop).map_err(|error| error.to_string())
}
