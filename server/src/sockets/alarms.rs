//! The alarms of all sockets. They are coarse and one task rings them, because a timer of its own would be a quarter of
//! what the task of an idle socket keeps.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::closing::Closing;

/// The time between two looks at what is due, by which an alarm may be late.
pub(crate) const TICK: Duration = Duration::from_millis(500);

/// The alarms that are set.
pub(super) struct Alarms {
    began: Instant,
    /// The sockets by the ticks at which theirs ring.
    set: Mutex<BTreeMap<u128, Vec<Closing>>>,
}

impl Alarms {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), set: Mutex::default() }
    }

    /// Sets an alarm, which rings at this time or up to a tick later, and never before. One of the past rings at the next
    /// tick.
    pub(super) fn set(&self, at: Instant, socket: &Closing) {
        let tick = self.nanoseconds_to(at).div_ceil(TICK.as_nanos());
        self.lock().entry(tick).or_default().push(socket.clone());
    }

    /// Rings what is due, until it is dropped.
    pub(super) async fn run(&self) {
        let mut ticks = interval_at(self.began + TICK, TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            self.ring(Instant::now());
        }
    }

    fn ring(&self, now: Instant) {
        let tick = self.nanoseconds_to(now) / TICK.as_nanos();
        let due = {
            let mut set = self.lock();
            let later = set.split_off(&(tick + 1));
            mem::replace(&mut *set, later)
        };
        // Nobody is woken while the lock is held.
        due.into_values().flatten().for_each(|socket| socket.ring());
    }

    fn nanoseconds_to(&self, time: Instant) -> u128 {
        time.saturating_duration_since(self.began).as_nanos()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u128, Vec<Closing>>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_rings_once_at_its_time_or_a_tick_later() {
        let (alarms, socket) = (Alarms::new(), Closing::default());
        let rings_at = |time| {
            alarms.ring(alarms.began + time);
            socket.take_ring()
        };
        alarms.set(alarms.began + TICK + Duration::from_nanos(1), &socket);
        assert!(!rings_at(TICK));
        assert!(rings_at(2 * TICK));
        assert!(!rings_at(3 * TICK));
        alarms.set(alarms.began + TICK, &socket);
        assert!(rings_at(3 * TICK), "it was set for a time that has passed");
        assert_eq!(socket.reason(), None, "an alarm closes nothing");
    }
}
