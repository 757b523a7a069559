//! The pace at which news of the log are counted. A page costs a transaction and an fsync however little it has, and both
//! would slow down the presses on the same processors and the same disk.

use std::time::Duration;

use tokio::time::Instant;

/// The time for which news wait for each other.
const TOGETHER: Duration = Duration::from_millis(200);
/// The least time between two pages, while news keep coming.
const APART: Duration = Duration::from_millis(800);

/// When the last page with news was written, unless it was full.
#[derive(Default)]
pub(super) struct Pace(Option<Instant>);

impl Pace {
    /// Returns until when the page is collected whose first news came at `now`. News that come after a pause are counted
    /// soon.
    pub(super) fn collects_until(&self, now: Instant) -> Instant {
        let soon = now + TOGETHER;
        self.0.map_or(soon, |written| soon.max(written + APART))
    }

    /// Records that a page with news was written. Behind a full one so many wait that the next must not.
    pub(super) fn written(&mut self, now: Instant, is_full: bool) {
        self.0 = (!is_full).then_some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_news_are_counted_soon_and_those_that_keep_coming_at_intervals() {
        let (mut pace, begun) = (Pace::default(), Instant::now());
        assert_eq!(pace.collects_until(begun), begun + TOGETHER);
        pace.written(begun, false);
        assert_eq!(pace.collects_until(begun), begun + APART);
        let later = begun + 2 * APART;
        assert_eq!(pace.collects_until(later), later + TOGETHER);
        pace.written(later, true);
        assert_eq!(pace.collects_until(later), later + TOGETHER);
    }
}
