//! How often a sign-in may fail: counted per account and address together, so that nobody locks a neighbour out, nor a
//! whole building that shares one address. In memory and bounded; a restart forgets, argon2's own cost remains.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// So many failures are free.
const FAILURES: u32 = 5;
/// After the last of them, nothing is tried for this long.
const WINDOW: Duration = Duration::from_secs(300);
/// Pairs of account and address remembered at once; the longest forgotten one goes first.
const REMEMBERED: usize = 10_000;

type Pair = (String, IpAddr);

/// The failures of late.
#[derive(Clone, Default)]
pub struct SignInLimits(Arc<Mutex<HashMap<Pair, Failures>>>);

struct Failures {
    count: u32,
    last: Instant,
}

impl SignInLimits {
    /// Counts an attempt as failed before it is made, so that many at once cannot slip through; [`Self::succeeded`]
    /// takes it back.
    ///
    /// # Errors
    /// How long to wait, when there were too many.
    pub fn attempt(&self, account: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = (account.to_lowercase(), network(address));
        if !all.contains_key(&pair) && all.len() >= REMEMBERED {
            make_room(&mut all, now);
        }
        let failures = all.entry(pair).or_insert(Failures { count: 0, last: now });
        let waited = now.duration_since(failures.last);
        if waited >= WINDOW {
            failures.count = 0;
        } else if failures.count >= FAILURES {
            return Err(WINDOW - waited);
        }
        failures.count += 1;
        failures.last = now;
        Ok(())
    }

    /// The attempt was none: the password was right, or could not be looked at.
    pub fn succeeded(&self, account: &str, address: IpAddr) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&(account.to_lowercase(), network(address)));
    }
}

/// One household has a whole /64 of IPv6 (RFC 6177), so that is one address here.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

fn make_room(all: &mut HashMap<Pair, Failures>, now: Instant) {
    all.retain(|_, failures| now.duration_since(failures.last) < WINDOW);
    if all.len() >= REMEMBERED {
        let oldest = all.iter().min_by_key(|(_, failures)| failures.last).map(|(pair, _)| pair.clone());
        oldest.map(|pair| all.remove(&pair));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn too_many_failures_wait_and_others_at_the_same_address_do_not() {
        let (limits, now, home) = (SignInLimits::default(), Instant::now(), address("203.0.113.9"));
        for _ in 0..FAILURES {
            assert_eq!(limits.attempt("resident-1203", home, now), Ok(()));
        }
        let soon = now + Duration::from_secs(60);
        assert_eq!(limits.attempt("Resident-1203", home, soon), Err(WINDOW - Duration::from_secs(60)));
        assert_eq!(limits.attempt("resident-1204", home, soon), Ok(()));
        assert_eq!(limits.attempt("resident-1203", address("203.0.113.10"), soon), Ok(()));
        assert_eq!(limits.attempt("resident-1203", home, now + WINDOW), Ok(()));
    }

    #[test]
    fn a_right_password_forgets_the_failures_before_it() {
        let (limits, now, home) = (SignInLimits::default(), Instant::now(), address("2001:db8::1"));
        for _ in 0..3 * FAILURES {
            assert_eq!(limits.attempt("resident-1203", home, now), Ok(()));
            limits.succeeded("resident-1203", address("2001:db8::2"));
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (limits, now, home) = (SignInLimits::default(), Instant::now(), address("203.0.113.9"));
        for number in 0..REMEMBERED + 10 {
            assert_eq!(limits.attempt(&number.to_string(), home, now), Ok(()));
        }
        assert_eq!(limits.0.lock().unwrap().len(), REMEMBERED);
    }
}
