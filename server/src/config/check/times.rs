//! Lengths of time, as settings have them.

use std::{ops::RangeInclusive, time::Duration};

/// A year is more than anybody needs; less than two days would not outlast a rebuild.
pub(super) const CALLS: RangeInclusive<u64> = 2..=366;
/// The record of the uses of a location is kept for six months at least (docs/operations/privacy.md).
pub(super) const LOCATION_USES: RangeInclusive<u64> = 180..=3660;
/// The record of the office's accesses is kept for a year at least.
pub(super) const ACCESS_LOG: RangeInclusive<u64> = 365..=3660;

pub(super) fn days(variable: &str, value: &str, range: RangeInclusive<u64>) -> Result<Duration, String> {
    let days = value.trim().parse::<u64>().ok().filter(|days| range.contains(days));
    let (first, last) = range.into_inner();
    let wrong = || format!("{variable}: {value:?} is not a number of days; write {first} to {last}.");
    Ok(Duration::from_secs(days.ok_or_else(wrong)? * 24 * 60 * 60))
}

/// Reads the time between two silent calls, at most an hour because the office sees those of the last hour; 0 is none.
pub(super) fn pause(variable: &str, value: &str) -> Result<Option<Duration>, String> {
    let seconds = value.trim().parse::<u64>().ok().filter(|seconds| *seconds <= 60 * 60);
    let seconds = seconds.ok_or_else(|| {
        format!("{variable}: {value:?} is not a number of seconds; write 1 to 3600 (an hour), or 0 for none.")
    })?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
}

/// After a day nobody can know whether a call is still wanted; with 0 every press would be asked about.
pub(super) fn seconds(variable: &str, value: &str) -> Result<Duration, String> {
    let seconds = value.trim().parse::<u64>().ok().filter(|seconds| (1..=24 * 60 * 60).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        format!("{variable}: {value:?} is not a number of seconds; write 1 to 86400 (24 hours).")
    })?;
    Ok(Duration::from_secs(seconds))
}
