//! Numbers, durations and periods in words.

use domain::{
    Kind, Millis,
    statistics::{Date, Zone},
};

use crate::{
    calendar,
    i18n::{Locale, td_string},
    words,
};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// A number of calls.
pub(super) fn calls(locale: Locale, count: u64) -> String {
    match count {
        1 => td_string!(locale, statistics.one_call).to_owned(),
        _ => td_string!(locale, statistics.calls, count = count),
    }
}

/// A number of flats.
pub(super) fn flats(locale: Locale, count: u64) -> String {
    match count {
        1 => td_string!(locale, statistics.one_flat).to_owned(),
        _ => td_string!(locale, statistics.flats, count = count),
    }
}

/// Returns a duration in words. Below ten seconds a tenth of a second counts, above an hour a minute.
pub(super) fn duration(locale: Locale, millis: Millis) -> String {
    let tenths = millis.max(0) / 100;
    if tenths < 100 && tenths % 10 != 0 {
        let seconds = format!("{}.{}", tenths / 10, tenths % 10);
        return td_string!(locale, statistics.seconds, seconds = seconds);
    }
    let seconds = tenths / 10;
    match (seconds / HOUR, seconds % HOUR / MINUTE, seconds % MINUTE) {
        (0, 0, seconds) => td_string!(locale, statistics.seconds, seconds = seconds.to_string()),
        (0, minutes, 0) => td_string!(locale, statistics.minutes, minutes = minutes),
        (0, minutes, seconds) => {
            td_string!(locale, statistics.minutes_seconds, minutes = minutes, seconds = seconds)
        }
        (hours, minutes, _) => td_string!(locale, statistics.hours_minutes, hours = hours, minutes = minutes),
    }
}

/// A duration, if there is one.
pub(super) fn duration_or_none(locale: Locale, millis: Option<Millis>) -> String {
    millis.map_or_else(|| NONE.to_owned(), |millis| duration(locale, millis))
}

/// Stands where there is nothing to count.
pub(super) const NONE: &str = "–";

/// Returns `part` of `whole` in whole percent, rounded to the nearest; `None` of nothing.
pub(super) fn percent(part: u64, whole: u64) -> Option<u64> {
    (whole > 0).then(|| (part.saturating_mul(200) + whole) / whole.saturating_mul(2))
}

/// Percent in words, if there are any.
pub(super) fn percent_or_none(part: u64, whole: u64) -> String {
    percent(part, whole).map_or_else(|| NONE.to_owned(), |percent| format!("{percent}%"))
}

/// Returns a period in words, which is the name of its month, if it is one, else its first and its last day.
pub(super) fn period(locale: Locale, from: Millis, to: Millis, zone: &dyn Zone) -> String {
    let (first, last) = days(from, to, zone);
    let ((year, _, begins), (_, _, ends)) = (first.civil(), last.plus(1).civil());
    let is_month = begins == 1 && ends == 1 && last.plus(-27) >= first && last.plus(-31) < first;
    if is_month {
        return calendar::month_of(locale, first);
    }
    if first == last {
        return calendar::date(locale, first);
    }
    let is_same_year = last.civil().0 == year;
    let last = if is_same_year { calendar::day(locale, last) } else { calendar::date(locale, last) };
    format!("{} – {last}", calendar::date(locale, first))
}

/// Returns the first and the last day of a period.
pub(super) fn days(from: Millis, to: Millis, zone: &dyn Zone) -> (Date, Date) {
    (zone.local(from).date, zone.local(to.saturating_sub(1)).date)
}

/// An hour of the day.
pub(super) fn hour(locale: Locale, hour: usize) -> String {
    td_string!(locale, statistics.hour, hour = hour.to_string())
}

/// A kind by its word in the figures, where calls without one have a word, too.
pub(super) fn kind(locale: Locale, word: &str) -> &'static str {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == word);
    kind.map_or_else(|| td_string!(locale, statistics.no_kind), |kind| words::kind(locale, kind))
}

#[cfg(test)]
mod tests {
    use domain::statistics::Utc;

    use super::*;

    fn at(date: &str) -> Millis {
        Utc.midnight(date.parse().expect("a date"))
    }

    #[test]
    fn a_duration_has_two_units_at_most() {
        for (millis, ko, en) in [
            (0, "0초", "0 s"),
            (640, "0.6초", "0.6 s"),
            (2_000, "2초", "2 s"),
            (9_999, "9.9초", "9.9 s"),
            (38_900, "38초", "38 s"),
            (120_000, "2분", "2 min"),
            (130_000, "2분 10초", "2 min 10 s"),
            (3_900_000, "1시간 5분", "1 h 5 min"),
        ] {
            assert_eq!(duration(Locale::ko, millis), ko);
            assert_eq!(duration(Locale::en, millis), en);
        }
    }

    #[test]
    fn percent_is_rounded_to_the_nearest_and_of_nothing_there_is_none() {
        assert_eq!([percent(1, 3), percent(2, 3), percent(1, 200)], [Some(33), Some(67), Some(1)]);
        assert_eq!((percent(0, 5), percent(5, 5), percent(0, 0)), (Some(0), Some(100), None));
    }

    #[test]
    fn a_month_has_a_name_and_every_other_period_has_its_days() {
        let worded = |locale, from, to| period(locale, at(from), at(to), &Utc);
        assert_eq!(worded(Locale::ko, "2026-11-01", "2026-12-01"), "2026년 11월");
        assert_eq!(worded(Locale::en, "2026-02-01", "2026-03-01"), "Feb 2026");
        assert_eq!(worded(Locale::ko, "2026-11-01", "2026-11-29"), "2026년 11월 1일 – 11월 28일");
        assert_eq!(worded(Locale::en, "2025-12-30", "2026-01-02"), "30 Dec 2025 – 1 Jan 2026");
        assert_eq!(worded(Locale::ko, "2026-11-01", "2026-11-02"), "2026년 11월 1일");
        assert_eq!(worded(Locale::en, "2026-11-01", "2027-01-01"), "1 Nov 2026 – 31 Dec");
    }
}
