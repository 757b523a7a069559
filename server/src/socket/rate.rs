//! How many frames a client may send: a bucket that fills again with time.

use std::time::Instant;

/// So many at once: a phone acknowledges a whole snapshot, and an administrator those of many lines.
const BURST: f64 = 4_000.0;
/// So many a second for ever.
const PER_SECOND: f64 = 100.0;

/// One client's bucket.
pub struct Rate {
    left: f64,
    at: Instant,
}

impl Rate {
    /// A full bucket.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { left: BURST, at: now }
    }

    /// Takes one; false when the bucket is empty.
    pub fn take(&mut self, now: Instant) -> bool {
        let refilled = self.left + now.duration_since(self.at).as_secs_f64() * PER_SECOND;
        self.at = now;
        self.left = refilled.min(BURST) - 1.0;
        self.left >= 0.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_a_flood_does_not() {
        let now = Instant::now();
        let mut rate = Rate::new(now);
        assert!((0..BURST as u32).all(|_| rate.take(now)));
        assert!(!rate.take(now));
        assert!(rate.take(now + Duration::from_secs(1)));
    }
}
