//! Applies a page of the log to the tables. The events, the calls that follow from them, and the positions change
//! together.

use std::collections::BTreeMap;

use domain::{
    Line, Millis, Position,
    event::{LOOK_BACK, OPEN_FOR},
    record,
    statistics::{Held, Row, rows},
    topic,
};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    positions::{self, Places},
    store::{StatisticsError, Tables, call, value},
};
use crate::delivery::log::Record;

/// The time around an event, in milliseconds, in which others can belong to the same call. It is 49 hours, and one more
/// for clocks that differ.
const AROUND: Millis = LOOK_BACK + MARGIN;
/// An hour, in milliseconds.
const MARGIN: Millis = OPEN_FOR / 24;

/// The part of the log that was read and is not yet in the tables.
#[derive(Default)]
pub(super) struct Page {
    held: BTreeMap<String, Held>,
    pub(super) places: Places,
    records: u64,
}

impl Page {
    /// Adds a record's event. A record that cannot be read is reported and kept by the fan-out.
    pub(super) fn add(&mut self, record: &Record) {
        self.records += 1;
        let name = record.topic.as_str();
        let is_of_call = topic::OF_ALERTS.contains(&name)
            || [topic::ACCEPT, topic::STATUS, topic::RECEIPT].contains(&name);
        let Some(value) = record.value.as_ref().filter(|_| is_of_call) else { return };
        let Ok(event) = record::read_at(&record.topic, value, record.position, record.time) else {
            metrics::counter!("iutsai_statistics_unreadable_total").increment(1);
            return;
        };
        let Some(held) = Held::new(event, record.position) else { return };
        match self.held.get_mut(&held.key()) {
            Some(known) => known.merge(held),
            None => drop(self.held.insert(held.key(), held)),
        }
    }

    /// Returns the number of records.
    pub(super) fn len(&self) -> u64 {
        self.records
    }
}

/// Applies a page.
pub(super) async fn apply(
    to: &mut AnyConnection,
    tables: Tables,
    page: &Page,
) -> Result<(), StatisticsError> {
    let mut touched: BTreeMap<Line, Vec<Millis>> = BTreeMap::new();
    for (key, held) in &page.held {
        let times = hold(to, tables, key, held).await?;
        if !times.is_empty() {
            touched.entry(held.event().line().clone()).or_default().extend(times);
        }
    }
    for (line, times) in touched {
        for span in spans(times) {
            derive(to, tables, &line, span).await?;
        }
    }
    positions::save(to, tables, &page.places).await
}

/// When an event happened; a receipt has no time but its record's.
fn at(held: &Held) -> Millis {
    let position = held.position();
    held.event().at().or_else(|| position.time()).unwrap_or(position.timestamp)
}

/// Stores an event and returns the times around which calls may have changed. There are none if all of it was known.
async fn hold(
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

/// Joins times that are so close that their calls may be the same, because a page of a year must not fold a year at
/// once.
fn spans(mut times: Vec<Millis>) -> Vec<(Millis, Millis)> {
    times.sort_unstable();
    let mut spans: Vec<(Millis, Millis)> = Vec::new();
    for at in times {
        match spans.last_mut() {
            Some((_, last)) if at.saturating_sub(*last) <= AROUND => *last = at,
            _ => spans.push((at, at)),
        }
    }
    spans
}

/// Folds what is held of a line around a span of time, and stores the calls that began in it.
async fn derive(
    to: &mut AnyConnection,
    tables: Tables,
    line: &Line,
    (first, last): (Millis, Millis),
) -> Result<(), StatisticsError> {
    let select = format!(
        "SELECT value, partition_id, record_offset, record_timestamp FROM {}
         WHERE line = $1 AND at >= $2 AND at <= $3",
        tables.events()
    );
    let found = sqlx::query(AssertSqlSafe(select))
        .bind(line.as_str())
        .bind(first.saturating_sub(AROUND))
        .bind(last.saturating_add(AROUND))
        .fetch_all(&mut *to)
        .await?;
    let held = found.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    // A call nearer to the edges may have events beyond them.
    let complete = first.saturating_sub(LOOK_BACK)..=last.saturating_add(MARGIN);
    for row in rows(line, held).into_iter().filter(|row| complete.contains(&row.begun)) {
        keep(to, tables, row).await?;
    }
    Ok(())
}

/// Stores a call as its events have it. A settled call has lost some of its events, so its row is added to.
async fn keep(to: &mut AnyConnection, tables: Tables, row: Row) -> Result<(), StatisticsError> {
    let select =
        format!("SELECT value, settled FROM {} WHERE line = $1 AND house = $2 AND id = $3", tables.calls());
    let known = sqlx::query(AssertSqlSafe(select))
        .bind(row.line.as_str())
        .bind(row.house.as_str())
        .bind(row.id.to_string())
        .fetch_optional(&mut *to)
        .await?;
    let Some(known) = known else { return insert(to, tables, &row, (0, 0)).await };
    let is_settled = known.try_get::<i64, _>("settled")? != 0;
    let known = call(&known)?;
    let merged = if is_settled { known.clone().merge(row) } else { row };
    if merged == known {
        return Ok(());
    }
    update(to, tables.calls(), "", &merged).await?;
    if is_settled && tables == Tables::Live {
        metrics::counter!("iutsai_statistics_late_words_total").increment(1);
        update(to, "statistics_history", ", sent = 0", &merged).await?;
    }
    Ok(())
}

/// Stores a call that is not known yet. `marks` is whether it is one of the demo's past, and whether it is settled.
pub(super) async fn insert(
    to: &mut AnyConnection,
    tables: Tables,
    row: &Row,
    marks: (i64, i64),
) -> Result<(), StatisticsError> {
    let insert = format!(
        "INSERT INTO {} (line, house, id, begun, value, demo, settled) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tables.calls()
    );
    sqlx::query(AssertSqlSafe(insert))
        .bind(row.line.as_str())
        .bind(row.house.as_str())
        .bind(row.id.to_string())
        .bind(row.begun)
        .bind(value(row)?)
        .bind(marks.0)
        .bind(marks.1)
        .execute(to)
        .await?;
    Ok(())
}

/// Stores a call that is known in another way. `and` is a further change of the row, as SQL.
pub(super) async fn update(
    to: &mut AnyConnection,
    table: &str,
    and: &str,
    row: &Row,
) -> Result<(), StatisticsError> {
    let update =
        format!("UPDATE {table} SET begun = $1, value = $2{and} WHERE line = $3 AND house = $4 AND id = $5");
    sqlx::query(AssertSqlSafe(update))
        .bind(row.begun)
        .bind(value(row)?)
        .bind(row.line.as_str())
        .bind(row.house.as_str())
        .bind(row.id.to_string())
        .execute(to)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_are_far_apart_are_folded_apart() {
        assert_eq!(spans(Vec::new()), []);
        let far = 3 * AROUND;
        assert_eq!(spans(vec![far, AROUND, 0, far + 5]), [(0, AROUND), (far, far + 5)]);
    }
}
