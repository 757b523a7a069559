//! A question to the statistics, about some calls and a period.

use super::{
    month,
    preset::{Preset, USUAL_DAYS},
    row::Row,
    zone::{DAY, Date, HOUR, Zone},
};
use crate::{
    event::{Kind, Millis},
    people::{InvalidName, Line},
};

/// The most days that a period may have.
pub const MOST_DAYS: i64 = 400;

/// The range of instants that make sense in a question, from 2000 to 2200, in milliseconds since 1970.
const PLAUSIBLE: std::ops::RangeInclusive<Millis> = 946_684_800_000..=7_258_118_400_000;

/// Why a question makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A text that is not an instant.
    #[error("'{0}' must be a date such as 2026-11-28, or milliseconds since 1970")]
    NotATime(Part),
    /// An instant that is far from any call.
    #[error("'{0}' must lie between the years 2000 and 2200")]
    Implausible(Part),
    /// A period that ends before it begins, or is empty.
    #[error("'to' must be later than 'from'")]
    Backwards,
    /// More than [`MOST_DAYS`].
    #[error("the period must have at most {MOST_DAYS} days")]
    TooLong,
    /// A text that cannot name a line.
    #[error("'line' {0}")]
    Line(#[from] InvalidName),
    /// A word that is not a kind.
    #[error("'kind' must be one of {}", Kind::ALL.map(Kind::as_str).join(", "))]
    Kind,
    /// A word that is not a [`Preset`].
    #[error("'period' must be one of {}", Preset::ALL.map(Preset::as_str).join(", "))]
    Preset,
}

impl Invalid {
    /// Returns the part of the question that is wrong.
    #[must_use]
    pub fn part(&self) -> Part {
        match self {
            Self::NotATime(part) | Self::Implausible(part) => *part,
            Self::Backwards => Part::To,
            Self::TooLong => Part::From,
            Self::Line(_) => Part::Line,
            Self::Kind => Part::Kind,
            Self::Preset => Part::Period,
        }
    }
}

/// A part of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Where the period begins.
    From,
    /// Where the period ends.
    To,
    /// The last day of the period, in the place of [`Part::To`].
    Until,
    /// A word for a period, in the place of its ends.
    Period,
    /// The line.
    Line,
    /// The kind of emergency.
    Kind,
}

impl Part {
    /// Returns the name of the part in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::To => "to",
            Self::Until => "until",
            Self::Period => "period",
            Self::Line => "line",
            Self::Kind => "kind",
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A period of time, from an instant until right before another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    from: Millis,
    to: Millis,
}

impl Period {
    /// Returns the period from `from` until right before `to`.
    ///
    /// # Errors
    /// [`Invalid`] with the part that makes no sense.
    pub fn new(from: Millis, to: Millis) -> Result<Self, Invalid> {
        for (instant, part) in [(from, Part::From), (to, Part::To)] {
            if !PLAUSIBLE.contains(&instant) {
                return Err(Invalid::Implausible(part));
            }
        }
        if from >= to {
            return Err(Invalid::Backwards);
        }
        // Between two midnights a change of clocks may add an hour.
        if to - from > MOST_DAYS * DAY + HOUR {
            return Err(Invalid::TooLong);
        }
        Ok(Self { from, to })
    }

    /// Returns the first instant.
    #[must_use]
    pub const fn from(self) -> Millis {
        self.from
    }

    /// Returns the first instant after the period.
    #[must_use]
    pub const fn to(self) -> Millis {
        self.to
    }

    /// Returns whether an instant lies in the period.
    #[must_use]
    pub fn contains(self, at: Millis) -> bool {
        (self.from..self.to).contains(&at)
    }

    /// Returns the period of the same length that ends where this one begins.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self { from: self.from - (self.to - self.from), to: self.from }
    }

    /// Returns the month before, if this is exactly one month of the calendar, because an office reads month beside
    /// month. No other period has one.
    fn month_before(self, zone: &dyn Zone) -> Option<Self> {
        let first = zone.local(self.from).date;
        let is_month = first == month::first_day(first)
            && zone.midnight(first) == self.from
            && zone.midnight(month::after(first)) == self.to;
        if !is_month {
            return None;
        }
        Self::new(zone.midnight(month::before(first)), self.from).ok()
    }

    /// Returns the part that is over when `elapsed` milliseconds have passed since the period began. It may be empty.
    pub(super) fn first(self, elapsed: Millis) -> Self {
        let length = elapsed.clamp(0, self.to - self.from);
        Self { from: self.from, to: self.from + length }
    }
}

