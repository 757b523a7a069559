//! The residents who call for help meanwhile, with the time until each is answered, and the neighbours who have the
//! alarm.

use std::{sync::Arc, time::Duration};

use domain::{AlertId, api::ProgressRequest};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use uuid::Uuid;

use crate::{callers::Callers, fanout::board::Board};
use testkit::{
    Error,
    client::{Session, Step},
    measure::spread::Spread,
};

/// The time after which a neighbour's socket without the call has missed it.
const DEADLINE: Duration = Duration::from_secs(10);

/// The results of all presses of a measurement.
#[derive(Debug, Default)]
pub(super) struct Presses {
    /// From the time a press was due until its answer is read.
    pub(super) answered: Spread,
    /// From the same time until the last socket has the alarm.
    pub(super) received_by_all: Spread,
    /// Alarms that sockets had.
    pub(super) received: usize,
    /// Alarms that sockets should have had.
    pub(super) expected: usize,
    /// Presses and cancels that failed, and why.
    pub(super) failures: Vec<String>,
}

/// The result of one press.
#[derive(Debug, Default)]
struct Press {
    answered: Option<Duration>,
    received_by_all: Option<Duration>,
    received: usize,
    failure: Option<String>,
}

impl Presses {
    fn add(&mut self, press: Press, ears: usize) {
        self.answered.extend(press.answered);
        self.received_by_all.extend(press.received_by_all);
        self.received += press.received;
        self.expected += ears;
        self.failures.extend(press.failure);
    }
}

/// Presses this often, once in each interval whether or not those before are answered, for this number of sockets.
pub(super) async fn press_all(
    callers: &mut Callers,
    board: &Arc<Board>,
    ears: usize,
    presses: u32,
    every: Duration,
) -> Presses {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut pressing = JoinSet::new();
    for _ in 0..presses {
        let due = ticks.tick().await;
        pressing.spawn(press(callers.next_flat(), board.clone(), ears, due));
    }
    let mut all = Presses::default();
    while let Some(pressed) = pressing.join_next().await {
        all.add(pressed.expect("pressing does not panic"), ears);
    }
    all
}

/// One press that was due then. When everybody has the alarm or the time for it is over, the call is taken back.
async fn press(caller: Session, board: Arc<Board>, ears: usize, due: Instant) -> Press {
    let (id, due_at) = (Uuid::now_v7(), board.now().saturating_sub(due.elapsed()));
    let round = board.begin(id, ears);
    let mut press = Press::default();
    match call(&caller, id).await {
        Ok(()) => {
            press.answered = Some(due.elapsed());
            round.complete(DEADLINE).await;
        }
        Err(error) => press.failure = Some(format!("a press of {}: {error}", caller.resident().name)),
    }
    board.end(&round);
    let sights = round.sights();
    press.received = sights.len();
    let last = sights.into_iter().max().filter(|_| press.received == ears);
    press.received_by_all = last.map(|last| last.saturating_sub(due_at));
    if press.failure.is_none()
        && let Err(error) = cancel(&caller, AlertId(id)).await
    {
        press.failure = Some(format!("a cancel of {}: {error}", caller.resident().name));
    }
    press
}

/// Calls the neighbours.
pub(super) async fn call(caller: &Session, id: Uuid) -> Result<(), Error> {
    caller.press(&caller.call("starve")?, Some(id)).await?.ok().map(drop)
}

/// Takes a call back.
pub(super) async fn cancel(caller: &Session, call: AlertId) -> Result<(), Error> {
    caller.progress(call, Step::Cancel, &ProgressRequest::default(), None).await?.ok().map(drop)
}
