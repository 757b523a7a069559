//! Deletion of old rows, and of the coordinates in them.

use std::collections::BTreeSet;

use domain::{
    Alert, CallKey, Event, Millis,
    event::{LOOK_BACK, OPEN_FOR},
    record, topic,
};
use sqlx::Row;

use super::Post;
use crate::{
    database::{self, DatabaseError},
    delivery::handover::row::nowhere,
};

impl Post {
    /// Deletes rows that no rebuild reads any more, and locations that are a day old.
    pub(in crate::delivery::handover) async fn forget(&self, now: Millis) -> Result<(), DatabaseError> {
        let delete = sqlx::query("DELETE FROM handovers WHERE at < $1 OR (at < $2 AND topic = $3)")
            .bind(now - LOOK_BACK)
            .bind(now - OPEN_FOR)
            .bind(topic::LOCATION)
            .execute(self.database.pool());
        database::answer(delete).await.map(drop)
    }

    /// Takes the coordinates out of the calls that were handed over from `since` on and before `before`.
    pub(in crate::delivery::handover) async fn forget_coordinates(
        &self,
        since: Millis,
        before: Millis,
    ) -> Result<(), DatabaseError> {
        for of in topic::OF_ALERTS {
            let rows =
                sqlx::query("SELECT id, value FROM handovers WHERE topic = $1 AND at >= $2 AND at < $3")
                    .bind(of)
                    .bind(since)
                    .bind(before)
                    .fetch_all(self.database.pool());
            for row in database::answer(rows).await? {
                let (id, value): (String, Vec<u8>) = (row.try_get("id")?, row.try_get("value")?);
                if let Some(value) = without_coordinates(of, &value) {
                    self.replace(id, value).await?;
                }
            }
        }
        Ok(())
    }

    /// Takes the coordinates of these flats out of their calls, and deletes the locations that they sent later.
    pub(in crate::delivery::handover) async fn forget_locations(
        &self,
        calls: &BTreeSet<CallKey>,
    ) -> Result<(), DatabaseError> {
        for of in topic::OF_ALERTS.into_iter().chain([topic::LOCATION]) {
            let rows = sqlx::query("SELECT id, value FROM handovers WHERE topic = $1")
                .bind(of)
                .fetch_all(self.database.pool());
            for row in database::answer(rows).await? {
                let (id, value): (String, Vec<u8>) = (row.try_get("id")?, row.try_get("value")?);
                let Ok(event) = record::read(of, &value, nowhere(0)) else { continue };
                if !event.located().is_some_and(|flat| calls.contains(&flat)) {
                    continue;
                }
                if let Some(value) = without_coordinates(of, &value) {
                    self.replace(id, value).await?;
                } else if of == topic::LOCATION {
                    let delete = sqlx::query("DELETE FROM handovers WHERE id = $1").bind(id);
                    database::answer(delete.execute(self.database.pool())).await?;
                }
            }
        }
        Ok(())
    }

    async fn replace(&self, id: String, value: Vec<u8>) -> Result<(), DatabaseError> {
        let update = sqlx::query("UPDATE handovers SET value = $1 WHERE id = $2").bind(value).bind(id);
        database::answer(update.execute(self.database.pool())).await.map(drop)
    }
}

/// Returns the record of a call without its coordinates; `None` where it has none, or cannot be read.
fn without_coordinates(topic: &str, value: &[u8]) -> Option<Vec<u8>> {
    // A record of ours has its own time.
    let Ok(Event::Alert(alert)) = record::read(topic, value, nowhere(0)) else { return None };
    alert.location?;
    Some(record::write(&Event::Alert(Alert { location: None, ..alert })).1)
}

#[cfg(test)]
mod tests;
