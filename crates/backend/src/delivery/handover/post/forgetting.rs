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
        let rows = sqlx::query(
            "SELECT id, topic, value FROM handovers WHERE at >= $1 AND at < $2 AND (topic = $3 OR topic = $4)",
        )
        .bind(since)
        .bind(before)
        .bind(topic::ALERT)
        .bind(topic::DRILL)
        .fetch_all(self.database.pool());
        for row in database::answer(rows).await? {
            let (topic, value): (String, Vec<u8>) = (row.try_get("topic")?, row.try_get("value")?);
            let Some(value) = without_coordinates(&topic, &value) else { continue };
            let update = sqlx::query("UPDATE handovers SET value = $1 WHERE id = $2")
                .bind(value)
                .bind(row.try_get::<String, _>("id")?)
                .execute(self.database.pool());
            database::answer(update).await?;
        }
        Ok(())
    }

    /// Takes the coordinates of these flats out of their calls, and deletes the locations that they sent later.
    pub(in crate::delivery::handover) async fn forget_locations(
        &self,
        calls: &BTreeSet<CallKey>,
    ) -> Result<(), DatabaseError> {
        let rows = sqlx::query(
            "SELECT id, topic, value FROM handovers WHERE topic = $1 OR topic = $2 OR topic = $3",
        )
        .bind(topic::ALERT)
        .bind(topic::DRILL)
        .bind(topic::LOCATION)
        .fetch_all(self.database.pool());
        for row in database::answer(rows).await? {
            let (id, of): (String, String) = (row.try_get("id")?, row.try_get("topic")?);
            let value: Vec<u8> = row.try_get("value")?;
            let Ok(event) = record::read(&of, &value, nowhere(0)) else { continue };
            if !event.located().is_some_and(|flat| calls.contains(&flat)) {
                continue;
            }
            if let Some(value) = without_coordinates(&of, &value) {
                let update =
                    sqlx::query("UPDATE handovers SET value = $1 WHERE id = $2").bind(value).bind(id);
                database::answer(update.execute(self.database.pool())).await?;
            } else if of == topic::LOCATION {
                let delete = sqlx::query("DELETE FROM handovers WHERE id = $1").bind(id);
                database::answer(delete.execute(self.database.pool())).await?;
            }
        }
        Ok(())
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
