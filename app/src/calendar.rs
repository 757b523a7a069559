//! Months, days and times of day in words.

use backend::audit::Month;
use domain::{
    Millis,
    statistics::{Date, Zone},
};

use crate::i18n::{Locale, td_string};

/// The days of the week, Monday first.
pub(crate) fn weekdays(locale: Locale) -> Vec<&'static str> {
    td_string!(locale, statistics.weekdays).split(' ').collect()
}

fn month_name(locale: Locale, month: i64) -> &'static str {
    let names = td_string!(locale, statistics.months);
    let index = usize::try_from(month - 1).unwrap_or_default();
    names.split(' ').nth(index).unwrap_or_default()
}

/// The month of a day, with its year.
pub(crate) fn month_of(locale: Locale, date: Date) -> String {
    let (year, number, _) = date.civil();
    td_string!(locale, statistics.month, year = year, month = month_name(locale, number))
}

/// A month of the records. One that the calendar does not have stands as it is written.
pub(crate) fn month(locale: Locale, month: Month) -> String {
    month.first_day().map_or_else(|| month.to_string(), |day| month_of(locale, day))
}

/// A day without its year.
pub(crate) fn day(locale: Locale, date: Date) -> String {
    let (_, number, day) = date.civil();
    td_string!(locale, statistics.day, month = month_name(locale, number), day = day)
}

/// A day with its year.
pub(crate) fn date(locale: Locale, date: Date) -> String {
    let (year, number, day) = date.civil();
    td_string!(locale, statistics.date, year = year, month = month_name(locale, number), day = day)
}

/// A day with its weekday.
pub(crate) fn weekday(locale: Locale, date: Date) -> String {
    let names = weekdays(locale);
    let name = names.get(date.weekday()).copied().unwrap_or_default();
    format!("{} {name}", day(locale, date))
}

/// The time of day, in hours and minutes.
pub(crate) fn time(at: Millis, zone: &dyn Zone) -> String {
    let [hours, minutes, _] = zone.clock(at);
    format!("{hours:02}:{minutes:02}")
}

/// A day and its time.
pub(crate) fn instant(locale: Locale, at: Millis, zone: &dyn Zone) -> String {
    format!("{} {}", day(locale, zone.local(at).date), time(at, zone))
}

#[cfg(test)]
mod tests {
    use domain::statistics::Utc;

    use super::*;

    #[test]
    fn an_instant_is_that_of_the_zone() {
        let at = Utc.midnight("2026-11-28".parse().expect("a date")) + 9 * 3_600_000 + 600_000;
        assert_eq!(instant(Locale::ko, at, &Utc), "11월 28일 09:10");
        assert_eq!(weekday(Locale::ko, Utc.local(at).date), "11월 28일 토");
        assert_eq!(weekdays(Locale::en).len(), 7);
    }
}
