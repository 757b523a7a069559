//! The pauses between attempts. They grow up to a cap, and clients never come back all at once.

use std::time::Duration;

/// The growth of the pauses of one kind of retrying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first wait.
    pub first: Duration,
    /// The longest wait of all.
    pub cap: Duration,
}

/// The pauses of the socket. Ten thousand browsers come back after a restart of the server.
pub const RECONNECT: Backoff = Backoff { first: Duration::from_millis(500), cap: Duration::from_secs(30) };

/// The pauses of a command. A caller waits for help.
pub const COMMAND: Backoff = Backoff { first: Duration::from_millis(500), cap: Duration::from_secs(5) };

impl Backoff {
    /// The wait before the next try after `failures` tries have failed in a row, at least one.
    ///
    /// Returns the pause, which doubles with each failure. `chance`, from 0 to 1, shortens it by up to a half, so that
    /// clients that failed together do not come back together.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is no chance counts as 0 or 1"
    )]
    pub fn wait(self, failures: u32, chance: f64) -> Duration {
        let doubled =
            self.first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        let wait = doubled.min(self.cap);
        // In whole thousandths, because numbers with a point bring code into the browser's part that can print them.
        wait * 1_000_u32.saturating_sub((chance * 500.0) as u32).max(500) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_half_a_second_up_to_the_cap() {
        let waits: Vec<_> = (1..=9).map(|failures| RECONNECT.wait(failures, 0.0).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn no_number_of_failures_exceeds_the_cap() {
        for failures in [32, 33, 1_000, u32::MAX] {
            assert_eq!(RECONNECT.wait(failures, 0.0), RECONNECT.cap);
        }
    }

    #[test]
    fn chance_removes_up_to_half_of_a_wait() {
        assert_eq!(RECONNECT.wait(3, 1.0), Duration::from_secs(1));
        assert_eq!(RECONNECT.wait(3, 0.5), Duration::from_millis(1_500));
        assert_eq!(RECONNECT.wait(3, 7.0), Duration::from_secs(1), "a chance above 1 does no harm");
    }
}
