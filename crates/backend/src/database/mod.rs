//! The accounts' database, which is SQLite by default, and PostgreSQL where several processes share it. The statistics
//! have their tables beside it on PostgreSQL, and in a file of their own on SQLite.
//!
//! One SQL text serves both, so it keeps to the parts of sqlx's `Any` driver that both have. These are TEXT, BIGINT and
//! BYTEA, `$1` placeholders, times as epoch milliseconds. The database may be away at any time, also at the start. A
//! query fails within seconds then, and everything that does not need the database goes on.

pub(crate) mod account_name;
pub(crate) mod claim;
pub(crate) mod migrations;
pub mod stored;

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use sqlx::{
    Any, AnyPool,
    any::AnyPoolOptions,
    migrate::{MigrateError, Migrator},
    pool::PoolConnection,
};
use tokio::{sync::OnceCell, time::timeout};

/// The file of the accounts on SQLite, in the data directory, unless the address of the database names another.
pub const FILE: &str = "iutsai.db";

static DRIVERS: Once = Once::new();

/// The longest wait for a connection.
const ACQUIRE: Duration = Duration::from_secs(2);
/// The longest wait for an answer, connecting included, because a database that hangs must not hang its callers.
const ANSWER: Duration = Duration::from_secs(4);
/// The longest wait for several answers that belong together, such as those of an import of a complex.
const OUTCOME: Duration = Duration::from_secs(15);
/// The longest time for bringing the tables up to date.
const PREPARE: Duration = Duration::from_secs(60);

/// The error behind another one, of whichever library reported it.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The database cannot be reached or did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It does not answer; later it may.
    #[error("the database does not answer: {0}")]
    Away(#[source] Cause),
    /// It answered with an error.
    #[error("the database gave an unexpected answer: {0}")]
    Failed(#[source] Cause),
    /// Another server uses it that cannot share it.
    #[error("{0}")]
    InUse(String),
}

impl DatabaseError {
    /// No answer came within this time.
    pub(crate) fn late(patience: Duration) -> Self {
        Self::Away(format!("no answer within {patience:?}").into())
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        // PostgreSQL's class 57 is "operator intervention", when it starts or is shut down.
        let steps_down = |code: &str| code.starts_with("57P");
        let away = match &error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(database) => database.code().is_some_and(|code| steps_down(&code)),
            _ => false,
        };
        if away { Self::Away(error.into()) } else { Self::Failed(error.into()) }
    }
}

impl From<MigrateError> for DatabaseError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) => error.into(),
            other => Self::Failed(other.into()),
        }
    }
}

/// A pool of connections to the accounts' database.
#[derive(Clone)]
pub struct Database {
    pool: AnyPool,
    url: Arc<str>,
    steps: fn(bool) -> Migrator,
    prepared: Arc<OnceCell<()>>,
}

impl Database {
    /// Opens the database at `url` (`sqlite://…` or `postgres://…`) and brings its tables up to date.
    ///
    /// # Errors
    /// [`DatabaseError`] if it cannot be opened or its tables are of a newer version.
    pub async fn open(url: &str) -> Result<Self, DatabaseError> {
        let database = Self::connect_later(url)?;
        database.prepare().await?;
        Ok(database)
    }

    /// Opens the SQLite file of a test's directory.
    #[cfg(test)]
    pub(crate) async fn in_directory(directory: &std::path::Path) -> Self {
        let url = format!("sqlite://{}?mode=rwc", directory.join("iutsai.db").display());
        Self::open(&url).await.expect("a file of a test opens")
    }

    /// The database at `url`, which need not be there yet. [`Database::prepare`] must succeed once before it is of use.
    ///
    /// # Errors
    /// [`DatabaseError`] if the URL names no database.
    pub fn connect_later(url: &str) -> Result<Self, DatabaseError> {
        Self::with_steps(url, migrations::accounts)
    }

    /// The statistics' tables at `url`. As [`Database::connect_later`].
    ///
    /// # Errors
    /// [`DatabaseError`] if the URL names no database.
    pub(crate) fn of_statistics(url: &str) -> Result<Self, DatabaseError> {
        Self::with_steps(url, migrations::statistics)
    }

    fn with_steps(url: &str, steps: fn(bool) -> Migrator) -> Result<Self, DatabaseError> {
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let is_file = url.starts_with("sqlite:");
        let options = AnyPoolOptions::new()
            .max_connections(if is_file { 4 } else { 16 })
            .acquire_timeout(ACQUIRE)
            // A server may go away between two questions. The connection of a file is tested after each use, which is
            // enough.
            .test_before_acquire(!is_file);
        Ok(Self { pool: options.connect_lazy(url)?, url: url.into(), steps, prepared: Arc::default() })
    }

    /// Brings the tables up to date, once.
    ///
    /// # Errors
    /// [`DatabaseError`] if it cannot be reached, or its tables are of a newer version.
    pub async fn prepare(&self) -> Result<(), DatabaseError> {
        let prepare = async {
            if !self.is_postgres() {
                // Readers must not wait for a writer, because every page looks its session up.
                sqlx::query("PRAGMA journal_mode = WAL").execute(&self.pool).await?;
            }
            (self.steps)(self.is_postgres()).run(&self.pool).await.map_err(DatabaseError::from)
        };
        let prepared = self.prepared.get_or_try_init(|| timeout_after(PREPARE, prepare));
        prepared.await.copied()
    }

    /// Returns whether several processes can share it.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    /// The SQL of the database's own clock, in milliseconds.
    pub(crate) fn now(&self) -> &'static str {
        if self.is_postgres() {
            "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
        } else {
            "CAST((julianday('now') - 2440587.5) * 86400000 AS BIGINT)"
        }
    }

    /// Its address, which may hold a password.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The connections. SQL stays in this crate.
    pub(crate) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Makes the tables of these steps in a database of its own, which is in memory and ends with its only connection.
pub(crate) async fn in_memory(steps: fn(bool) -> Migrator) -> Result<PoolConnection<Any>, DatabaseError> {
    DRIVERS.call_once(sqlx::any::install_default_drivers);
    let pool = AnyPoolOptions::new().max_connections(1).connect_lazy("sqlite::memory:")?;
    let mut connection = pool.acquire().await?;
    steps(false).run(&mut *connection).await?;
    Ok(connection)
}

/// The answer to a question to the database, or that it does not come.
pub(crate) async fn answer<T>(
    question: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, DatabaseError> {
    timeout_after(ANSWER, async { question.await.map_err(DatabaseError::from) }).await
}

/// The outcome of several questions that belong together, or that it does not come in time. A transaction that is
/// dropped for it changes nothing.
pub(crate) async fn outcome<T, E: From<DatabaseError>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(OUTCOME, work).await.unwrap_or_else(|_| Err(DatabaseError::late(OUTCOME).into()))
}

async fn timeout_after<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    timeout(patience, work).await.unwrap_or_else(|_| Err(DatabaseError::late(patience)))
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_error_keeps_its_source() {
        let error = DatabaseError::from(sqlx::Error::PoolTimedOut);
        assert!(matches!(error, DatabaseError::Away(_)), "{error}");
        assert!(error.source().is_some_and(|source| source.is::<sqlx::Error>()));
    }
}
