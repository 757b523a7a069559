//! The spread of measured times.

use std::time::Duration;

/// Measured times.
#[derive(Clone, Debug, Default)]
pub struct Spread(Vec<Duration>);

impl Spread {
    /// Adds one.
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The smallest time that at least `percent` of a hundred do not exceed (nearest rank); `None` without any.
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        self.per_mille(&[percent * 10])[0]
    }

    /// The smallest times that at least so many of a thousand do not exceed, which sorts once for all of them.
    pub fn per_mille(&self, shares: &[usize]) -> Vec<Option<Duration>> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = |share: &usize| (sorted.len() * share).div_ceil(1000).max(1);
        shares.iter().map(|share| sorted.get(rank(share) - 1).copied()).collect()
    }

    /// Returns how many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Returns a time as tables show it, in milliseconds, or a dash where nothing was measured.
pub fn milliseconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".into(), |time| format!("{:.2}", time.as_secs_f64() * 1000.0))
}

impl Extend<Duration> for Spread {
    fn extend<I: IntoIterator<Item = Duration>>(&mut self, times: I) {
        self.0.extend(times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let mut spread = Spread::default();
        assert_eq!(spread.percentile(50), None);
        spread.extend((1..=200).rev().map(Duration::from_millis));
        let of = |percent| spread.percentile(percent).map(|time| time.as_millis());
        assert_eq!((of(0), of(50), of(99), of(100)), (Some(1), Some(100), Some(198), Some(200)));
        let shares = spread.per_mille(&[500, 999]);
        assert_eq!(shares, [100, 200].map(|time| Some(Duration::from_millis(time))));
        let mut single = Spread::default();
        single.add(Duration::from_millis(7));
        assert_eq!(
            (single.percentile(50), single.percentile(1)),
            (single.percentile(99), single.percentile(100))
        );
    }
}
