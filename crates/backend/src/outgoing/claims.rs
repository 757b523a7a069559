//! Claims decide which node sends a message. It is the one that took the call, or another one when that does not
//! finish. Times are the database's, so the clocks of two machines need not agree. The table is called after push,
//! which had it first.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row};
use tokio::time::{sleep, timeout};

use crate::database::{self, Database, DatabaseError};

/// The time for which a claim holds. Its holder renews it until the message is sent.
pub(super) const HOLDS: Duration = Duration::from_secs(5);
/// The time between two renewals of a claim.
pub(super) const RENEW_EVERY: Duration = Duration::from_secs(2);
/// The time between two removals of old claims.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);
/// The longest wait for the database's answer to a claim. Beyond that the message goes out without one.
const PATIENCE: Duration = Duration::from_millis(300);
/// The time for which a claim is kept, in milliseconds, which is far longer than anybody may still send.
const KEPT: i64 = 24 * 60 * 60 * 1000;

/// The state of a message in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claimed {
    /// This process sends it.
    Ours,
    /// Another one sends it.
    Others,
    /// It is sent.
    Done,
}

/// The claims of one process.
#[derive(Clone)]
pub(crate) struct Claims {
    database: Database,
    token: String,
}

impl Claims {
    /// Claims for the process with this token.
    pub(crate) fn new(database: Database, token: String) -> Self {
        Self { database, token }
    }

    /// Claims a message, unless it is sent or another process is sending it.
    ///
    /// # Errors
    /// The database's, also where it does not answer within 300 ms.
    pub(super) async fn take(&self, name: &str) -> Result<Claimed, DatabaseError> {
        let taking = self.take_patiently(name);
        timeout(PATIENCE, taking).await.unwrap_or_else(|_| Err(DatabaseError::late(PATIENCE)))
    }

    async fn take_patiently(&self, name: &str) -> Result<Claimed, DatabaseError> {
        let now = self.database.now();
        let take = format!(
            "INSERT INTO push_claims (name, token, until, done, at) VALUES ($1, $2, {now} + $3, 0, {now})
             ON CONFLICT (name) DO UPDATE SET token = $2, until = {now} + $3
             WHERE push_claims.done = 0 AND (push_claims.token = $2 OR push_claims.until < {now})"
        );
        let take = sqlx::query(AssertSqlSafe(take)).bind(name).bind(&self.token).bind(millis(HOLDS));
        if database::answer(take.execute(self.database.pool())).await?.rows_affected() > 0 {
            return Ok(Claimed::Ours);
        }
        let asked = sqlx::query("SELECT done FROM push_claims WHERE name = $1").bind(name);
        let row = database::answer(asked.fetch_optional(self.database.pool())).await?;
        let done = row.map(|row| row.try_get::<i64, _>(0)).transpose()?;
        Ok(if done == Some(1) { Claimed::Done } else { Claimed::Others })
    }

    /// Keeps a claim for another while; returns whether it is still this process' own.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn renew(&self, name: &str, holds: Duration) -> Result<bool, DatabaseError> {
        let now = self.database.now();
        let renew =
            format!("UPDATE push_claims SET until = {now} + $1 WHERE name = $2 AND token = $3 AND done = 0");
        let renew = sqlx::query(AssertSqlSafe(renew)).bind(millis(holds)).bind(name).bind(&self.token);
        Ok(database::answer(renew.execute(self.database.pool())).await?.rows_affected() > 0)
    }

    /// Marks a message as sent, also one that was sent without a claim.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn done(&self, name: &str) -> Result<(), DatabaseError> {
        let now = self.database.now();
        let done = format!(
            "INSERT INTO push_claims (name, token, until, done, at) VALUES ($1, $2, {now}, 1, {now})
             ON CONFLICT (name) DO UPDATE SET done = 1"
        );
        let done = sqlx::query(AssertSqlSafe(done)).bind(name).bind(&self.token);
        database::answer(done.execute(self.database.pool())).await.map(drop)
    }

    /// Forgets old claims now and then, until it is dropped.
    pub(crate) async fn tidy(&self) {
        loop {
            sleep(FORGET_EVERY).await;
            if let Err(error) = self.forget().await {
                tracing::debug!(%error, "old claims stay for now");
            }
        }
    }

    /// Forgets the claims of before yesterday.
    ///
    /// # Errors
    /// The database's.
    async fn forget(&self) -> Result<(), DatabaseError> {
        let forget = format!("DELETE FROM push_claims WHERE at < {} - $1", self.database.now());
        let forget = sqlx::query(AssertSqlSafe(forget)).bind(KEPT);
        database::answer(forget.execute(self.database.pool())).await.map(drop)
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn two_nodes(directory: &std::path::Path) -> [Claims; 2] {
        let database = Database::in_directory(directory).await;
        ["one", "two"].map(|token| Claims::new(database.clone(), token.into()))
    }

    async fn let_it_run_out(claims: &Claims) {
        let until = sqlx::query("UPDATE push_claims SET until = 0");
        until.execute(claims.database.pool()).await.unwrap();
    }

    #[tokio::test]
    async fn one_node_sends_and_another_only_when_that_does_not_finish() {
        let directory = tempfile::tempdir().unwrap();
        let [one, two] = two_nodes(directory.path()).await;
        assert_eq!(one.take("a").await.unwrap(), Claimed::Ours);
        assert_eq!(one.take("a").await.unwrap(), Claimed::Ours, "a repetition changes nothing");
        assert_eq!(two.take("a").await.unwrap(), Claimed::Others);
        assert_eq!(two.take("b").await.unwrap(), Claimed::Ours, "every message has a claim of its own");
        let_it_run_out(&one).await;
        assert_eq!(two.take("a").await.unwrap(), Claimed::Ours);
        assert!(!one.renew("a", HOLDS).await.unwrap(), "it is the other's now");
        assert!(two.renew("a", HOLDS).await.unwrap());
        two.done("a").await.unwrap();
        let_it_run_out(&one).await;
        assert_eq!(one.take("a").await.unwrap(), Claimed::Done);
    }

    #[tokio::test]
    async fn a_claim_that_is_kept_for_a_pause_holds_until_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let [one, two] = two_nodes(directory.path()).await;
        assert_eq!(one.take("a").await.unwrap(), Claimed::Ours);
        assert!(one.renew("a", Duration::from_secs(60)).await.unwrap());
        let five_seconds_later = sqlx::query("UPDATE push_claims SET until = until - 6000");
        five_seconds_later.execute(one.database.pool()).await.unwrap();
        assert_eq!(two.take("a").await.unwrap(), Claimed::Others);
        let_it_run_out(&one).await;
        assert_eq!(two.take("a").await.unwrap(), Claimed::Ours);
    }

    #[tokio::test]
    async fn a_message_sent_without_a_claim_is_not_sent_again() {
        let directory = tempfile::tempdir().unwrap();
        let [one, two] = two_nodes(directory.path()).await;
        one.done("a").await.unwrap();
        assert_eq!(two.take("a").await.unwrap(), Claimed::Done);
        one.forget().await.unwrap();
        assert_eq!(two.take("a").await.unwrap(), Claimed::Done, "it is not a day old");
    }
}
