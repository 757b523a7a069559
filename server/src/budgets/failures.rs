//! The bound on failed sign-ins. They are counted per account and network together, so that nobody locks a neighbour
//! out, nor a whole building that shares one address. The counts are kept in memory, as numbers of a fixed size, for a
//! bounded time and for a bounded count of pairs. A restart forgets them; argon2's own cost remains.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::Network;

/// The number of failures that are free.
const FAILURES: u32 = 5;
/// After the last of them, nothing is tried for this long.
const WINDOW: Duration = Duration::from_secs(300);
/// Pairs of account and network remembered at once; the one that failed the longest ago goes first.
const REMEMBERED: usize = 10_000;

/// A hash of account and network, keyed anew by each process, so nobody can choose a name that counts as another's.
type Pair = u64;

/// The failures of late.
#[derive(Default)]
pub struct SignInFailures {
    hasher: RandomState,
    failed: Mutex<Failed>,
}

#[derive(Default)]
struct Failed {
    pairs: HashMap<Pair, Failures>,
    /// When the expired pairs were last removed.
    swept: Option<Instant>,
}

struct Failures {
    count: u32,
    last: Instant,
}

impl SignInFailures {
    /// Counts an attempt as failed before it is made, so that many at once cannot slip through; [`Self::succeeded`]
    /// takes it back.
    ///
    /// # Errors
    /// How long to wait, when there were too many.
    pub fn attempt(&self, account: &str, network: Network, now: Instant) -> Result<(), Duration> {
        let pair = self.pair(account, network);
        let mut failed = self.failed();
        failed.make_room(pair, now);
        let failures = failed.pairs.entry(pair).or_insert(Failures { count: 0, last: now });
        let waited = now.saturating_duration_since(failures.last);
        if waited >= WINDOW {
            failures.count = 0;
        } else if failures.count >= FAILURES {
            return Err(WINDOW - waited);
        }
        failures.count += 1;
        failures.last = now;
        Ok(())
    }

    /// The attempt does not count, because the password was right, or could not be checked.
    pub fn succeeded(&self, account: &str, network: Network) {
        let pair = self.pair(account, network);
        self.failed().pairs.remove(&pair);
    }

    /// The attempt was no failure, which proves nothing about the ones before it.
    pub fn take_back(&self, account: &str, network: Network) {
        let pair = self.pair(account, network);
        if let Some(failures) = self.failed().pairs.get_mut(&pair) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    /// Counts an attempt of an account wherever it comes from, as [`Self::attempt`].
    ///
    /// # Errors
    /// How long to wait, when there were too many.
    pub fn attempt_anywhere(&self, account: &str, now: Instant) -> Result<(), Duration> {
        self.attempt(account, anywhere(), now)
    }

    /// As [`Self::succeeded`], of [`Self::attempt_anywhere`].
    pub fn succeeded_anywhere(&self, account: &str) {
        self.succeeded(account, anywhere());
    }

    /// As [`Self::take_back`], of [`Self::attempt_anywhere`].
    pub fn take_back_anywhere(&self, account: &str) {
        self.take_back(account, anywhere());
    }

    fn pair(&self, account: &str, network: Network) -> Pair {
        self.hasher.hash_one((account.to_lowercase(), network))
    }

    fn failed(&self) -> MutexGuard<'_, Failed> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands for every network.
fn anywhere() -> Network {
    IpAddr::V4(Ipv4Addr::UNSPECIFIED).into()
}

impl Failed {
    /// Removes what has expired, once in each window, and the oldest where a new pair finds no room.
    fn make_room(&mut self, pair: Pair, now: Instant) {
        let is_full = self.pairs.len() >= REMEMBERED && !self.pairs.contains_key(&pair);
        let is_due = self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= WINDOW);
        if is_full || is_due {
            self.pairs.retain(|_, failures| now.saturating_duration_since(failures.last) < WINDOW);
            self.swept = Some(now);
        }
        if is_full && self.pairs.len() >= REMEMBERED {
            let oldest = self.pairs.iter().min_by_key(|(_, failures)| failures.last).map(|(pair, _)| *pair);
            oldest.map(|pair| self.pairs.remove(&pair));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn network(address: &str) -> Network {
        address.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn too_many_failures_wait_and_others_at_the_same_address_do_not() {
        let (failures, now, home) = (SignInFailures::default(), Instant::now(), network("203.0.113.9"));
        for _ in 0..FAILURES {
            assert_eq!(failures.attempt("resident-1203", home, now), Ok(()));
        }
        let soon = now + Duration::from_secs(60);
        assert_eq!(failures.attempt("Resident-1203", home, soon), Err(WINDOW - Duration::from_secs(60)));
        assert_eq!(failures.attempt("resident-1204", home, soon), Ok(()));
        assert_eq!(failures.attempt("resident-1203", network("203.0.113.10"), soon), Ok(()));
        assert_eq!(failures.attempt("resident-1203", home, now + WINDOW), Ok(()));
    }

    #[test]
    fn a_right_password_forgets_the_failures_before_it() {
        let (failures, now, home) = (SignInFailures::default(), Instant::now(), network("2001:db8::1"));
        for _ in 0..3 * FAILURES {
            assert_eq!(failures.attempt("resident-1203", home, now), Ok(()));
            failures.succeeded("resident-1203", network("2001:db8::2"));
        }
    }

    #[test]
    fn an_attempt_that_is_taken_back_leaves_the_failures_before_it() {
        let (failures, now, home) = (SignInFailures::default(), Instant::now(), network("203.0.113.9"));
        for _ in 1..FAILURES {
            assert_eq!(failures.attempt("admin", home, now), Ok(()));
        }
        for _ in 0..3 {
            assert_eq!(failures.attempt("admin", home, now), Ok(()));
            failures.take_back("admin", home);
        }
        assert_eq!(failures.attempt("admin", home, now), Ok(()));
        assert_eq!(failures.attempt("admin", home, now), Err(WINDOW));
    }

    #[test]
    fn attempts_from_anywhere_count_together() {
        let (failures, now) = (SignInFailures::default(), Instant::now());
        for _ in 0..FAILURES {
            assert_eq!(failures.attempt_anywhere("admin", now), Ok(()));
        }
        assert_eq!(failures.attempt_anywhere("Admin", now), Err(WINDOW));
        failures.take_back_anywhere("admin");
        assert_eq!(failures.attempt_anywhere("admin", now), Ok(()));
        failures.succeeded_anywhere("admin");
        assert_eq!(failures.attempt_anywhere("admin", now), Ok(()));
    }

    #[test]
    fn the_memory_of_failures_is_bounded() {
        let (failures, now, home) = (SignInFailures::default(), Instant::now(), network("203.0.113.9"));
        for number in 0..REMEMBERED + 10 {
            assert_eq!(failures.attempt(&number.to_string(), home, now), Ok(()));
        }
        assert_eq!(failures.failed().pairs.len(), REMEMBERED);
    }

    #[test]
    fn a_remembered_failure_expires() {
        let (failures, now, home) = (SignInFailures::default(), Instant::now(), network("203.0.113.9"));
        for number in 0..100 {
            assert_eq!(failures.attempt(&number.to_string(), home, now), Ok(()));
        }
        assert_eq!(failures.attempt("another", home, now + WINDOW), Ok(()));
        assert_eq!(failures.failed().pairs.len(), 1);
    }
}
