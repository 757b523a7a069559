//! The one clock of the service, which is wall time, as the events and the accounts carry it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Millis;
use tokio::time::Instant;

/// Now, in milliseconds since 1970-01-01T00:00:00Z. A clock before that counts as that.
#[must_use]
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// Returns how long ago `at` was by this node's wall clock; zero if it lies ahead.
#[must_use]
pub(crate) fn since(at: Millis) -> Duration {
    Duration::from_millis(u64::try_from(now().saturating_sub(at)).unwrap_or_default())
}

/// Returns a random part of `whole`, so that nodes or devices do not act all at once. Where the
/// system has no random number, it is all of it.
#[must_use]
pub(crate) fn random_part(whole: Duration) -> Duration {
    whole.mul_f64(getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX)))
}

/// The difference, in milliseconds, by which the two clocks may drift apart between two inspections. It is more than
/// the network time corrects slowly.
const DRIFT: Millis = 5_000;
/// The time for which the wall clock must have gone on as the monotonic one before it decides about deleting.
const STEADY_AFTER: Duration = Duration::from_secs(60 * 60);

/// Returns whether the wall clock can be believed where a mistake cannot be taken back. One that is set ahead by a month for some
/// minutes, or that was wrong when the machine started, must delete nothing.
pub(crate) struct Steadiness {
    wall: Millis,
    read_at: Instant,
    steady_since: Instant,
}

impl Steadiness {
    /// Begins to compare the clocks, which show `wall` and `moment`.
    pub(crate) const fn new(wall: Millis, moment: Instant) -> Self {
        Self { wall, read_at: moment, steady_since: moment }
    }

    /// Compares the clocks again; returns true if they have agreed for an hour.
    pub(crate) fn is_steady(&mut self, wall: Millis, moment: Instant) -> bool {
        let passed = Millis::try_from((moment - self.read_at).as_millis()).unwrap_or(Millis::MAX);
        let drift = wall.saturating_sub(self.wall).saturating_sub(passed);
        (self.wall, self.read_at) = (wall, moment);
        if drift.saturating_abs() > DRIFT {
            tracing::warn!(milliseconds = drift, "the clock was set, deleting nothing for an hour");
            self.steady_since = moment;
        }
        moment - self.steady_since >= STEADY_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_decides_about_nothing_for_an_hour() {
        let (start, wall, day) = (Instant::now(), 1_795_900_000_000, 24 * 60 * 60 * 1000);
        let minutes = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let mut steadiness = Steadiness::new(wall, start);
        let mut is_steady =
            |after: u64, ahead| steadiness.is_steady(wall + 60_000 * after as Millis + ahead, minutes(after));
        assert!(!is_steady(30, 0), "it may have been wrong when the machine started");
        assert!(is_steady(60, 0));
        assert!(!is_steady(61, 31 * day), "it is set ahead");
        assert!(!is_steady(70, 31 * day));
        assert!(!is_steady(71, 0), "it is set back");
        assert!(!is_steady(130, 0));
        assert!(is_steady(131, 2_000), "a slow correction is not a step");
    }
}
