//! The monthly check, by which an administrator signs that the records of a month were looked at. The signature is a
//! record.

use std::{fmt, str::FromStr};

use domain::{
    Millis,
    statistics::{Date, Zone},
};

use super::{Act, Audit, By, Filter, Record};
use crate::database::DatabaseError;

/// A month of the calendar, written as `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i64,
    month: i64,
}

/// A text that is not a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a month such as 2026-11")]
pub struct NotAMonth;

/// Why a check is not signed.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// More records of the month may come.
    #[error("the month {0} is not over")]
    NotOver(Month),
    /// The database did not answer, or with an error.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Month {
    /// Returns the month of an instant in a time zone.
    #[must_use]
    pub fn at(at: Millis, zone: &dyn Zone) -> Self {
        let (year, month, _) = zone.local(at).date.civil();
        Self { year, month }
    }

    /// Returns the month before.
    #[must_use]
    pub fn before(self) -> Self {
        match self.month {
            1 => Self { year: self.year - 1, month: 12 },
            month => Self { year: self.year, month: month - 1 },
        }
    }

    /// Returns the month after.
    #[must_use]
    pub fn after(self) -> Self {
        match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            month => Self { year: self.year, month: month + 1 },
        }
    }

    /// Returns its first day. A month that the calendar does not have, such as one of the year 10000, has none.
    #[must_use]
    pub fn first_day(self) -> Option<Date> {
        Date::new(self.year, self.month, 1)
    }

    /// Returns its first instant in a time zone.
    #[must_use]
    pub fn begins(self, zone: &dyn Zone) -> Millis {
        self.first_day().map_or(Millis::MAX, |day| zone.midnight(day))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = NotAMonth;
    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let date: Date = format!("{text}-01").parse().map_err(|_| NotAMonth)?;
        let (year, month, _) = date.civil();
        Ok(Self { year, month })
    }
}

impl Audit {
    /// Records that `by` has looked at the records of a month, with a note.
    ///
    /// # Errors
    /// [`CheckError::NotOver`] for a month that is not over at `now`, or the database's.
    pub async fn check(
        &self,
        by: By,
        month: Month,
        note: &str,
        (zone, now): (&dyn Zone, Millis),
    ) -> Result<(), CheckError> {
        if month.after().begins(zone) > now {
            return Err(CheckError::NotOver(month));
        }
        let record = Record::new(Act::RecordsChecked, by).about(&month.to_string()).with(note);
        Ok(self.record(record).await?)
    }

    /// Returns last month if it has records and nobody has signed its check.
    ///
    /// # Errors
    /// The database's.
    pub async fn unchecked(&self, zone: &dyn Zone, now: Millis) -> Result<Option<Month>, DatabaseError> {
        let this = Month::at(now, zone);
        let last = this.before();
        let (from, to) = (Some(last.begins(zone)), Some(this.begins(zone)));
        if self.list(&Filter { from, to, ..Filter::default() }, 1).await?.is_empty() {
            return Ok(None);
        }
        let signed =
            Filter { act: Some(Act::RecordsChecked), subject: last.to_string(), ..Filter::default() };
        Ok(self.list(&signed, 1).await?.is_empty().then_some(last))
    }
}

#[cfg(test)]
mod tests {
    use domain::statistics::Utc;

    use super::*;

    #[test]
    fn months_follow_each_other_across_a_year() {
        let december: Month = "2026-12".parse().unwrap();
        assert_eq!(december.after().to_string(), "2027-01");
        assert_eq!(december.after().before(), december);
        assert_eq!(Month::at(december.begins(&Utc), &Utc), december);
        assert_eq!(Month::at(december.begins(&Utc) - 1, &Utc).to_string(), "2026-11");
        for wrong in ["", "2026", "2026-13", "2026-1", "2026-11-01", "+026-11"] {
            assert_eq!(wrong.parse::<Month>(), Err(NotAMonth), "{wrong}");
        }
    }
}
