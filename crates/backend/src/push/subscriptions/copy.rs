//! A node's copy of the devices, by which a call finds those that it alarms. It is compared with the database every few
//! seconds, and stays as it is while the database is away.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use sqlx::{AssertSqlSafe, Row};

use super::{RECIPIENTS, Recipient, SILENT_AFTER, Subscriptions, recipient};
use crate::{clock, database, people::sessions::Sessions, push::PushError};

/// The time between two looks at the devices in the database.
const SYNC_EVERY: Duration = Duration::from_secs(2);
/// In every so many rounds they are read again in any case.
const READ_ALL_EVERY: u32 = 60;

impl Subscriptions {
    pub(super) fn put(&self, new: Recipient) {
        self.change_copy(|all| {
            all.retain(|one| one.id != new.id);
            all.push(new);
        });
    }

    pub(super) fn change_copy(&self, change: impl FnOnce(&mut Vec<Recipient>)) {
        let mut copy = self.copy.write().unwrap_or_else(PoisonError::into_inner);
        let all: &mut Arc<Vec<Recipient>> = &mut copy;
        change(Arc::make_mut(all));
    }

    /// Returns the devices by this node's copy.
    pub(in crate::push) fn devices(&self) -> Arc<Vec<Recipient>> {
        self.copy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the copy up to date until it is dropped. A device is its account's, so all are read again where `sessions`
    /// found that an account is another.
    pub(in crate::push) async fn run(self, sessions: Sessions) {
        let (mut seen, mut accounts, mut rounds) = (None, None, 0_u32);
        loop {
            let compared = sessions.compared_accounts();
            let everything = compared != accounts || rounds.is_multiple_of(READ_ALL_EVERY);
            match self.sync(if everything { None } else { seen }).await {
                Ok(now) => (seen, accounts) = (Some(now), compared),
                Err(error) => tracing::debug!(%error, "the devices for push stay those known from before"),
            }
            rounds = rounds.wrapping_add(1);
            tokio::time::sleep(SYNC_EVERY).await;
        }
    }

    /// Reads all devices unless they are as `seen`; returns their number and their last change.
    pub(super) async fn sync(&self, seen: Option<(i64, i64)>) -> Result<(i64, i64), PushError> {
        self.database.prepare().await?;
        let look = sqlx::query(
            "SELECT COUNT(*), COALESCE(MAX(change), 0) FROM push_subscriptions
             JOIN residents ON residents.name = push_subscriptions.account WHERE residents.locked = 0",
        )
        .fetch_one(self.database.pool());
        let row = database::answer(look).await?;
        let now = (row.try_get(0)?, row.try_get(1)?);
        if seen == Some(now) {
            return Ok(now);
        }
        let list =
            sqlx::query(AssertSqlSafe(format!("{RECIPIENTS} WHERE vapid = $1 AND residents.locked = 0")))
                .bind(&self.vapid)
                .fetch_all(self.database.pool());
        let rows = database::answer(list).await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            match recipient(row) {
                Ok(recipient) => all.push(recipient),
                // One device must not keep all others from being reached.
                Err(error) => tracing::warn!(%error, "a device for push cannot be read"),
            }
        }
        self.report(now.0, all.len(), rows.len()).await;
        *self.copy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(all);
        Ok(now)
    }

    async fn report(&self, all: i64, usable: usize, of_our_key: usize) {
        metrics::gauge!("iutsai_push_subscriptions").set(usable as f64);
        let foreign = usize::try_from(all).unwrap_or_default().saturating_sub(of_our_key);
        metrics::gauge!("iutsai_push_foreign_subscriptions").set(foreign as f64);
        if foreign > 0 {
            tracing::warn!(
                foreign,
                "devices subscribed with another key than this node's: give all nodes one IUTSAI_PUSH_PRIVATE_KEY"
            );
        }
        let silent =
            sqlx::query("SELECT COUNT(*) FROM push_subscriptions WHERE COALESCE(worked_at, created_at) < $1")
                .bind(clock::now() - SILENT_AFTER)
                .fetch_one(self.database.pool());
        if let Ok(row) = database::answer(silent).await
            && let Ok(silent) = row.try_get::<i64, _>(0)
        {
            metrics::gauge!("iutsai_push_silent_subscriptions").set(silent as f64);
        }
    }
}
