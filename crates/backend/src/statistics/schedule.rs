//! The schedule of the batch, as a cron expression by the complex's clocks.

use domain::Millis;
use jiff::{Timestamp, civil::Date};

use super::Iana;

/// The days ahead in which a next time is looked for, because 29 February comes once in eight years around 2100.
const HORIZON: i32 = 9 * 366;

/// A text that is not a cron expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a cron expression of five fields (minute, hour, day of the month, month, day of the week) such as \
     10 4 * * *"
)]
pub struct InvalidSchedule(String);

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    minutes: Numbers,
    hours: Numbers,
    days: Numbers,
    months: Numbers,
    /// Sunday is 0.
    weekdays: Numbers,
    zone: Iana,
}

/// Some of the numbers 0 to 63.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    bits: u64,
    /// All of the field's range is meant.
    is_all: bool,
}

impl Numbers {
    fn contains(self, number: i8) -> bool {
        u32::try_from(number)
            .is_ok_and(|number| self.bits.checked_shr(number).is_some_and(|bits| bits & 1 == 1))
    }

    fn parse(field: &str, first: u32, last: u32) -> Option<Self> {
        let mut bits = 0;
        for part in field.split(',') {
            let (range, step) =
                part.split_once('/').map_or((part, Some(1)), |(range, step)| (range, number(step)));
            let step = step.filter(|step| *step > 0)?;
            let (from, to) = match range.split_once('-') {
                Some((from, to)) => (number(from)?, number(to)?),
                None if range == "*" => (first, last),
                None if part.contains('/') => (number(range)?, last),
                None => (number(range)?, number(range)?),
            };
            if from < first || to > last || from > to {
                return None;
            }
            bits |= (from..=to).step_by(step as usize).fold(0, |bits, number| bits | (1_u64 << number));
        }
        Some(Self { bits, is_all: field == "*" })
    }
}

fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

impl Schedule {
    /// Reads an expression of five fields with numbers, `*`, lists, ranges and steps.
    ///
    /// # Errors
    /// [`InvalidSchedule`] if it is none, or names a time that never comes.
    pub fn parse(expression: &str, zone: Iana) -> Result<Self, InvalidSchedule> {
        let invalid = || InvalidSchedule(expression.to_owned());
        let fields: Vec<&str> = expression.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else { return Err(invalid()) };
        let field = |text, first, last| Numbers::parse(text, first, last).ok_or_else(invalid);
        let mut weekdays = field(weekdays, 0, 7)?;
        weekdays.bits |= (weekdays.bits >> 7) & 1;
        let schedule = Self {
            minutes: field(minutes, 0, 59)?,
            hours: field(hours, 0, 23)?,
            days: field(days, 1, 31)?,
            months: field(months, 1, 12)?,
            weekdays,
            zone,
        };
        // From a leap year on, every day of the calendar comes.
        if schedule.after(946_684_800_000).is_some() { Ok(schedule) } else { Err(invalid()) }
    }

    /// Returns the next time after `at`; `None` if none comes. A time that a change of clocks skips is kept an hour
    /// later, and one that comes twice is kept once.
    #[must_use]
    pub fn after(&self, at: Millis) -> Option<Millis> {
        let at = Timestamp::from_millisecond(at).ok()?;
        let mut date = self.zone.time_zone().to_datetime(at).date();
        for _ in 0..HORIZON {
            if self.has_day(date)
                && let Some(found) = self.on(date, at)
            {
                return Some(found.as_millisecond());
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn has_day(&self, date: Date) -> bool {
        let day = self.days.contains(date.day());
        let weekday = self.weekdays.contains(date.weekday().to_sunday_zero_offset());
        // Where both are restricted, one of them suffices (crontab(5)).
        let is_meant = if self.days.is_all || self.weekdays.is_all { day && weekday } else { day || weekday };
        is_meant && self.months.contains(date.month())
    }

    /// Returns the first time on a day that lies after `at`.
    fn on(&self, date: Date, at: Timestamp) -> Option<Timestamp> {
        let hours = (0..24).filter(|hour| self.hours.contains(*hour));
        let times = hours.flat_map(|hour| (0..60).map(move |minute| (hour, minute)));
        times
            .filter(|(_, minute)| self.minutes.contains(*minute))
            .filter_map(|(hour, minute)| {
                let local = date.at(hour, minute, 0, 0);
                Some(local.to_zoned(self.zone.time_zone().clone()).ok()?.timestamp())
            })
            .find(|found| *found > at)
    }
}

#[cfg(test)]
mod tests {
    use domain::statistics::{Utc, Zone as _};

    use super::*;

    const HOUR: Millis = 60 * 60 * 1000;

    fn midnight(date: &str) -> Millis {
        Utc.midnight(date.parse().unwrap())
    }

    fn schedule(expression: &str, zone: &str) -> Schedule {
        Schedule::parse(expression, Iana::named(zone).unwrap()).unwrap()
    }

    #[test]
    fn the_next_time_is_by_the_local_clock() {
        let nightly = schedule("10 4 * * *", "Asia/Seoul");
        // 04:10 in Seoul is 19:10 UTC of the day before.
        let at = midnight("2026-11-28") + 19 * HOUR + 10 * 60 * 1000;
        assert_eq!(nightly.after(midnight("2026-11-28")), Some(at));
        assert_eq!(nightly.after(at - 1), Some(at));
        assert_eq!(nightly.after(at), Some(at + 24 * HOUR));
    }

    #[test]
    fn fields_have_lists_ranges_steps_and_weekdays() {
        let from = midnight("2026-11-28");
        for (expression, after) in [
            ("*/15 * * * *", HOUR / 4),
            ("5,45 2-3 * * *", 2 * HOUR + HOUR / 12),
            ("0 0 1 12 *", 3 * 24 * HOUR),
            // 28 November 2026 is a Saturday.
            ("0 0 * * 0", 24 * HOUR),
            ("0 0 * * 7", 24 * HOUR),
            ("0 0 30 * 1", 2 * 24 * HOUR),
            ("30 0/12 * * 6", HOUR / 2),
        ] {
            assert_eq!(schedule(expression, "UTC").after(from), Some(from + after), "{expression}");
        }
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_kept_later_and_one_that_comes_twice_is_kept_once() {
        let nightly = schedule("30 2 * * *", "Europe/Berlin");
        let spring = midnight("2026-03-29");
        assert_eq!(nightly.after(spring), Some(spring + HOUR + HOUR / 2));
        let autumn = midnight("2026-10-25");
        let first = nightly.after(autumn - HOUR).unwrap();
        assert_eq!(first, autumn + HOUR / 2);
        assert_eq!(nightly.after(first), Some(autumn + 25 * HOUR + HOUR / 2));
    }

    #[test]
    fn a_value_that_is_not_a_schedule_is_refused() {
        for wrong in [
            "",
            "10 4 * *",
            "60 4 * * *",
            "10 24 * * *",
            "a 4 * * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "0 0 30 2 *",
        ] {
            assert!(Schedule::parse(wrong, Iana::named("UTC").unwrap()).is_err(), "{wrong}");
        }
    }
}
