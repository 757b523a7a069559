//! Figures of several runs of one measurement, with the least, the median and the most of each.

use serde_json::{Map, Value, json};
use testkit::measure::spread::Spread;

/// The parts of a thousand in a distribution, with their names.
const SHARES: [(usize, &str); 10] = [
    (0, "min"),
    (100, "p10"),
    (250, "p25"),
    (500, "p50"),
    (750, "p75"),
    (900, "p90"),
    (950, "p95"),
    (990, "p99"),
    (999, "p99.9"),
    (1000, "max"),
];

/// The least, the median and the most of one figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Range {
    /// The range of the values that were measured; `None` if none was. The median of an even number is the lower one of
    /// the two in the middle, so that each is a value of some run.
    pub(crate) fn of(values: impl IntoIterator<Item = Option<f64>>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().flatten().collect();
        values.sort_unstable_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        Some(Self { least, median: values[(values.len() - 1) / 2], most })
    }

    /// Returns it as JSON.
    pub(crate) fn to_json(self) -> Value {
        json!({ "min": self.least, "median": self.median, "max": self.most })
    }
}

/// Returns a spread of times as JSON, in milliseconds.
pub(crate) fn distribution(spread: &Spread) -> Value {
    let shares = SHARES.map(|(share, _)| share);
    let times = spread.per_mille(&shares).into_iter();
    let named = SHARES.iter().zip(times).filter_map(|((_, name), time)| {
        let milliseconds = time?.as_secs_f64() * 1_000.0;
        Some(((*name).to_owned(), json!(milliseconds)))
    });
    let mut all: Map<String, Value> = named.collect();
    all.insert("count".into(), json!(spread.count()));
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_median_is_a_value_of_some_run_and_a_run_without_one_does_not_count() {
        let range = Range::of([Some(4.0), None, Some(1.0), Some(3.0), Some(2.0)]).unwrap();
        assert_eq!(range, Range { least: 1.0, median: 2.0, most: 4.0 });
        assert_eq!(Range::of([None, None]), None);
    }

    #[test]
    fn a_distribution_names_its_shares_in_milliseconds() {
        let mut spread = Spread::default();
        spread.extend((1..=1_000).map(Duration::from_millis));
        let json = distribution(&spread);
        assert_eq!(
            (&json["min"], &json["p99.9"], &json["count"]),
            (&json!(1.0), &json!(999.0), &json!(1000))
        );
        assert_eq!(distribution(&Spread::default()), json!({ "count": 0 }));
    }
}
