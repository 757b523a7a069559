//! A rate limit, by a bucket that fills again with time.

use std::time::{Duration, Instant};

/// The capacity of a bucket, and the speed at which it fills.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// The most at once.
    pub burst: f64,
    /// The most per second after that.
    pub per_second: f64,
}

/// One holder's bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    left: f64,
    at: Instant,
}

impl Rate {
    /// Returns how long an empty bucket needs to fill. Forgetting one that has not been used for that time changes
    /// nothing.
    #[must_use]
    pub(crate) fn refill(self) -> Duration {
        Duration::from_secs_f64(self.burst / self.per_second)
    }
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub(crate) fn full(rate: Rate, now: Instant) -> Self {
        Self { rate, left: rate.burst, at: now }
    }

    /// Takes one; false where none is left.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let has = self.has(now);
        if has {
            self.left -= 1.0;
        }
        has
    }

    /// Returns true if one is left.
    pub(crate) fn has(&mut self, now: Instant) -> bool {
        let waited = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + waited * self.rate.per_second).min(self.rate.burst);
        self.at = now;
        self.left >= 1.0
    }

    /// Returns true if it has filled again, so that forgetting it changes nothing.
    #[must_use]
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        let waited = now.saturating_duration_since(self.at).as_secs_f64();
        self.left + waited * self.rate.per_second >= self.rate.burst
    }

    /// Returns when it was last asked.
    #[must_use]
    pub(crate) fn at(&self) -> Instant {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_a_flood_does_not() {
        let (rate, now) = (Rate { burst: 4.0, per_second: 2.0 }, Instant::now());
        let mut bucket = Bucket::full(rate, now);
        assert!((0..4).all(|_| bucket.take(now)));
        assert!(!bucket.take(now));
        let later = now + Duration::from_secs(1);
        assert!(bucket.take(later) && bucket.take(later) && !bucket.take(later));
        let refilled = later + rate.refill();
        assert!((0..4).all(|_| bucket.take(refilled)) && !bucket.take(refilled));
    }
}