/// A question to the statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The calls that began in this period.
    pub period: Period,
    /// The period beside which the figures are shown, which is [`Period::previous`], or for a month the month before.
    pub compared: Period,
    /// Only calls of this line.
    pub line: Option<Line>,
    /// Only calls of this kind.
    pub kind: Option<Kind>,
}

impl Query {
    /// Returns the question for every call of a period.
    #[must_use]
    pub const fn new(period: Period) -> Self {
        Self { period, compared: period.previous(), line: None, kind: None }
    }

    /// Reads the question of an address. `from` and `to` are dates, which stand for their first instant in the zone,
    /// or milliseconds since 1970; `to` is the first instant that is not meant. An absent or empty `to` is the end of
    /// the day `until`, or of the day of `now`, and an absent `from` lies [`USUAL_DAYS`] days before `to`. A `period`
    /// is a [`Preset`] and goes before all of these. A month of the calendar is compared with the month before.
    ///
    /// # Errors
    /// [`Invalid`] with the part that makes no sense.
    pub fn parse(asked: &Asked<'_>, zone: &dyn Zone, now: Millis) -> Result<Self, Invalid> {
        let period = match given(asked.period) {
            Some(word) => {
                let (from, to) = Preset::of_word(word).ok_or(Invalid::Preset)?.days(zone.local(now).date);
                Period::new(zone.midnight(from), zone.midnight(to))?
            }
            None => own_period(asked, zone, now)?,
        };
        let compared = period.month_before(zone).unwrap_or_else(|| period.previous());
        let line = given(asked.line).map(Line::new).transpose()?;
        let kind = given(asked.kind).map(|word| kind(word).ok_or(Invalid::Kind)).transpose()?;
        Ok(Self { period, compared, line, kind })
    }

    /// Returns whether a row is of the line and the kind that are asked for.
    #[must_use]
    pub fn selects(&self, row: &Row) -> bool {
        self.line.as_ref().is_none_or(|line| *line == row.line)
            && self.kind.is_none_or(|kind| row.kind == Some(kind))
    }
}

/// The parts of a question as texts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// See [`Part::From`].
    pub from: Option<&'a str>,
    /// See [`Part::To`].
    pub to: Option<&'a str>,
    /// See [`Part::Until`].
    pub until: Option<&'a str>,
    /// See [`Part::Period`].
    pub period: Option<&'a str>,
    /// See [`Part::Line`].
    pub line: Option<&'a str>,
    /// See [`Part::Kind`].
    pub kind: Option<&'a str>,
}

/// A form leaves a part empty that nobody chose.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn own_period(asked: &Asked<'_>, zone: &dyn Zone, now: Millis) -> Result<Period, Invalid> {
    let read = |text, part| {
        let text = given(text);
        text.map(|text| instant(text, zone).ok_or(Invalid::NotATime(part))).transpose()
    };
    let to = match (read(asked.to, Part::To)?, given(asked.until)) {
        (Some(to), _) => to,
        (None, Some(last)) => {
            let last = last.parse::<Date>().map_err(|_| Invalid::NotATime(Part::Until))?;
            zone.midnight(last.plus(1))
        }
        (None, None) => zone.midnight(zone.local(now).date.plus(1)),
    };
    let from = match read(asked.from, Part::From)? {
        Some(from) => from,
        None if PLAUSIBLE.contains(&to) => zone.midnight(zone.local(to).date.plus(-USUAL_DAYS)),
        None => return Err(Invalid::Implausible(Part::To)),
    };
    Period::new(from, to)
}

fn instant(text: &str, zone: &dyn Zone) -> Option<Millis> {
    match text.parse::<Date>() {
        Ok(date) => Some(zone.midnight(date)),
        Err(_) => text.parse().ok(),
    }
}

/// A word is looked up and not deserialized, because that reads every unknown word as another kind.
fn kind(word: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
}
