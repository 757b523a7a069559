//! The SQL of the outbox's writer.

use domain::{CallKey, topic};
use sqlx::sqlite::SqliteConnection;

use super::Change;
use crate::delivery::outbox::{Appended, Entry, OutboxError, Sequence, SessionCopy, entry::find};

/// The most old entries or marks that one commit deletes, because a press must not wait behind a month.
const SLICE: i64 = 500;

/// All of a topic that is old.
const FORGET: &str = "DELETE FROM entries WHERE sequence IN (
     SELECT sequence FROM entries WHERE topic = $1 AND stored_at < $2 AND +sequence < $4 LIMIT $3)";
/// Deletes only entries that Kafka has acknowledged or refused. Its condition is that of the index `entries_done`.
const FORGET_DONE: &str = "DELETE FROM entries WHERE sequence IN (
     SELECT sequence FROM entries WHERE topic = $1 AND stored_at < $2 AND +sequence < $4
     AND (record_offset IS NOT NULL OR refused IS NOT NULL) LIMIT $3)";
/// Readers that begin at the first entry must know that it is not the beginning of everything.
const NOTE_DELETED: &str = "UPDATE node SET deleted_before = MAX(deleted_before, $1)";
/// The coordinates of a time, in records that stay. A value that is not JSON has none.
const FORGET_COORDINATES: &str = "UPDATE entries SET value = CAST(json_set(
         CAST(value AS TEXT), '$.lat', NULL, '$.lng', NULL, '$.accuracy', NULL) AS BLOB)
     WHERE sequence IN (
         SELECT sequence FROM entries WHERE topic = $1 AND stored_at >= $2 AND stored_at < $3
         AND CASE WHEN json_valid(CAST(value AS TEXT)) THEN json_type(CAST(value AS TEXT), '$.lat') END <> 'null'
         LIMIT $4)";
/// The coordinates of one call's record. An id alone is not the name of a call.
const FORGET_COORDINATES_OF: &str = "UPDATE entries SET value = CAST(json_set(
         CAST(value AS TEXT), '$.lat', NULL, '$.lng', NULL, '$.accuracy', NULL) AS BLOB)
     WHERE id = $1 AND topic = $2 AND line = $3
     AND CASE WHEN json_valid(CAST(value AS TEXT)) THEN json_extract(CAST(value AS TEXT), '$.house') = $4
         AND json_type(CAST(value AS TEXT), '$.lat') <> 'null' END";
/// The locations that one flat sent after a call, as the caller or as a helper.
const FORGET_PLACES_OF: &str = "DELETE FROM entries WHERE topic = $1 AND route = $2
     AND CASE WHEN json_valid(CAST(value AS TEXT))
         THEN COALESCE(json_extract(CAST(value AS TEXT), '$.houseLine'), line) = $3
             AND COALESCE(json_extract(CAST(value AS TEXT), '$.house'),
                 json_extract(CAST(value AS TEXT), '$.target')) = $4 END";
const UNMARK: &str =
    "UPDATE entries SET partition_id = NULL, record_offset = NULL, record_timestamp = NULL, cluster = NULL";
const MARKS_OF_OTHERS: &str =
    "SELECT sequence FROM entries WHERE record_offset IS NOT NULL AND cluster <> $1 LIMIT $2";
const MARKS_OF_NONE: &str =
    "SELECT sequence FROM entries WHERE record_offset IS NOT NULL AND cluster IS NULL LIMIT $1";

/// Inserts an entry, or returns the one of the same request that is there already, because one request of a batch must not
/// fail the others. The latter is as durable, because it was committed before or is committed with this batch.
///
/// Outside of a transaction the statement is one, which most presses are, and begin and commit would be two more ways to
/// the thread of the connection and back. SQLite commits it when the statement is done (SQLite, "Automatic
/// Transactions"). `execute` waits for that and reports the error of a disk that failed by then. A row by `RETURNING` would
/// arrive before the commit, and wake this task in vain.
pub(super) async fn insert(to: &mut SqliteConnection, entry: &Entry) -> Result<Appended, OutboxError> {
    let inserted = sqlx::query(
        "INSERT INTO entries (id, resident, route, digest, topic, line, value, stored_at, traceparent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id, resident, route) DO NOTHING",
    )
    .bind(entry.origin.id)
    .bind(&entry.origin.resident)
    .bind(&entry.origin.route)
    .bind(&entry.digest[..])
    .bind(&entry.topic)
    .bind(&entry.line)
    .bind(&entry.value)
    .bind(entry.at)
    .bind(entry.traceparent.as_deref())
    .execute(&mut *to)
    .await?;
    if inserted.rows_affected() > 0 {
        return Ok(Appended::New(Sequence(inserted.last_insert_rowid())));
    }
    let known = find(to, &entry.origin).await?;
    Ok(Appended::Known(known.ok_or(sqlx::Error::RowNotFound)?))
}

/// The effect of a change.
pub(super) struct Changed {
    /// The number of rows that it changed.
    pub(super) rows: u64,
    /// The number of the entry that it appended, if it did.
    pub(super) appended: Option<Sequence>,
}

impl From<u64> for Changed {
    fn from(rows: u64) -> Self {
        Self { rows, appended: None }
    }
}

