//! Takes from the history the calls that began before the log's head, and fails where it does not have them.

use domain::{
    Millis,
    event::{LOOK_BACK, OPEN_FOR},
    statistics::Row,
};
use sqlx::{AnyConnection, Row as _};

use super::{BatchError, Unfinished};
use crate::{
    clock,
    statistics::{
        apply::update,
        store::{StatisticsError, Tables, execute, number},
    },
};

/// Calls become part of the history 49 hours after they began, and a settling may take a while.
const NOT_YET_SETTLED: Millis = LOOK_BACK + OPEN_FOR / 12;

/// The condition that a row of two tables is about one call.
const SAME: &str = "s.line = o.line AND s.house = o.house AND s.id = o.id";

/// Adds what the log cannot have.
///
/// # Errors
/// [`BatchError::Uncovered`] if neither has it.
pub(super) async fn cover(on: &mut AnyConnection, unfinished: &Unfinished) -> Result<(), BatchError> {
    // An empty log has no head, so all of it lies before.
    let from = unfinished.head.unwrap_or(Millis::MAX).max(unfinished.deleted_before);
    let until = from.saturating_add(LOOK_BACK);
    let add = |from: &str, settled: u8, and: &str| {
        format!(
            "INSERT INTO statistics_shadow_calls (line, house, id, begun, value, demo, settled)
             SELECT line, house, id, begun, value, 0, {settled} FROM {from} WHERE begun < $1 AND demo = 0{and}
             ON CONFLICT (line, house, id) DO NOTHING"
        )
    };
    execute(on, add("statistics_history", 1, ""), &[until]).await?;
    enrich(on, until).await?;
    let young = clock::now() - NOT_YET_SETTLED;
    execute(on, add("statistics_calls", 0, " AND settled = 0 AND begun >= $2"), &[from, young]).await?;
    let missing = format!(
        "SELECT COUNT(*) FROM statistics_calls AS o WHERE o.demo = 0 AND o.begun < $1
         AND NOT EXISTS (SELECT 1 FROM statistics_shadow_calls AS s WHERE {SAME})"
    );
    let missing = number(on, missing, &[from]).await?;
    if missing > 0 {
        return Err(BatchError::Uncovered { from, missing: missing.to_string() });
    }
    if unfinished.deleted_before > 0 {
        let before = "SELECT COUNT(*) FROM statistics_shadow_calls WHERE begun < $1".to_owned();
        if number(on, before, &[unfinished.deleted_before]).await? == 0 {
            return Err(BatchError::Uncovered { from, missing: "any".into() });
        }
    }
    Ok(())
}

/// Adds what the history knows of calls that the log knows in part.
async fn enrich(on: &mut AnyConnection, until: Millis) -> Result<(), StatisticsError> {
    let both = format!(
        "SELECT s.value AS counted, o.value AS kept FROM statistics_shadow_calls AS s
         JOIN statistics_history AS o ON {SAME} WHERE o.demo = 0 AND o.begun < $1 AND s.value <> o.value"
    );
    let both = sqlx::query(sqlx::AssertSqlSafe(both)).bind(until).fetch_all(&mut *on).await?;
    for found in both {
        let read = |name: &str| -> Result<Row, StatisticsError> {
            let value: String = found.try_get(name)?;
            serde_json::from_str(&value).map_err(StatisticsError::stored)
        };
        let (counted, kept) = (read("counted")?, read("kept")?);
        update(on, Tables::Shadow.calls(), "", &counted.merge(kept)).await?;
    }
    Ok(())
}
