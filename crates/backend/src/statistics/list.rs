//! Single calls, the newest first, page by page.

use std::{fmt, str::FromStr};

use domain::{AlertId, Line, Millis, statistics::Row};
use sqlx::{Row as _, any::AnyRow};

use super::{
    Statistics, Unavailable,
    store::{StatisticsError, call},
};

/// The most calls of a page.
const PAGE: usize = 20;
/// The most drills that are listed.
const DRILLS: i64 = 20;

/// The place in the list behind which a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    begun: Millis,
    id: AlertId,
}

impl Before {
    /// Returns the place of a call.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        Self { begun: row.begun, id: row.id }
    }
}

impl fmt::Display for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.begun, self.id)
    }
}

/// The text is not a place in a list of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a list of calls")]
pub struct NoPlace;

impl FromStr for Before {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (begun, id) = text.split_once('.').ok_or(NoPlace)?;
        Ok(Self { begun: begun.parse().map_err(|_| NoPlace)?, id: id.parse().map_err(|_| NoPlace)? })
    }
}

/// A call of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The call.
    pub row: Row,
    /// It is an example of the demo and never happened.
    pub is_demo: bool,
}

impl Listed {
    fn of(found: &AnyRow) -> Result<Self, StatisticsError> {
        let demo: i64 = found.try_get("demo")?;
        Ok(Self { row: call(found)?, is_demo: demo != 0 })
    }
}

impl Statistics {
    /// Returns a page of a line's calls, the newest first, and whether there are older ones.
    ///
    /// # Errors
    /// [`Unavailable`] if the tables cannot be read.
    pub async fn calls_of(
        &self,
        line: &Line,
        before: Option<Before>,
    ) -> Result<(Vec<Listed>, bool), Unavailable> {
        let unavailable = |error: StatisticsError| Unavailable::because(&error);
        let (begun, id) =
            before.map_or((Millis::MAX, String::new()), |before| (before.begun, before.id.to_string()));
        let mut connection = self.connect().await.map_err(unavailable)?;
        let found = sqlx::query(
            "SELECT value, demo FROM statistics_calls
             WHERE line = $1 AND (begun < $2 OR (begun = $3 AND id < $4))
             ORDER BY begun DESC, id DESC LIMIT $5",
        )
        .bind(line.as_str())
        .bind(begun)
        .bind(begun)
        .bind(id)
        .bind(PAGE as i64 + 1)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| unavailable(error.into()))?;
        let listed: Result<Vec<Listed>, _> = found.iter().take(PAGE).map(Listed::of).collect();
        Ok((listed.map_err(unavailable)?, found.len() > PAGE))
    }

    /// Returns the newest drills of all lines that began from `since` on, the newest first.
    ///
    /// # Errors
    /// [`Unavailable`] if the tables cannot be read.
    pub async fn drills_since(&self, since: Millis) -> Result<Vec<Listed>, Unavailable> {
        let unavailable = |error: StatisticsError| Unavailable::because(&error);
        let mut connection = self.connect().await.map_err(unavailable)?;
        // In a name, JSON would have a backslash before the second quote.
        let found = sqlx::query(
            "SELECT value, demo FROM statistics_calls WHERE begun >= $1 AND value LIKE '%\"drill\":true%'
             ORDER BY begun DESC, id DESC LIMIT $2",
        )
        .bind(since)
        .bind(DRILLS)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| unavailable(error.into()))?;
        found.iter().map(Listed::of).collect::<Result<_, _>>().map_err(unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = Before { begun: 1_795_953_600_000, id: AlertId::generate() };
        assert_eq!(place.to_string().parse(), Ok(place));
        for wrong in ["", "1", "1.", ".0190f8a0-0000-7000-8000-000000000000", "x.y"] {
            assert_eq!(wrong.parse::<Before>(), Err(NoPlace), "{wrong}");
        }
    }
}
