//! The months of the calendar, each named by its first day.

use super::zone::Date;

/// Returns the first day of the month of a day.
pub(super) fn first_day(date: Date) -> Date {
    let (_, _, day) = date.civil();
    date.plus(1 - day)
}

/// Returns the month after the one that begins with `first`.
pub(super) fn after(first: Date) -> Date {
    first_day(first.plus(31))
}

/// Returns the month before the one that begins with `first`.
pub(super) fn before(first: Date) -> Date {
    first_day(first.plus(-1))
}
