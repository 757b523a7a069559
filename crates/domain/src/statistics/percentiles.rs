//! Exact nearest-rank percentiles over integers, and the classes of a distribution.

use serde::Serialize;

use crate::event::Millis;

const SECOND: Millis = 1_000;

/// The upper bounds of all classes of a distribution but the last, in milliseconds. A value that equals a bound is
/// within it.
pub const CLASS_BOUNDS: [Millis; 7] =
    [15 * SECOND, 30 * SECOND, 45 * SECOND, 60 * SECOND, 120 * SECOND, 180 * SECOND, 300 * SECOND];

/// The number of values in each class. The last class has no upper bound.
pub type Distribution = [u64; CLASS_BOUNDS.len() + 1];

/// Nearest-rank percentiles of a set of integers. Each is one of the values, and `None` if there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// The number of values.
    pub count: u64,
    /// The median, which is the smallest value that at least half of the values do not exceed.
    pub p50: Option<i64>,
    /// The smallest value that at least 90 % of the values do not exceed.
    pub p90: Option<i64>,
    /// The smallest value that at least 99 % of the values do not exceed.
    pub p99: Option<i64>,
    /// The greatest value.
    pub max: Option<i64>,
}

impl Percentiles {
    /// Returns the percentiles of these values.
    #[must_use]
    pub fn of(mut values: Vec<i64>) -> Self {
        values.sort_unstable();
        let nearest = |percent: usize| {
            let rank = (percent * values.len()).div_ceil(100);
            rank.checked_sub(1).and_then(|index| values.get(index)).copied()
        };
        Self {
            count: values.len() as u64,
            p50: nearest(50),
            p90: nearest(90),
            p99: nearest(99),
            max: values.last().copied(),
        }
    }
}

/// Counts durations by the classes of [`CLASS_BOUNDS`].
#[must_use]
pub fn distribution(durations: &[Millis]) -> Distribution {
    let mut classes = Distribution::default();
    for duration in durations {
        let class = CLASS_BOUNDS.partition_point(|bound| bound < duration);
        classes[class] += 1;
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_rounded_up_and_every_percentile_is_one_of_the_values() {
        let of = |values: &[i64]| {
            let Percentiles { count, p50, p90, p99, max } = Percentiles::of(values.to_vec());
            (count, [p50, p90, p99, max])
        };
        assert_eq!(of(&[]), (0, [None; 4]));
        assert_eq!(of(&[7]), (1, [Some(7); 4]));
        assert_eq!(of(&[20, 10]), (2, [Some(10), Some(20), Some(20), Some(20)]));
        // The example of "nearest rank" in most textbooks.
        assert_eq!(of(&[50, 15, 35, 20, 40]), (5, [Some(35), Some(50), Some(50), Some(50)]));
        let hundred: Vec<i64> = (1..=100).rev().collect();
        assert_eq!(of(&hundred), (100, [Some(50), Some(90), Some(99), Some(100)]));
        let hundred_and_one: Vec<i64> = (1..=101).collect();
        assert_eq!(of(&hundred_and_one), (101, [Some(51), Some(91), Some(100), Some(101)]));
    }

    #[test]
    fn a_duration_that_equals_a_bound_is_within_it() {
        let durations = [0, 15_000, 15_001, 60_000, 300_000, 300_001, i64::MAX];
        assert_eq!(distribution(&durations), [2, 1, 0, 1, 0, 0, 1, 2]);
    }
}
