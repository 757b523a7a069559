//! The statistics' tables as the rest of this wing uses them, with their names, the database's clock, and the errors.

use domain::{Millis, statistics::Row};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use crate::{
    database::{Cause, Database, DatabaseError},
    delivery::{log::LogError, outbox::OutboxError},
};

/// Why statistics cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The file that is the log.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// A table holds what cannot be read.
    #[error("the statistics hold what cannot be read: {0}")]
    Stored(#[source] Cause),
    /// Another process works, or the tables were rebuilt.
    #[error("another process took over")]
    TakenOver,
}

impl StatisticsError {
    pub(super) fn stored(error: impl Into<Cause>) -> Self {
        Self::Stored(error.into())
    }
}

impl From<sqlx::Error> for StatisticsError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// The tables of live reading, or those into which a batch run counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tables {
    /// They are what pages show.
    Live,
    /// They are a batch run's own.
    Shadow,
}

impl Tables {
    pub(super) const fn events(self) -> &'static str {
        match self {
            Self::Live => "statistics_events",
            Self::Shadow => "statistics_shadow_events",
        }
    }

    pub(super) const fn calls(self) -> &'static str {
        match self {
            Self::Live => "statistics_calls",
            Self::Shadow => "statistics_shadow_calls",
        }
    }

    pub(super) const fn positions(self) -> &'static str {
        match self {
            Self::Live => "statistics_positions",
            Self::Shadow => "statistics_shadow_positions",
        }
    }
}

/// Returns the SQL of the present time by the database's clock, in milliseconds since 1970.
pub(super) fn now(database: &Database) -> &'static str {
    database.now()
}

/// Reads the call of a row with `value`.
pub(super) fn call(row: &AnyRow) -> Result<Row, StatisticsError> {
    let value: String = row.try_get("value")?;
    serde_json::from_str(&value).map_err(StatisticsError::stored)
}

/// Writes a call as a table keeps it.
pub(super) fn value(call: &Row) -> Result<String, StatisticsError> {
    serde_json::to_string(call).map_err(StatisticsError::stored)
}

/// Keeps a JSON value of this kind in place of the one before.
pub(super) async fn keep_run(
    to: &mut AnyConnection,
    kind: &str,
    at: Millis,
    run: &impl serde::Serialize,
) -> Result<(), StatisticsError> {
    let value = serde_json::to_string(run).map_err(StatisticsError::stored)?;
    sqlx::query(
        "INSERT INTO statistics_runs (kind, at, value) VALUES ($1, $2, $3)
         ON CONFLICT (kind) DO UPDATE SET at = excluded.at, value = excluded.value",
    )
    .bind(kind)
    .bind(at)
    .bind(value)
    .execute(to)
    .await?;
    Ok(())
}

/// Returns the JSON value of this kind, if there is one.
pub(super) async fn run<T: serde::de::DeserializeOwned>(
    from: &mut AnyConnection,
    kind: &str,
) -> Result<Option<T>, StatisticsError> {
    let row = sqlx::query("SELECT value FROM statistics_runs WHERE kind = $1").bind(kind);
    let Some(row) = row.fetch_optional(from).await? else { return Ok(None) };
    let value: String = row.try_get("value")?;
    serde_json::from_str(&value).map(Some).map_err(StatisticsError::stored)
}

/// Executes a statement whose only parts besides text are table names, and returns how many rows it changed.
pub(super) async fn execute(
    on: &mut AnyConnection,
    statement: String,
    numbers: &[Millis],
) -> Result<u64, StatisticsError> {
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for number in numbers {
        query = query.bind(*number);
    }
    Ok(query.execute(on).await?.rows_affected())
}

/// Returns the number that a statement with one column and one row returns.
pub(super) async fn number(
    on: &mut AnyConnection,
    statement: String,
    numbers: &[Millis],
) -> Result<i64, StatisticsError> {
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for number in numbers {
        query = query.bind(*number);
    }
    Ok(query.fetch_one(on).await?.try_get(0)?)
}
