//! The end of a run, which puts its count in the place of the live one and empties its own tables.

use domain::Millis;
use sqlx::AnyConnection;

use super::UNFINISHED;
use crate::statistics::{
    settle::add_to_history,
    store::{StatisticsError, Tables, execute},
};

/// Puts what was counted in the place of what was read live. Examples of the demo stay.
pub(super) async fn replace(
    on: &mut AnyConnection,
    period: Option<(Millis, Millis)>,
) -> Result<(), StatisticsError> {
    execute(on, "UPDATE statistics_lease SET generation = generation + 1 WHERE id = 1".to_owned(), &[])
        .await?;
    let (from, to) = period.unwrap_or((Millis::MIN, Millis::MAX));
    let delete = "DELETE FROM statistics_calls WHERE demo = 0 AND begun >= $1 AND begun < $2";
    execute(on, delete.to_owned(), &[from, to]).await?;
    let columns = "line, house, id, begun, value, demo, settled";
    let insert = format!(
        "INSERT INTO statistics_calls ({columns}) SELECT {columns} FROM statistics_shadow_calls
         WHERE begun >= $1 AND begun < $2"
    );
    execute(on, insert, &[from, to]).await?;
    add_to_history(on, Tables::Shadow, Millis::MAX).await?;
    if period.is_some() {
        return Ok(());
    }
    let events = "key, line, alert, house, value, partition_id, record_offset, record_timestamp, at";
    let places = "topic, partition_id, next_offset, log, last_id";
    for (to, from, columns) in [
        (Tables::Live.events(), Tables::Shadow.events(), events),
        (Tables::Live.positions(), Tables::Shadow.positions(), places),
    ] {
        execute(on, format!("DELETE FROM {to}"), &[]).await?;
        execute(on, format!("INSERT INTO {to} ({columns}) SELECT {columns} FROM {from}"), &[]).await?;
    }
    Ok(())
}

/// Forgets a run that has not ended.
pub(super) async fn clear(on: &mut AnyConnection) -> Result<(), StatisticsError> {
    for table in [Tables::Shadow.events(), Tables::Shadow.calls(), Tables::Shadow.positions()] {
        execute(on, format!("DELETE FROM {table}"), &[]).await?;
    }
    execute(on, format!("DELETE FROM statistics_runs WHERE kind = '{UNFINISHED}'"), &[]).await?;
    Ok(())
}
