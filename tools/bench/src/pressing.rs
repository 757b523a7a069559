//! Presses at a steady rate, by one producer after the other.

use std::{sync::Arc, time::Duration};

use domain::{AlertId, api::ProgressRequest};
use tokio::{
    task::JoinSet,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep},
};
use uuid::Uuid;

use crate::fanout::board::{Board, Round};
use testkit::client::{Answer, Client, Session, Step};

/// The time after which a press that found no producer tries the next one.
const AGAIN: Duration = Duration::from_millis(50);
/// The producers at which a call is cancelled until one succeeds.
const CANCELS: u32 = 6;

/// One press, when nobody presses or listens any more.
#[derive(Clone, Debug)]
pub(crate) struct Press {
    /// When it was due, by the board's clock.
    pub(crate) due: Duration,
    /// From then until it was answered 202; or why it never was.
    pub(crate) answered: Result<Duration, String>,
    /// If it should be cancelled and was not, why.
    pub(crate) cancelled: Result<(), String>,
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
    cancelled: Result<(), String>,
    retries: u32,
}

/// The presses that are wanted.
pub(crate) struct Load {
    /// Presses per second.
    pub(crate) rate: u32,
    /// In the order of the presses.
    pub(crate) callers: Vec<Session>,
    /// The listeners of each line.
    pub(crate) listeners: usize,
    /// The time after which a press is given up, and a call counts as missed.
    pub(crate) patience: Duration,
    /// A call is cancelled as soon as everybody has it.
    pub(crate) is_cancelled: bool,
}

/// The presses of a run.
pub(crate) struct Pressing {
    ticks: Interval,
    producers: Arc<[Client]>,
    callers: Vec<Session>,
    board: Arc<Board>,
    listeners: usize,
    patience: Duration,
    is_cancelled: bool,
    under_way: JoinSet<Begun>,
}

impl Pressing {
    /// Begins with the first tick.
    pub(crate) fn begin(load: Load, producers: Arc<[Client]>, board: &Arc<Board>) -> Self {
        let Load { rate, callers, listeners, patience, is_cancelled } = load;
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let board = board.clone();
        let under_way = JoinSet::new();
        Self { ticks, producers, callers, board, listeners, patience, is_cancelled, under_way }
    }

    /// Waits for the time of the next press, and returns it by the board's clock.
    pub(crate) async fn tick(&mut self) -> Duration {
        let due: Instant = self.ticks.tick().await;
        self.board.now().saturating_sub(due.elapsed())
    }

    /// Presses without waiting for the answer.
    pub(crate) fn press(&mut self, number: u32, due: Duration) {
        let caller = self.callers[number as usize % self.callers.len()].clone();
        let (producers, id) = (self.producers.clone(), Uuid::now_v7());
        let turn = Turn { caller, producers, first: number as usize, id };
        let (board, patience) = (self.board.clone(), self.patience);
        let (is_cancelled, listeners) = (self.is_cancelled, self.listeners);
        let round = board.begin(id, listeners);
        self.under_way.spawn(async move {
            let mut retries = 0;
            let answered = loop {
                match turn.press(retries).await {
                    Ok(()) => break Ok(board.now().saturating_sub(due)),
                    Err(why) if board.now() >= due + patience => break Err(why),
                    Err(_) => retries += 1,
                }
                sleep(AGAIN).await;
            };
            let mut cancelled = Ok(());
            if is_cancelled && answered.is_ok() {
                round.complete(patience).await;
                if round.sights().len() == listeners {
                    cancelled = turn.cancel(retries).await;
                }
            }
            Begun { due, round, answered, cancelled, retries }
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
        for Begun { due, round, answered, cancelled, retries } in begun {
            if answered.is_ok() {
                round.complete(deadline.saturating_sub(self.board.now())).await;
            }
            self.board.end(&round);
            let sights = round.sights();
            // Nobody is promised a call that was not answered 202.
            let expected = if answered.is_ok() { self.listeners } else { 0 };
            let missing = expected.saturating_sub(sights.len());
            let last = sights.iter().max().map(|at| at.saturating_sub(due)).filter(|_| missing == 0);
            presses.push(Press { due, answered, cancelled, last, expected, missing, retries });
        }
        presses
    }
}

/// One call, by the producers in turn.
struct Turn {
    caller: Session,
    producers: Arc<[Client]>,
    /// The number of the first producer.
    first: usize,
    id: Uuid,
}

impl Turn {
    fn at(&self, attempt: u32) -> Session {
        self.caller.at(&self.producers[(self.first + attempt as usize) % self.producers.len()])
    }

    /// Presses once.
    async fn press(&self, attempt: u32) -> Result<(), String> {
        let caller = self.at(attempt);
        let call = caller.call("bench").map_err(|error| error.to_string())?;
        let answer = caller.press(&call, Some(self.id)).await;
        answer.and_then(Answer::ok).map(drop).map_err(|error| error.to_string())
    }

    /// Cancels the call, at the next producer if one fails.
    async fn cancel(&self, first: u32) -> Result<(), String> {
        let mut outcome = Ok(());
        for attempt in first..first + CANCELS {
            let request = ProgressRequest::default();
            let answer = self.at(attempt).progress(AlertId(self.id), Step::Cancel, &request, None).await;
            outcome = answer.and_then(Answer::ok).map(drop).map_err(|error| error.to_string());
            if outcome.is_ok() {
                break;
            }
            sleep(AGAIN).await;
        }
        outcome
    }
}
