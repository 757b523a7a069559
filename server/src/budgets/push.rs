//! The bound on a resident's requests about push, because each request costs the database a statement or two, and a
//! test costs a message to a push service.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::{Bucket, Rate, name, refused};
use crate::problem::Problem;

/// The rate of one account, for twenty devices that all report that they have shown a call, and a person at the page of
/// the devices.
const OF_ACCOUNT: Rate = Rate { burst: 40.0, per_second: 1.0 };
/// Accounts remembered before those that have refilled are forgotten.
const REMEMBERED: usize = 10_000;

/// The requests about push.
#[derive(Default)]
pub struct PushRequests(Mutex<HashMap<String, Bucket>>);

impl PushRequests {
    /// Counts a request.
    ///
    /// # Errors
    /// [`crate::problem::Kind::BUSY`] where there were too many of the account.
    pub fn take(&self, account: &str, now: Instant) -> Result<(), Problem> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= REMEMBERED {
            let refill = OF_ACCOUNT.refill();
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at()) < refill);
        }
        let bucket = buckets.entry(account.to_owned()).or_insert_with(|| Bucket::full(OF_ACCOUNT, now));
        if bucket.take(now) { Ok(()) } else { Err(refused(name::RESIDENTS_PUSH)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_asks_too_often_leaves_anothers_budget_whole() {
        let (requests, now) = (PushRequests::default(), Instant::now());
        let taken = |account| (0..100).filter(|_| requests.take(account, now).is_ok()).count();
        assert_eq!(taken("one"), 40);
        assert_eq!(taken("two"), 40);
    }
}
