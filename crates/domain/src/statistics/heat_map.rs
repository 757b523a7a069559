//! Calls by the local hours of the day and of the week.

/// Calls by the local hour of the day.
pub type ByHour = [u64; 24];
/// Calls by the local hour of the week; Monday is first.
pub type HeatMap = [ByHour; 7];

/// Adds up a heat map by the hours of the day.
#[must_use]
pub(super) fn by_hour(map: &HeatMap) -> ByHour {
    let mut hours = ByHour::default();
    for day in map {
        for (hour, count) in hours.iter_mut().zip(day) {
            *hour += count;
        }
    }
    hours
}