/// Writes a change.
pub(super) async fn change(to: &mut SqliteConnection, change: &Change) -> Result<Changed, OutboxError> {
    let query = match change {
        Change::Append(entry) => {
            return Ok(match insert(to, entry).await? {
                Appended::New(sequence) => Changed { rows: 1, appended: Some(sequence) },
                Appended::Known(_) => Changed { rows: 0, appended: None },
            });
        }
        Change::Mark(sequence, position, cluster) => sqlx::query(
            "UPDATE entries SET partition_id = $1, record_offset = $2, record_timestamp = $3, cluster = $4,
                 refused = NULL
             WHERE sequence = $5",
        )
        .bind(position.partition)
        .bind(position.offset)
        .bind(position.timestamp)
        .bind(cluster)
        .bind(sequence.0),
        Change::Refuse(sequence, reason) => {
            sqlx::query("UPDATE entries SET refused = $1 WHERE sequence = $2").bind(reason).bind(sequence.0)
        }
        Change::Forget { topic, before, below, done_only } => {
            let forget = sqlx::query(if *done_only { FORGET_DONE } else { FORGET });
            let forget = forget.bind(*topic).bind(before).bind(SLICE).bind(below.0);
            let rows = forget.execute(&mut *to).await?.rows_affected();
            if rows > 0 && topic::OF_ALERTS.contains(topic) {
                sqlx::query(NOTE_DELETED).bind(before).execute(to).await?;
            }
            return Ok(rows.into());
        }
        Change::ForgetCoordinates { topic, since, before } => {
            sqlx::query(FORGET_COORDINATES).bind(*topic).bind(since).bind(before).bind(SLICE)
        }
        Change::ForgetLocations(calls) => return forget_locations(to, calls).await.map(Into::into),
        Change::Unmark(sequences) => return unmark(to, sequences).await.map(Into::into),
        Change::Adopt(cluster) => return adopt(to, cluster.as_deref()).await.map(Into::into),
        Change::Sessions(sessions, synced_at) => {
            for session in sessions {
                keep_session(to, session).await?;
            }
            sqlx::query("UPDATE node SET sessions_synced_at = $1").bind(synced_at)
        }
    };
    Ok(query.execute(to).await?.rows_affected().into())
}

async fn forget_locations(to: &mut SqliteConnection, calls: &[CallKey]) -> Result<u64, OutboxError> {
    let mut changed = 0;
    for CallKey { line, house, id } in calls {
        for of in topic::OF_ALERTS {
            let forget = sqlx::query(FORGET_COORDINATES_OF).bind(id.0).bind(of);
            let forget = forget.bind(line.as_str()).bind(house.as_str());
            changed += forget.execute(&mut *to).await?.rows_affected();
        }
        let route = format!("/alert/{id}/location");
        let forget = sqlx::query(FORGET_PLACES_OF).bind(topic::LOCATION).bind(route);
        let forget = forget.bind(line.as_str()).bind(house.as_str());
        changed += forget.execute(&mut *to).await?.rows_affected();
    }
    Ok(changed)
}

async fn unmark(to: &mut SqliteConnection, sequences: &[Sequence]) -> Result<u64, OutboxError> {
    let mut changed = 0;
    for sequence in sequences {
        let unmark = sqlx::query(sqlx::AssertSqlSafe(format!("{UNMARK} WHERE sequence = $1")));
        changed += unmark.bind(sequence.0).execute(&mut *to).await?.rows_affected();
    }
    Ok(changed)
}

/// A slice of what [`crate::delivery::outbox::Outbox::adopt_marks`] changes.
async fn adopt(to: &mut SqliteConnection, cluster: Option<&str>) -> Result<u64, OutboxError> {
    let Some(cluster) = cluster else {
        let unmark =
            sqlx::query(sqlx::AssertSqlSafe(format!("{UNMARK} WHERE sequence IN ({MARKS_OF_NONE})")));
        return Ok(unmark.bind(SLICE).execute(to).await?.rows_affected());
    };
    let adopt = format!("UPDATE entries SET cluster = $2 WHERE sequence IN ({MARKS_OF_NONE})");
    let adopted = sqlx::query(sqlx::AssertSqlSafe(adopt)).bind(SLICE).bind(cluster).execute(&mut *to).await?;
    let unmark = sqlx::query(sqlx::AssertSqlSafe(format!("{UNMARK} WHERE sequence IN ({MARKS_OF_OTHERS})")));
    let unmarked = unmark.bind(cluster).bind(SLICE).execute(to).await?;
    Ok(adopted.rows_affected() + unmarked.rows_affected())
}

async fn keep_session(to: &mut SqliteConnection, session: &SessionCopy) -> Result<(), OutboxError> {
    let Some(resident) = &session.resident else {
        sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
            .bind(&session.token_hash)
            .execute(to)
            .await?;
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO sessions (token_hash, resident, line, house, role, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (token_hash) DO UPDATE SET resident = excluded.resident, line = excluded.line,
             house = excluded.house, role = excluded.role, expires_at = excluded.expires_at",
    )
    .bind(&session.token_hash)
    .bind(&resident.name)
    .bind(resident.line.as_ref().map(|line| line.as_str()))
    .bind(resident.house.as_ref().map(|house| house.as_str()))
    .bind(resident.role.as_str())
    .bind(session.expires_at)
    .execute(to)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, Row as _};

    use super::*;

    #[tokio::test]
    async fn deleting_old_entries_reads_only_what_is_old_and_done() {
        let mut file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        crate::database::migrations::outbox().run(&mut file).await.unwrap();
        for (statement, index) in [(FORGET, "entries_by_topic"), (FORGET_DONE, "entries_done")] {
            let plan = format!("EXPLAIN QUERY PLAN {statement}");
            let plan =
                sqlx::query(sqlx::AssertSqlSafe(plan)).bind("an-alert").bind(1_i64).bind(SLICE).bind(1_i64);
            let rows = plan.fetch_all(&mut file).await.unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            assert!(steps.iter().any(|step| step.contains(&format!("INDEX {index}"))), "{steps:?}");
            assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{steps:?}");
        }
    }
}
