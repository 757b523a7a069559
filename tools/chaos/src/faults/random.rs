//! Random numbers that can be repeated, as waits, shares and choices. The generator is `domain::plausible`'s, so one seed
//! gives the same numbers on every machine and in every version.

use std::time::Duration;

use domain::plausible;

/// A sequence of random numbers.
#[derive(Clone, Debug)]
pub(super) struct Random(plausible::Random);

impl Random {
    /// Begins at a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(plausible::Random::new(seed))
    }

    /// Returns another sequence. Drawing from one changes nothing of the other.
    pub(super) fn fork(&mut self) -> Self {
        Self::new(self.0.bits())
    }

    /// Returns a number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0.below(end)
    }

    /// Returns true so many times of a hundred.
    pub(super) fn percent(&mut self, of_a_hundred: usize) -> bool {
        self.0.percent(of_a_hundred)
    }

    /// Returns a time between the two, in whole milliseconds.
    pub(super) fn milliseconds(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.0.bits() % (to - from + 1))
    }

    /// Returns a wait of half to all of `wait`, so that those who failed together do not come back together.
    pub(super) fn around(&mut self, wait: Duration) -> Duration {
        let half = u64::try_from(wait.as_millis() / 2).unwrap_or(u64::MAX);
        wait / 2 + self.milliseconds(0, half)
    }

    /// Returns one of them.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
