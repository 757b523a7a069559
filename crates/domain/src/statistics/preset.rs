//! Periods that a word asks for.

use super::{month, zone::Date};

/// The number of days that are shown if a question names no period.
pub const USUAL_DAYS: i64 = 28;

/// A period that one word asks for. It moves on with the day on which somebody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// The last [`USUAL_DAYS`] days, today included. A question that names no period means this one.
    Usual,
    /// The last seven days, today included.
    Week,
    /// The month of today.
    ThisMonth,
    /// The month before.
    LastMonth,
    /// The last 90 days, today included.
    Quarter,
}

impl Preset {
    /// Every preset, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Usual, Self::Week, Self::ThisMonth, Self::LastMonth, Self::Quarter];

    /// Returns the word in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usual => "28d",
            Self::Week => "7d",
            Self::ThisMonth => "this-month",
            Self::LastMonth => "last-month",
            Self::Quarter => "90d",
        }
    }

    /// Returns the preset with this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == word)
    }

    /// Returns the first day and the first one that is not meant.
    pub(super) fn days(self, today: Date) -> (Date, Date) {
        let first = month::first_day(today);
        let tomorrow = today.plus(1);
        match self {
            Self::Usual => (tomorrow.plus(-USUAL_DAYS), tomorrow),
            Self::Week => (tomorrow.plus(-7), tomorrow),
            Self::ThisMonth => (first, month::after(first)),
            Self::LastMonth => (month::before(first), first),
            Self::Quarter => (tomorrow.plus(-90), tomorrow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{Asked, Invalid, Part, Query, Utc, Zone};

    fn midnight(date: &str) -> crate::Millis {
        Utc.midnight(date.parse().expect("a date"))
    }

    fn asked(asked: &Asked<'_>) -> Result<Query, Invalid> {
        Query::parse(asked, &Utc, midnight("2026-03-15") + 1)
    }

    #[test]
    fn a_named_period_ends_today_or_with_a_month() {
        for (word, from, to, before) in [
            ("28d", "2026-02-16", "2026-03-16", "2026-01-19"),
            ("7d", "2026-03-09", "2026-03-16", "2026-03-02"),
            ("this-month", "2026-03-01", "2026-04-01", "2026-02-01"),
            ("last-month", "2026-02-01", "2026-03-01", "2026-01-01"),
            ("90d", "2025-12-16", "2026-03-16", "2025-09-17"),
        ] {
            let query = asked(&Asked { period: Some(word), ..Asked::default() }).expect("a question");
            assert_eq!(Preset::of_word(word).map(Preset::as_str), Some(word));
            let period = (query.period.from(), query.period.to());
            assert_eq!(period, (midnight(from), midnight(to)), "{word}");
            assert_eq!((query.compared.from(), query.compared.to()), (midnight(before), midnight(from)));
        }
        let unknown = asked(&Asked { period: Some("decade"), ..Asked::default() });
        assert_eq!(unknown.map_err(|invalid| invalid.part()), Err(Part::Period));
    }

    #[test]
    fn a_named_period_goes_before_the_days_of_the_form_and_none_is_the_usual_one() {
        let (from, until) = (Some("2026-01-01"), Some("2026-01-31"));
        let week = asked(&Asked { period: Some("7d"), from, until, ..Asked::default() });
        assert_eq!(week, asked(&Asked { period: Some("7d"), ..Asked::default() }));
        let usual = asked(&Asked { period: Some("28d"), ..Asked::default() });
        assert_eq!(usual, asked(&Asked::default()));
    }

    #[test]
    fn the_last_day_belongs_to_the_period() {
        let by_days =
            |from, until| asked(&Asked { from: Some(from), until: Some(until), ..Asked::default() });
        let january = by_days("2026-01-01", "2026-01-31").expect("a question");
        assert_eq!(
            (january.period.from(), january.period.to()),
            (midnight("2026-01-01"), midnight("2026-02-01"))
        );
        assert_eq!(
            january.compared.from(),
            midnight("2025-12-01"),
            "a month is compared with the month before"
        );
        let one_day = by_days("2026-01-31", "2026-01-31").expect("a question");
        assert_eq!(one_day.compared.from(), midnight("2026-01-30"));
        let wrong = by_days("2026-01-01", "31 January");
        assert_eq!(wrong.map_err(|invalid| invalid.part()), Err(Part::Until));
    }
}
