//! The one clock of the service: wall time, as the events and the accounts carry it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Millis;

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
