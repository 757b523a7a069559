//! The events of which calls are derived, as the tables keep each of them once.

use std::ops::RangeInclusive;

use domain::{AlertId, Line, Millis, Position, statistics::Held};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::store::{StatisticsError, Tables};

/// A text that no event has instead of an id. An event without a call has the empty text.
const NO_ID: &str = "-";

/// When an event happened; a receipt has no time but its record's.
pub(super) fn at(held: &Held) -> Millis {
    let position = held.position();
    held.event().at().or_else(|| position.time()).unwrap_or(position.timestamp)
}

/// Stores an event and returns the times around which calls may have changed. There are none if all of it was known.
pub(super) async fn hold(
    to: &mut AnyConnection,
    tables: Tables,
    key: &str,
    held: &Held,
) -> Result<Vec<Millis>, StatisticsError> {
    let insert = format!(
        "INSERT INTO {} (key, line, alert, house, value, partition_id, record_offset, record_timestamp, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key) DO NOTHING",
        tables.events()
    );
    let (event, position) = (held.event(), held.position());
    let inserted = sqlx::query(AssertSqlSafe(insert))
        .bind(key)
        .bind(event.line().as_str())
        .bind(event.alert().map(|id| id.to_string()).unwrap_or_default())
        .bind(event.target().map(|house| house.as_str()).unwrap_or_default())
        .bind(held.to_json())
        .bind(i64::from(position.partition))
        .bind(position.offset)
        .bind(position.timestamp)
        .bind(at(held))
        .execute(&mut *to)
        .await?;
    if inserted.rows_affected() > 0 {
        return Ok(vec![at(held)]);
    }
    let select = format!(
        "SELECT value, partition_id, record_offset, record_timestamp FROM {} WHERE key = $1",
        tables.events()
    );
    let known = sqlx::query(AssertSqlSafe(select)).bind(key).fetch_one(&mut *to).await?;
    let known = stored(&known)?;
    let mut merged = known.clone();
    merged.merge(held.clone());
    if merged == known {
        return Ok(Vec::new());
    }
    replace(to, tables, key, &merged).await?;
    Ok(vec![at(&known), at(&merged)])
}

async fn replace(
    to: &mut AnyConnection,
    tables: Tables,
    key: &str,
    held: &Held,
) -> Result<(), StatisticsError> {
    let update = format!(
        "UPDATE {} SET value = $1, partition_id = $2, record_offset = $3, record_timestamp = $4, at = $5
         WHERE key = $6",
        tables.events()
    );
    let position = held.position();
    sqlx::query(AssertSqlSafe(update))
        .bind(held.to_json())
        .bind(i64::from(position.partition))
        .bind(position.offset)
        .bind(position.timestamp)
        .bind(at(held))
        .bind(key)
        .execute(to)
        .await?;
    Ok(())
}

fn stored(row: &AnyRow) -> Result<Held, StatisticsError> {
    let partition: i64 = row.try_get("partition_id")?;
    let position = Position {
        timestamp: row.try_get("record_timestamp")?,
        partition: i32::try_from(partition).map_err(StatisticsError::stored)?,
        offset: row.try_get("record_offset")?,
    };
    let value: Vec<u8> = row.try_get("value")?;
    Held::from_json(&value, position).map_err(StatisticsError::stored)
}

/// Returns the events of a line that name one of these calls, whatever their time is, because a clock may be wrong by
/// hours.
pub(super) async fn of_calls(
    from: &mut AnyConnection,
    tables: Tables,
    line: &Line,
    calls: &[&AlertId],
) -> Result<Vec<Held>, StatisticsError> {
    // The list is filled up, so that few lengths of it are to be prepared.
    let mut ids: Vec<String> = calls.iter().map(ToString::to_string).collect();
    ids.resize(ids.len().next_power_of_two(), NO_ID.to_owned());
    let places: Vec<String> = (2..ids.len() + 2).map(|place| format!("${place}")).collect();
    let select = format!(
        "SELECT value, partition_id, record_offset, record_timestamp FROM {}
         WHERE line = $1 AND alert IN ({})",
        tables.events(),
        places.join(", ")
    );
    let mut select = sqlx::query(AssertSqlSafe(select)).bind(line.as_str());
    for id in ids {
        select = select.bind(id);
    }
    let found = select.fetch_all(from).await?;
    found.iter().map(stored).collect()
}

/// Returns whether an event of a line names no call, in a part of its time.
pub(super) async fn names_no_call(
    from: &mut AnyConnection,
    tables: Tables,
    line: &Line,
    times: &RangeInclusive<Millis>,
) -> Result<bool, StatisticsError> {
    let select = format!(
        "SELECT 1 FROM {} WHERE line = $1 AND at >= $2 AND at <= $3 AND alert = '' LIMIT 1",
        tables.events()
    );
    let select = sqlx::query(AssertSqlSafe(select)).bind(line.as_str());
    let found = select.bind(*times.start()).bind(*times.end()).fetch_optional(from).await?;
    Ok(found.is_some())
}

/// Returns the events of a line in a part of its time.
pub(super) async fn around(
    from: &mut AnyConnection,
    tables: Tables,
    line: &Line,
    times: &RangeInclusive<Millis>,
) -> Result<Vec<Held>, StatisticsError> {
    let select = format!(
        "SELECT value, partition_id, record_offset, record_timestamp FROM {}
         WHERE line = $1 AND at >= $2 AND at <= $3",
        tables.events()
    );
    let select = sqlx::query(AssertSqlSafe(select)).bind(line.as_str());
    let found = select.bind(*times.start()).bind(*times.end()).fetch_all(from).await?;
    found.iter().map(stored).collect()
}
