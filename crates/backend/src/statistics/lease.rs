//! The right to write the statistics, which one process has at a time. Its times are the database's, so that the clocks
//! of two machines need not agree.

use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use super::store::{StatisticsError, now};
use crate::database::Database;

/// The kinds of rights of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Reading the log as it grows.
    Live = 1,
    /// Counting everything again.
    Batch = 2,
}

/// The right to write, as long as it is renewed.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    work: Work,
    token: String,
    /// It changes when a batch run has replaced the tables.
    generation: i64,
    /// Its duration, in milliseconds.
    holds: i64,
}

impl Lease {
    /// Takes the right for the process with this token; `None` while another has it.
    pub(super) async fn take(
        database: &Database,
        work: Work,
        token: &str,
        holds: i64,
    ) -> Result<Option<Self>, StatisticsError> {
        let now = now(database);
        let take = format!(
            "UPDATE statistics_lease SET token = $1, until = {now} + $2
             WHERE id = $3 AND (token = $1 OR until < {now})"
        );
        let mut transaction = database.pool().begin().await?;
        let take = sqlx::query(AssertSqlSafe(take)).bind(token).bind(holds).bind(work as i64);
        if take.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(None);
        }
        let row = sqlx::query("SELECT generation FROM statistics_lease WHERE id = $1").bind(work as i64);
        let generation = row.fetch_one(&mut *transaction).await?.try_get(0)?;
        transaction.commit().await?;
        Ok(Some(Self { work, token: token.to_owned(), generation, holds }))
    }

    /// Begins a transaction that nobody without the right can have at the same time, and renews the right.
    ///
    /// # Errors
    /// [`StatisticsError::TakenOver`] if another has it, or the tables are of another generation.
    pub(super) async fn begin(
        &self,
        database: &Database,
    ) -> Result<Transaction<'static, Any>, StatisticsError> {
        let now = now(database);
        let renew = format!(
            "UPDATE statistics_lease SET until = {now} + $1
             WHERE id = $2 AND token = $3 AND generation = $4 AND until >= {now}"
        );
        let mut transaction = database.pool().begin().await?;
        let renewed = sqlx::query(AssertSqlSafe(renew))
            .bind(self.holds)
            .bind(self.work as i64)
            .bind(&self.token)
            .bind(self.generation)
            .execute(&mut *transaction)
            .await?;
        // A transaction that is dropped is rolled back.
        if renewed.rows_affected() == 0 { Err(StatisticsError::TakenOver) } else { Ok(transaction) }
    }

    /// Gives the right back, so that another need not wait until it ends.
    pub(super) async fn give_back(
        database: &Database,
        work: Work,
        token: &str,
    ) -> Result<(), StatisticsError> {
        sqlx::query("UPDATE statistics_lease SET until = 0 WHERE id = $1 AND token = $2")
            .bind(work as i64)
            .bind(token)
            .execute(database.pool())
            .await?;
        Ok(())
    }
}
