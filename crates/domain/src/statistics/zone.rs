//! Local time. The rules of a time zone come from outside, because they are data; what follows from them is here.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::event::Millis;

/// An hour, in milliseconds.
pub(super) const HOUR: Millis = 60 * 60 * 1000;
/// A day of 24 hours, in milliseconds.
pub(super) const DAY: Millis = 24 * HOUR;

/// A time zone.
pub trait Zone: Send + Sync {
    /// Returns the zone's name in the IANA database, such as `Asia/Seoul`.
    fn name(&self) -> &str;

    /// Returns what the zone's clocks show at this instant minus what those of UTC show, in milliseconds.
    fn offset(&self, at: Millis) -> Millis;

    /// Returns the local time of this instant.
    fn local(&self, at: Millis) -> Local {
        let shown = at.saturating_add(self.offset(at));
        let hour = shown.rem_euclid(DAY) / HOUR;
        Local { date: Date(shown.div_euclid(DAY)), hour: usize::try_from(hour).unwrap_or_default() }
    }

    /// Returns the hour, the minute and the second that the zone's clocks show at this instant.
    fn clock(&self, at: Millis) -> [i64; 3] {
        let seconds = at.saturating_add(self.offset(at)).rem_euclid(DAY) / 1000;
        [seconds / 3600, seconds / 60 % 60, seconds % 60]
    }

    /// Returns the first instant of this local day. Where a change of clocks skips midnight, the day begins later.
    fn midnight(&self, date: Date) -> Millis {
        let utc = date.0.saturating_mul(DAY);
        // A change of clocks on that day lies between these two, so midnight has one of their offsets.
        let offsets = [self.offset(utc.saturating_sub(DAY)), self.offset(utc.saturating_add(DAY))];
        let instants = offsets.map(|offset| utc.saturating_sub(offset));
        let within = instants.into_iter().filter(|at| self.local(*at).date >= date);
        within.min().unwrap_or(instants[0].max(instants[1]))
    }
}

/// Universal time.
#[derive(Clone, Copy, Debug)]
pub struct Utc;

impl Zone for Utc {
    fn name(&self) -> &str {
        "UTC"
    }

    fn offset(&self, _: Millis) -> Millis {
        0
    }
}

/// The reading of a clock on the wall, as far as statistics need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local {
    /// The day.
    pub date: Date,
    /// The hour of the day, 0 to 23.
    pub hour: usize,
}

impl Local {
    /// Returns whether it is night, which is from 22 to 7 o'clock.
    #[must_use]
    pub fn is_night(self) -> bool {
        self.hour >= 22 || self.hour < 7
    }
}

/// A day of the Gregorian calendar, written as `2026-11-28`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(i64);

impl Date {
    /// Returns the day of this year, month (1 to 12) and day of the month, if there is one.
    #[must_use]
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        let date = Self(days_from_civil(year, month, day));
        (date.civil() == (year, month, day)).then_some(date)
    }

    /// Returns year, month and day of the month.
    #[must_use]
    pub fn civil(self) -> (i64, i64, i64) {
        civil_from_days(self.0)
    }

    /// Returns the day of the week, where 0 is Monday and 6 is Sunday.
    #[must_use]
    pub fn weekday(self) -> usize {
        // Day 0, 1970-01-01, was a Thursday.
        usize::try_from(self.0.saturating_add(3).rem_euclid(7)).unwrap_or_default()
    }

    /// Returns the day that comes so many days later, or earlier.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }
}

/// Counts the days since 1970-01-01. Years begin in March here, so that a leap day is the last of its year (Howard
/// Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that is not a day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date such as 2026-11-28")]
pub struct InvalidDate;

impl FromStr for Date {
    type Err = InvalidDate;
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else { return Err(InvalidDate) };
        let number = |part: &str, length: usize| {
            let is_number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| part.parse::<i64>().ok()).flatten().ok_or(InvalidDate)
        };
        Self::new(number(year, 4)?, number(month, 2)?, number(day, 2)?).ok_or(InvalidDate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One change of clocks, with the offsets in hours before and after this instant.
    struct Change(Millis, i64, i64);

    impl Zone for Change {
        fn name(&self) -> &str {
            "Test/Change"
        }

        fn offset(&self, at: Millis) -> Millis {
            if at < self.0 { self.1 * HOUR } else { self.2 * HOUR }
        }
    }

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn dates_are_read_written_and_counted() {
        let days = [("1970-01-01", 0, 3), ("2000-02-29", 11_016, 1), ("2026-11-28", 20_785, 5)];
        for (text, days, weekday) in days {
            assert_eq!((date(text), date(text).weekday()), (Date(days), weekday), "{text}");
            assert_eq!(Date(days).to_string(), text);
        }
        for days in (-200_000..200_000).step_by(13) {
            let (year, month, day) = Date(days).civil();
            assert_eq!(days_from_civil(year, month, day), days);
        }
        for wrong in
            ["", "2026-11", "2026-02-29", "2026-13-01", "2026-1-01", "26-01-01", "2026-11-+8", "0000-01-01"]
        {
            assert_eq!(wrong.parse::<Date>(), Err(InvalidDate), "{wrong}");
        }
    }

    #[test]
    fn a_local_day_begins_at_its_first_instant_also_where_clocks_change() {
        let day = date("2026-03-29");
        let utc = day.0 * DAY;
        let begins = |zone: Change| zone.midnight(day) - utc;
        assert_eq!(begins(Change(utc + 10 * DAY, 9, 8)), -9 * HOUR);
        // Berlin's spring and autumn, when the change is hours after midnight.
        assert_eq!(begins(Change(utc + HOUR, 1, 2)), -HOUR);
        assert_eq!(begins(Change(utc + HOUR, 2, 1)), -2 * HOUR);
        // Midnight is skipped, so 23:59 is followed by 01:00.
        assert_eq!(begins(Change(utc - HOUR, 1, 2)), -HOUR);
        // Midnight comes twice, because 01:00 is followed by 00:00, or because 00:00 is followed by 23:00.
        assert_eq!(begins(Change(utc - HOUR, 2, 1)), -2 * HOUR);
        assert_eq!(begins(Change(utc - 2 * HOUR, 2, 1)), -HOUR);
    }

    #[test]
    fn the_clock_is_that_of_the_zone() {
        assert_eq!(Utc.clock(DAY + 9 * HOUR + 61_999), [9, 1, 1]);
        assert_eq!(Change(0, -1, 2).clock(0), [2, 0, 0]);
        assert_eq!(Change(0, -1, 2).clock(-1), [22, 59, 59]);
    }

    #[test]
    fn night_is_from_22_to_7() {
        let nights = (0..24).filter(|hour| Local { date: Date(0), hour: *hour }.is_night());
        assert_eq!(nights.collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 22, 23]);
    }
}
