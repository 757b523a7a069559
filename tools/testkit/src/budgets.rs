//! The load that tools put on one flat, and the number of flats that a load needs. A building presses and listens from many
//! flats, so tools spread their presses and sockets as well. The server does not enforce these numbers yet.

use std::time::Duration;

/// The most calls that a tool presses from one flat in a row.
pub const ALERTS_AT_ONCE: u32 = 10;
/// The time between the presses of one flat after that.
pub const ALERT_EVERY: Duration = Duration::from_secs(6);
/// The most sockets that a tool opens for one flat, over all of its sessions.
pub const SOCKETS_OF_FLAT: usize = 64;

/// The problem type of a final 429, by which a server refuses a press because a call of the same house is open and was heard.
/// The server does not send it yet. Any other 429 asks for the same request again.
pub const CALL_STANDS: &str = "/problems/call-stands";

/// Returns how many flats must press in turn so that none is refused for rate. Either none presses more often than it
/// may at once, or its turn comes seldom enough.
#[must_use]
pub fn flats(presses: u32, every: Duration) -> usize {
    let by_burst = presses.div_ceil(ALERTS_AT_ONCE);
    let by_rate = ALERT_EVERY.as_nanos().div_ceil(every.as_nanos().max(1));
    let flats = u128::from(by_burst).min(by_rate).max(1);
    usize::try_from(flats).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Presses in turn against one bucket for each flat, and returns the least that was in one before a press.
    fn least_left(presses: u32, every: Duration) -> f64 {
        let full = f64::from(ALERTS_AT_ONCE);
        let mut flats = vec![(full, Duration::ZERO); flats(presses, every)];
        let mut least = full;
        for press in 0..presses {
            let index = press as usize % flats.len();
            let (left, at) = &mut flats[index];
            let now = every * press;
            let refilled = *left + (now - *at).as_secs_f64() / ALERT_EVERY.as_secs_f64();
            (*left, *at) = (refilled.min(full), now);
            least = least.min(*left);
            *left -= 1.0;
        }
        least
    }

    #[test]
    fn flats_that_press_in_turn_find_their_bucket_filled() {
        for (presses, every) in
            [(1, 0), (10, 0), (11, 0), (24_520, 1), (315, 200), (5_000, 200), (100, 7_000)]
        {
            let least = least_left(presses, Duration::from_millis(every));
            assert!(least > 0.999, "{presses} presses, one each {every} ms: {least} left");
        }
    }

    #[test]
    fn no_more_flats_are_used_than_are_needed() {
        assert_eq!(flats(10, Duration::ZERO), 1);
        assert_eq!(flats(11, Duration::ZERO), 2);
        assert_eq!(flats(5_000, Duration::from_millis(200)), 30);
        assert_eq!(flats(5_000, Duration::from_secs(7)), 1);
    }
}
