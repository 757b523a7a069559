//! Statistics, as far as they need more than `domain::statistics`, which is pure.
//!
//! [`Statistics`] answers questions from the tables. The consumer fills them from the log as it grows, by `apply`, which
//! keeps `events` and derives calls from them, and the [`batch`] counts the whole log again into tables of its own. Both
//! `settle` calls that are complete. One process does each at a time, by its `lease`. `positions` is up to where the log
//! is read, `history` the topic of calls that are over, `pace` how often news are counted, `schedule` when the batch
//! runs, `nightly` runs it, and `store` is how the tables are used. `demo` is what a demo complex has instead of a past,
//! and `list` reads single calls.

mod apply;
pub mod batch;
mod consumer;
mod demo;
mod events;
mod history;
mod lease;
mod list;
pub(crate) mod nightly;
mod pace;
mod positions;
pub mod schedule;
mod settle;
mod store;
#[cfg(test)]
mod tests;
mod zone;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
    sync::Arc,
};

use domain::{
    Line, Millis,
    statistics::{Basis, Counting, Figures, Query, Row},
};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row as _};
use tokio::sync::watch;

use crate::{
    clock,
    database::{Database, DatabaseError, stored},
    delivery::outbox::Sequence,
};
pub(crate) use consumer::Consumer;
pub use list::{Before, Listed};
pub use store::StatisticsError;
use store::Tables;
pub use zone::{Iana, UnknownZone};

/// The file of the statistics on SQLite, in the data directory.
pub(crate) const FILE: &str = "statistics.db";

/// The number of calls that are read before other tasks have their turn.
const AT_ONCE: usize = 256;

/// The statistics cannot be read now. A later attempt may succeed.
#[derive(Debug, thiserror::Error)]
#[error("the statistics cannot be read now: {0}")]
pub struct Unavailable(String);

impl Unavailable {
    fn because(error: &dyn std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// A run of the batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it began.
    pub at: Millis,
    /// Its duration, in milliseconds.
    pub took: Millis,
    /// The number of calls that it counted.
    pub calls: u64,
    /// Why it failed, if it did.
    pub failed: Option<String>,
}

/// A comparison of what was read live with what a batch counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// When.
    pub at: Millis,
    /// The number of calls that both know.
    pub compared: u64,
    /// The number of calls that are not the same, or known to one of both only.
    pub different: u64,
}

/// The state of the statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The last run of the batch.
    pub last_batch: Option<Run>,
    /// The last comparison.
    pub last_verification: Option<Verified>,
    /// Records that are in the log and not counted yet, as far as is known; `None` where another process counts.
    pub behind: Option<u64>,
    /// Some calls are examples of the demo.
    pub has_demo: bool,
}

/// The statistics. Clones are the same.
#[derive(Clone)]
pub struct Statistics(Arc<Inner>);

struct Inner {
    tables: Database,
    accounts: Database,
    zone: Iana,
    behind: watch::Sender<Option<u64>>,
    /// The last entry of the outbox that was read, where that is the log.
    read: watch::Sender<Sequence>,
}

impl Statistics {
    /// Opens the statistics, beside the accounts on PostgreSQL, and in a file of `data_dir` on SQLite. The database
    /// need not be there yet.
    ///
    /// # Errors
    /// [`DatabaseError`] if the address names no database.
    pub fn open(data_dir: &Path, accounts: Database, zone: Iana) -> Result<Self, DatabaseError> {
        let tables = if accounts.is_postgres() {
            Database::of_statistics(accounts.url())?
        } else {
            Database::of_statistics(&format!("sqlite://{}?mode=rwc", data_dir.join(FILE).display()))?
        };
        let (behind, read) = (watch::Sender::new(None), watch::Sender::new(Sequence(0)));
        Ok(Self(Arc::new(Inner { tables, accounts, zone, behind, read })))
    }

    /// Returns the complex's time zone.
    #[must_use]
    pub fn zone(&self) -> &Iana {
        &self.0.zone
    }

    /// Returns the figures of a period.
    ///
    /// # Errors
    /// [`Unavailable`] if the tables or the accounts cannot be read.
    pub async fn figures(&self, query: &Query) -> Result<Figures, Unavailable> {
        let unavailable = |error: StatisticsError| Unavailable::because(&error);
        let from = query.period.from().min(query.compared.from());
        let to = query.period.to().max(query.compared.to());
        let as_of = clock::now();
        let flats = self.flats().await.map_err(unavailable)?;
        let mut connection = self.connect().await.map_err(unavailable)?;
        let places = positions::load(&mut connection, Tables::Live).await.map_err(unavailable)?;
        let basis = Basis { zone: &self.0.zone, as_of, positions: positions::shown(places), flats };
        let mut counting = Counting::new(query, &basis);
        let count = |row: Row| counting.add(&row);
        each_call(&mut connection, from..to, query.line.as_ref(), count).await.map_err(unavailable)?;
        drop(connection);
        Ok(counting.figures())
    }

