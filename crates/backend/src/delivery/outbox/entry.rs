//! An entry of the outbox, with the request that made it, and its outcome.

use domain::{Event, Millis, Position};
use sqlx::{
    Row,
    sqlite::{SqliteConnection, SqliteRow},
};
use uuid::Uuid;

use super::OutboxError;

/// The request of an entry. A key of one resident or route means nothing for another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The event's id, which is the request's `Idempotency-Key`.
    pub id: Uuid,
    /// The resident who asked.
    pub resident: String,
    /// The route, without the host, with its parameters.
    pub route: String,
}

/// A record that must reach the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The request that made it.
    pub origin: Origin,
    /// SHA-256 of the request. Another request under the same key is a mistake of the client.
    pub digest: [u8; 32],
    /// The topic.
    pub topic: String,
    /// The record's key.
    pub line: String,
    /// The record's value.
    pub value: Vec<u8>,
    /// The time of its receipt, which is the record's timestamp.
    pub at: Millis,
    /// The trace of the request, as the header of that name; `None` where it is not traced.
    pub traceparent: Option<String>,
}

/// An entry's number in the outbox. Numbers grow in the order of commits and never come again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sequence(pub i64);

/// The identity of one file as a log, made with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogId(pub Uuid);

/// An event whose entry is on the disk.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The entry's number.
    pub sequence: Sequence,
    /// The entry's time.
    pub at: Millis,
    /// The event.
    pub event: Event,
    /// The entry's trace.
    pub traceparent: Option<String>,
}

/// The effect of an append.
#[derive(Clone, Debug)]
pub enum Appended {
    /// The entry is on the disk under this number.
    New(Sequence),
    /// An entry of the same request was there before, and the new one is not kept.
    Known(Known),
}

/// The outbox's knowledge of a former request.
#[derive(Clone, Debug)]
pub struct Known {
    /// SHA-256 of that request.
    pub digest: [u8; 32],
    /// When it was received.
    pub at: Millis,
    /// True if Kafka has acknowledged it.
    pub published: bool,
}

/// An entry that Kafka has acknowledged, and where.
#[derive(Clone, Debug)]
pub struct Marked {
    /// Its number here.
    pub sequence: Sequence,
    /// The event's id, which the record's header carries.
    pub id: Uuid,
    /// The topic.
    pub topic: String,
    /// Where Kafka has it.
    pub position: Position,
}

/// Returns what is known of a request, if it was stored before.
pub(super) async fn find(file: &mut SqliteConnection, of: &Origin) -> Result<Option<Known>, OutboxError> {
    let row = sqlx::query(
        "SELECT digest, stored_at, record_offset IS NOT NULL AS published FROM entries
         WHERE id = $1 AND resident = $2 AND route = $3",
    )
    .bind(of.id)
    .bind(&of.resident)
    .bind(&of.route)
    .fetch_optional(file)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (at, published) = (row.try_get("stored_at")?, row.try_get("published")?);
    Ok(Some(Known { digest: digest(&row)?, at, published }))
}

fn digest(row: &SqliteRow) -> Result<[u8; 32], OutboxError> {
    let bytes: Vec<u8> = row.try_get("digest")?;
    bytes.try_into().map_err(|_| OutboxError("a stored digest has a wrong length".into()))
}

pub(super) fn entry(row: &SqliteRow) -> Result<(Sequence, Entry), OutboxError> {
    let origin =
        Origin { id: row.try_get("id")?, resident: row.try_get("resident")?, route: row.try_get("route")? };
    let entry = Entry {
        origin,
        digest: digest(row)?,
        topic: row.try_get("topic")?,
        line: row.try_get("line")?,
        value: row.try_get("value")?,
        at: row.try_get("stored_at")?,
        traceparent: row.try_get("traceparent")?,
    };
    Ok((Sequence(row.try_get("sequence")?), entry))
}

pub(super) fn marked(row: &SqliteRow) -> Result<Marked, OutboxError> {
    let position = Position {
        timestamp: row.try_get("record_timestamp")?,
        partition: row.try_get("partition_id")?,
        offset: row.try_get("record_offset")?,
    };
    Ok(Marked {
        sequence: Sequence(row.try_get("sequence")?),
        id: row.try_get("id")?,
        topic: row.try_get("topic")?,
        position,
    })
}
