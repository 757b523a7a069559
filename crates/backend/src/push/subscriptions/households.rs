//! The devices by household. It knows which households have one that works, and how many devices have been silent for
//! long.

use std::collections::BTreeMap;

use domain::{House, Line};
use sqlx::{Row, any::AnyRow};

use super::{SILENT_AFTER, Subscriptions};
use crate::{
    clock,
    database::{self, stored::name},
    people::PeopleError,
    push::PushError,
};

impl Subscriptions {
    /// Returns the flats with a device that has shown a message within 30 days. That a push service took one is not
    /// enough.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::push) async fn reachable(&self) -> Result<Vec<(Line, House)>, PushError> {
        let list = sqlx::query(
            "SELECT DISTINCT residents.line, residents.house FROM push_subscriptions
             JOIN residents ON residents.name = push_subscriptions.account
             WHERE push_subscriptions.vapid = $1 AND push_subscriptions.worked_at >= $2
             AND residents.locked = 0 AND residents.line IS NOT NULL AND residents.house IS NOT NULL",
        )
        .bind(&self.vapid)
        .bind(clock::now() - SILENT_AFTER)
        .fetch_all(self.database.pool());
        let mut flats = Vec::new();
        for row in &database::answer(list).await? {
            match flat(row) {
                Ok(flat) => flats.push(flat),
                // One flat must not hide all others.
                Err(error) => tracing::warn!(%error, "the flat of a device for push cannot be read"),
            }
        }
        Ok(flats)
    }

    /// Returns how many devices have shown nothing for 30 days, by their owner's line; `None` stands for people
    /// without a flat. A device that was added since has had no time to show something.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::push) async fn silent(&self) -> Result<BTreeMap<Option<Line>, u64>, PushError> {
        let count = sqlx::query(
            "SELECT residents.line, COUNT(*) AS devices FROM push_subscriptions
             JOIN residents ON residents.name = push_subscriptions.account
             WHERE COALESCE(push_subscriptions.worked_at, push_subscriptions.created_at) < $1
             GROUP BY residents.line",
        )
        .bind(clock::now() - SILENT_AFTER)
        .fetch_all(self.database.pool());
        let mut silent = BTreeMap::new();
        for row in &database::answer(count).await? {
            let line: Option<String> = row.try_get("line")?;
            let devices: i64 = row.try_get("devices")?;
            let line = line.map(|line| name(line, Line::new)).transpose().map_err(PeopleError::from)?;
            silent.insert(line, u64::try_from(devices).unwrap_or_default());
        }
        Ok(silent)
    }
}

fn flat(row: &AnyRow) -> Result<(Line, House), PeopleError> {
    Ok((name(row.try_get("line")?, Line::new)?, name(row.try_get("house")?, House::new)?))
}