    /// Returns the calls that a question selects, the oldest first.
    ///
    /// # Errors
    /// [`Unavailable`] if the tables cannot be read.
    pub async fn rows(&self, query: &Query) -> Result<Vec<Row>, Unavailable> {
        let unavailable = |error: StatisticsError| Unavailable::because(&error);
        let mut connection = self.connect().await.map_err(unavailable)?;
        let period = query.period.from()..query.period.to();
        let mut rows = Vec::new();
        let keep = |row: Row| {
            if query.selects(&row) {
                rows.push(row);
            }
        };
        each_call(&mut connection, period, query.line.as_ref(), keep).await.map_err(unavailable)?;
        rows.sort_by(|one, other| {
            (one.begun, &one.line, &one.house, one.id).cmp(&(
                other.begun,
                &other.line,
                &other.house,
                other.id,
            ))
        });
        Ok(rows)
    }

    /// Returns the lines with accounts or calls, in order.
    ///
    /// # Errors
    /// [`Unavailable`] if the tables or the accounts cannot be read.
    pub async fn lines(&self) -> Result<Vec<Line>, Unavailable> {
        let unavailable = |error: StatisticsError| Unavailable::because(&error);
        let mut lines: BTreeSet<Line> = self.flats().await.map_err(unavailable)?.into_keys().collect();
        let mut connection = self.connect().await.map_err(unavailable)?;
        let with_calls = sqlx::query("SELECT DISTINCT line FROM statistics_calls");
        let with_calls = with_calls.fetch_all(&mut *connection).await;
        for row in with_calls.map_err(|error| Unavailable::because(&error))? {
            let line = row.try_get("line").map_err(|error| Unavailable::because(&error))?;
            lines.insert(stored::name(line, Line::new).map_err(|error| Unavailable::because(&error))?);
        }
        Ok(lines.into_iter().collect())
    }

    /// Returns how the statistics are doing.
    ///
    /// # Errors
    /// [`Unavailable`] if the tables cannot be read.
    pub async fn health(&self) -> Result<Health, Unavailable> {
        let unavailable = |error: StatisticsError| Unavailable::because(&error);
        let mut connection = self.connect().await.map_err(unavailable)?;
        let demo = "SELECT COUNT(*) FROM statistics_calls WHERE demo = 1".to_owned();
        let behind = *self.0.behind.borrow();
        Ok(Health {
            last_batch: store::run(&mut connection, batch::RUN).await.map_err(unavailable)?,
            last_verification: store::run(&mut connection, batch::VERIFIED).await.map_err(unavailable)?,
            behind,
            has_demo: store::number(&mut connection, demo, &[]).await.map_err(unavailable)? > 0,
        })
    }

    /// Returns the last entry of the outbox that was read.
    pub(crate) fn read(&self) -> Sequence {
        *self.0.read.borrow()
    }

    /// Gives back the right to count of this process' consumer, so that another process can go on at once.
    pub(crate) async fn give_back(&self, token: &str) {
        if let Err(error) = lease::Lease::give_back(&self.0.tables, lease::Work::Live, token).await {
            tracing::debug!(%error, "the right to count ends by its time");
        }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.0.tables.close().await;
    }

    async fn connect(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Any>, StatisticsError> {
        self.0.tables.prepare().await?;
        Ok(self.0.tables.pool().acquire().await?)
    }

    /// Returns the number of flats of each line, which are those with an account, and in a demo those of its past.
    async fn flats(&self) -> Result<BTreeMap<Line, u64>, StatisticsError> {
        let count = sqlx::query(
            "SELECT line, COUNT(DISTINCT house) AS flats FROM residents
             WHERE line IS NOT NULL AND house IS NOT NULL GROUP BY line",
        );
        let rows = crate::database::answer(count.fetch_all(self.0.accounts.pool())).await?;
        let flats = rows.iter().map(|row| {
            let line = stored::name(row.try_get("line")?, Line::new);
            let flats: i64 = row.try_get("flats")?;
            Ok((line.map_err(StatisticsError::stored)?, flats.unsigned_abs()))
        });
        let mut flats = flats.collect::<Result<BTreeMap<_, _>, StatisticsError>>()?;
        let mut connection = self.connect().await?;
        demo::add_flats(&mut connection, &mut flats).await?;
        Ok(flats)
    }
}

/// Reads the calls that began in a period, of one line or all, one after another. A year of calls is read while other
/// tasks go on, and is never in memory as a whole.
async fn each_call(
    connection: &mut AnyConnection,
    period: Range<Millis>,
    line: Option<&Line>,
    mut with: impl FnMut(Row) + Send,
) -> Result<(), StatisticsError> {
    let mut found = match line {
        Some(line) => {
            sqlx::query("SELECT value FROM statistics_calls WHERE begun >= $1 AND begun < $2 AND line = $3")
                .bind(period.start)
                .bind(period.end)
                .bind(line.as_str())
                .fetch(connection)
        }
        None => sqlx::query("SELECT value FROM statistics_calls WHERE begun >= $1 AND begun < $2")
            .bind(period.start)
            .bind(period.end)
            .fetch(connection),
    };
    let mut read = 0_usize;
    while let Some(row) = found.try_next().await? {
        with(store::call(&row)?);
        read += 1;
        if read.is_multiple_of(AT_ONCE) {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
