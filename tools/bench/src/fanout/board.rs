//! The board on which the subscribers record when they saw a call. It is a few atomics, so that measuring costs little.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use uuid::Uuid;

/// Nobody has seen the call there yet.
const NOT_YET: u64 = 0;

/// The state that presser and subscribers share.
#[derive(Debug)]
pub(crate) struct Board {
    started: Instant,
    /// The calls that are looked for, by id.
    rounds: RwLock<HashMap<String, Arc<Round>>>,
    twice: AtomicUsize,
    frames: AtomicUsize,
    ended: Mutex<Vec<String>>,
}

/// One press.
#[derive(Debug)]
pub(crate) struct Round {
    id: String,
    /// When each subscriber saw it, in nanoseconds of the board's clock.
    seen: Box<[AtomicU64]>,
    missing: AtomicUsize,
    complete: Notify,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            rounds: RwLock::default(),
            twice: AtomicUsize::new(0),
            frames: AtomicUsize::new(0),
            ended: Mutex::default(),
        }
    }
}

impl Board {
    /// The one clock.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// From now on the call `id` is looked for, by the first so many subscribers.
    pub(crate) fn begin(&self, id: Uuid, subscribers: usize) -> Arc<Round> {
        let round = Arc::new(Round {
            id: id.to_string(),
            seen: (0..subscribers).map(|_| AtomicU64::new(NOT_YET)).collect(),
            missing: AtomicUsize::new(subscribers),
            complete: Notify::new(),
        });
        let mut rounds = self.rounds.write().unwrap_or_else(PoisonError::into_inner);
        rounds.insert(round.id.clone(), round.clone());
        round
    }

    /// Ends the round of a call. A later sight is not counted.
    pub(crate) fn end(&self, round: &Round) {
        self.rounds.write().unwrap_or_else(PoisonError::into_inner).remove(&round.id);
    }

    /// A subscriber saw the alert `id`. One that came after the press is not counted.
    pub(crate) fn saw(&self, subscriber: usize, id: &str, at: Duration) {
        let round = self.rounds.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        let Some(round) = round else { return };
        let Some(seen) = round.seen.get(subscriber) else { return };
        let at = u64::try_from(at.as_nanos()).expect("the benchmark ends within centuries");
        if seen.swap(at, Relaxed) != NOT_YET {
            self.twice.fetch_add(1, Relaxed);
        } else if round.missing.fetch_sub(1, Relaxed) == 1 {
            round.complete.notify_one();
        }
    }

    /// A subscriber read a MESSAGE, about whatever it is.
    pub(crate) fn read(&self) {
        self.frames.fetch_add(1, Relaxed);
    }

    /// Returns how many of them were read.
    pub(crate) fn frames(&self) -> usize {
        self.frames.load(Relaxed)
    }

    /// A subscriber's socket ended, or sent something unreadable.
    pub(crate) fn lost(&self, why: String) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(why);
    }

    /// Returns how often a subscriber was sent a call again.
    pub(crate) fn twice(&self) -> usize {
        self.twice.load(Relaxed)
    }

    /// Why sockets ended, one reason each.
    pub(crate) fn ended(&self) -> Vec<String> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Round {
    /// Waits until every subscriber has seen it, or the time is over.
    pub(crate) async fn complete(&self, within: Duration) {
        if self.missing.load(Relaxed) == 0 {
            return;
        }
        // True if it is complete is seen in the times.
        let _ = tokio::time::timeout(within, self.complete.notified()).await;
    }

    /// The board's time of each sight; subscribers without one are left out.
    pub(crate) fn sights(&self) -> Vec<Duration> {
        let times = self.seen.iter().map(|seen| seen.load(Relaxed));
        times.filter(|nanoseconds| *nanoseconds != NOT_YET).map(Duration::from_nanos).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_round_is_complete_when_each_subscriber_got_it_and_counts_doubles() {
        let (board, id) = (Board::default(), Uuid::now_v7());
        let round = board.begin(id, 2);
        let text = id.to_string();
        let second = Duration::from_secs(1);
        board.saw(0, &text, second);
        board.saw(0, &text, second);
        board.saw(1, &Uuid::now_v7().to_string(), second);
        assert_eq!((round.sights().len(), board.twice()), (1, 1));
        board.saw(1, &text, 2 * second);
        for _ in 0..2 {
            round.complete(Duration::MAX).await;
        }
        assert_eq!(round.sights(), [second, 2 * second]);
    }

    #[test]
    fn two_calls_are_counted_apart_and_neither_after_its_end_nor_for_later_subscribers() {
        let (board, ids) = (Board::default(), [Uuid::now_v7(), Uuid::now_v7()]);
        let rounds = ids.map(|id| board.begin(id, 2));
        let texts = ids.map(|id| id.to_string());
        board.saw(0, &texts[0], Duration::from_secs(1));
        board.saw(1, &texts[1], Duration::from_secs(2));
        board.saw(2, &texts[1], Duration::from_secs(3));
        board.end(&rounds[1]);
        board.saw(0, &texts[1], Duration::from_secs(4));
        assert_eq!(rounds[0].sights(), [Duration::from_secs(1)]);
        assert_eq!(rounds[1].sights(), [Duration::from_secs(2)]);
        assert_eq!(board.twice(), 0);
    }
}
