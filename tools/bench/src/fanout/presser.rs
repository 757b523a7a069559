//! The caller, who presses, waits until everybody has the call, and cancels it.

use std::time::Duration;

use domain::{
    AlertId,
    api::{ProgressRequest, State},
};
use uuid::Uuid;

use super::{Settings, board::Board};
use testkit::{
    Error,
    budgets::CALL_STANDS,
    client::{Session, Step},
};

/// The most attempts of a caller who must wait.
const TRIES: u32 = 20;

/// The times measured for one press.
#[derive(Debug)]
pub(super) struct Press {
    /// From before the request is built until its answer is read.
    pub(super) answered: Duration,
    /// From before the request is built until a subscriber has read the frame; unsorted.
    pub(super) seen: Vec<Duration>,
    /// Subscribers that did not have it in time.
    pub(super) missing: usize,
    /// The log had it when it was answered.
    pub(super) published: bool,
    /// The number of 429 answers before.
    pub(super) asked_to_wait: u32,
}

/// Presses once, and cancels the call, so that the next snapshot and the next press find none open.
pub(super) async fn press(
    settings: &Settings,
    caller: &Session,
    board: &Board,
    subscribers: usize,
) -> Result<Press, Error> {
    let call = caller.call("bench")?;
    let mut asked_to_wait = 0;
    loop {
        let id = Uuid::now_v7();
        let round = board.begin(id, subscribers);
        let pressed = board.now();
        let answer = caller.press(&call, Some(id)).await?;
        let answered = board.now() - pressed;
        let is_final = matches!(&answer.outcome, Err(problem) if problem.kind == CALL_STANDS);
        if answer.status == 429 && !is_final && asked_to_wait < TRIES {
            board.end(&round);
            asked_to_wait += 1;
            let seconds = answer.header("retry-after").and_then(|value| value.parse().ok()).unwrap_or(1);
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            continue;
        }
        let published = answer.ok()?.state == State::Published;
        round.complete(settings.deadline()).await;
        let seen: Vec<Duration> = round.sights().into_iter().map(|at| at - pressed).collect();
        board.end(&round);
        caller.progress(AlertId(id), Step::Cancel, &ProgressRequest::default(), None).await?.ok()?;
        tokio::time::sleep(settings.interval()).await;
        let missing = subscribers - seen.len();
        return Ok(Press { answered, seen, missing, published, asked_to_wait });
    }
}
