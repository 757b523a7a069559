//! The topic `an-history`, which is the copy of the table of calls that are over, for other readers and for a table
//! that was lost.

use domain::{statistics::Row, topic};
use sqlx::{AnyConnection, Row as _};

use super::store::{self, StatisticsError};
use crate::{
    database::Database,
    delivery::log::{Log, Outgoing, Record},
};

/// The most calls that are published at once, because the right to count must be renewed meanwhile.
const AT_ONCE: i64 = 100;

/// Publishes calls that the topic does not have. Rows that Kafka does not accept are published later.
pub(super) async fn publish(tables: &Database, log: &Log) -> Result<(), StatisticsError> {
    let unsent = sqlx::query(
        "SELECT value FROM statistics_history WHERE sent = 0 AND demo = 0 ORDER BY begun LIMIT $1",
    );
    let unsent = unsent.bind(AT_ONCE).fetch_all(tables.pool()).await?;
    for found in &unsent {
        let (row, value) = (store::call(found)?, found.try_get::<String, _>("value")?);
        let outgoing = Outgoing {
            id: Some(row.id.0),
            ..Outgoing::new(topic::HISTORY, row.line.as_str(), value.as_bytes())
        };
        if let Err(error) = log.append(outgoing).await {
            tracing::debug!(%error, "a call that is over is not in the topic yet, retrying later");
            return Ok(());
        }
        // A row that was added to meanwhile is published again.
        sqlx::query(
            "UPDATE statistics_history SET sent = 1 WHERE line = $1 AND house = $2 AND id = $3 AND value = $4",
        )
        .bind(row.line.as_str())
        .bind(row.house.as_str())
        .bind(row.id.to_string())
        .bind(value.as_str())
        .execute(tables.pool())
        .await?;
    }
    Ok(())
}

/// Adds a record of the topic to the table, if it does not have the call.
pub(super) async fn restore(to: &mut AnyConnection, record: &Record) -> Result<(), StatisticsError> {
    let Some(value) = record.value.as_ref().filter(|_| record.topic == topic::HISTORY) else { return Ok(()) };
    let Ok(row) = serde_json::from_slice::<Row>(value) else {
        metrics::counter!("iutsai_statistics_unreadable_total").increment(1);
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO statistics_history (line, house, id, begun, value, demo, sent)
         VALUES ($1, $2, $3, $4, $5, 0, 1) ON CONFLICT (line, house, id) DO NOTHING",
    )
    .bind(row.line.as_str())
    .bind(row.house.as_str())
    .bind(row.id.to_string())
    .bind(row.begun)
    .bind(store::value(&row)?)
    .execute(to)
    .await?;
    Ok(())
}
