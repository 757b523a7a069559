//! The SQL of what the outbox's writer is asked to do.

use sqlx::{Row, sqlite::SqliteConnection};

use super::Change;
use crate::delivery::outbox::{Entry, OutboxError, Sequence, SessionCopy};

/// So many old entries go with one commit: a press must not wait behind a month.
const FORGOTTEN_AT_ONCE: i64 = 500;

/// An entry that is there already keeps its place: one request of a batch must not fail the others.
pub(super) async fn insert(to: &mut SqliteConnection, entry: &Entry) -> Result<Sequence, OutboxError> {
    let inserted = sqlx::query(
        "INSERT INTO entries (id, resident, route, digest, topic, line, value, stored_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id, resident, route) DO UPDATE SET id = excluded.id
         RETURNING sequence",
    )
    .bind(entry.origin.id)
    .bind(&entry.origin.resident)
    .bind(&entry.origin.route)
    .bind(&entry.digest[..])
    .bind(&entry.topic)
    .bind(&entry.line)
    .bind(&entry.value)
    .bind(entry.at)
    .fetch_one(to)
    .await?;
    Ok(Sequence(inserted.try_get("sequence")?))
}

/// How many rows it changed.
pub(super) async fn change(to: &mut SqliteConnection, change: &Change) -> Result<u64, OutboxError> {
    const UNMARK: &str =
        "UPDATE entries SET partition_id = NULL, record_offset = NULL, record_timestamp = NULL";
    let query = match change {
        Change::Mark(sequence, position) => sqlx::query(
            "UPDATE entries SET partition_id = $1, record_offset = $2, record_timestamp = $3, refused = NULL
             WHERE sequence = $4",
        )
        .bind(position.partition)
        .bind(position.offset)
        .bind(position.timestamp)
        .bind(sequence.0),
        Change::Refuse(sequence, reason) => {
            sqlx::query("UPDATE entries SET refused = $1 WHERE sequence = $2").bind(reason).bind(sequence.0)
        }
        Change::Forget { topic, before } => sqlx::query(
            "DELETE FROM entries WHERE sequence IN (
                 SELECT sequence FROM entries WHERE stored_at < $1 AND ($2 IS NULL OR topic = $2)
                 AND (record_offset IS NOT NULL OR refused IS NOT NULL) LIMIT $3)",
        )
        .bind(before)
        .bind(topic)
        .bind(FORGOTTEN_AT_ONCE),
        Change::Unmark(sequences) => {
            let mut changed = 0;
            for sequence in sequences {
                let unmark = sqlx::query(sqlx::AssertSqlSafe(format!("{UNMARK} WHERE sequence = $1")));
                changed += unmark.bind(sequence.0).execute(&mut *to).await?.rows_affected();
            }
            return Ok(changed);
        }
        Change::Sessions(sessions, synced_at) => {
            for session in sessions {
                keep_session(to, session).await?;
            }
            sqlx::query("UPDATE node SET sessions_synced_at = $1").bind(synced_at)
        }
    };
    Ok(query.execute(to).await?.rows_affected())
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
