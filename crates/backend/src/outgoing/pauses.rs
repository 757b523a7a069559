//! The pauses between the attempts of one message.

use std::time::Duration;

use crate::clock;

/// The pause before the second attempt; it doubles with each further one.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// The pauses of one message.
pub(crate) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Pauses {
    /// Returns the wait before the next attempt. It is not shorter than the one that the other side has `named`, and
    /// has a random part, so that many messages do not come back all at once.
    pub(crate) fn before_next(&mut self, named: Option<Duration>) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST);
        named.unwrap_or(pause).max(pause) + clock::random_part(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_honour_a_longer_one() {
        let mut pauses = Pauses::default();
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let (least, wait) = (Duration::from_secs(seconds), pauses.before_next(None));
            assert!((least..=2 * least).contains(&wait), "{wait:?} after {least:?}");
        }
        let named = Duration::from_secs(300);
        assert!((named..=named + LONGEST).contains(&pauses.before_next(Some(named))));
        assert!(pauses.before_next(Some(FIRST)) >= LONGEST, "a shorter one does not undo the backoff");
    }
}
