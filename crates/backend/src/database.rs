//! The accounts' database: SQLite by default, PostgreSQL where several processes share it.
//!
//! One SQL text serves both, so it keeps to what sqlx's `Any` driver has on both: TEXT, BIGINT and BYTEA,
//! `$1` placeholders, times as epoch milliseconds.

use std::sync::Once;

use sqlx::{AnyPool, any::AnyPoolOptions, migrate::Migrator};

static MIGRATIONS: Migrator = sqlx::migrate!();
static DRIVERS: Once = Once::new();

/// The database cannot be reached or did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the database did not answer as it should: {0}")]
pub struct DatabaseError(String);

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.to_string())
    }
}

/// A pool of connections to the accounts' database.
#[derive(Clone)]
pub struct Database {
    pool: AnyPool,
}

impl Database {
    /// Opens the database at `url` (`sqlite://…` or `postgres://…`) and brings its tables up to date.
    ///
    /// # Errors
    /// [`DatabaseError`] if it cannot be opened or its tables are of a newer version.
    pub async fn open(url: &str) -> Result<Self, DatabaseError> {
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let sqlite = url.starts_with("sqlite:");
        let options = AnyPoolOptions::new().max_connections(if sqlite { 4 } else { 16 });
        let pool = options.connect(url).await?;
        if sqlite {
            // Readers must not wait for a writer: every page looks its session up.
            sqlx::query("PRAGMA journal_mode = WAL").execute(&pool).await?;
        }
        MIGRATIONS.run(&pool).await.map_err(|error| DatabaseError(error.to_string()))?;
        Ok(Self { pool })
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
