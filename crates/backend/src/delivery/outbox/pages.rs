//! Reads the outbox's file in the order of its entries, page by page. Each page is one short transaction, so that no reader
//! keeps the write-ahead log from being begun anew for long.

use std::path::Path;

use domain::{Millis, topic};
use sqlx::{Row, SqlitePool, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    Bulk, Entry, LogId, Marked, OutboxError, Sequence, bulk,
    entry::{self, entry},
    file,
};

/// The most entries of one page.
pub const PAGE: u32 = 1_000;

/// The most entries of a [`Bulk`].
const BULK: u32 = 4_000;

const COLUMNS: &str = "sequence, id, resident, route, digest, topic, line, value, stored_at, traceparent";

/// The part of an entry that is its record.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The entry's number.
    pub sequence: Sequence,
    /// The event's id.
    pub id: Uuid,
    /// The topic.
    pub topic: String,
    /// The record's value.
    pub value: Vec<u8>,
    /// The entry's time.
    pub at: Millis,
    /// The trace of the request; `None` where it is not traced.
    pub traceparent: Option<String>,
}

/// The entries of one file, in order.
#[derive(Clone, Debug)]
pub struct Pages(SqlitePool);

impl Pages {
    /// Reads the outbox in `directory` beside the server that may be writing it, without its lock, and never writing.
    ///
    /// # Errors
    /// [`OutboxError`] if there is no outbox, or none of this version.
    pub async fn open_beside(directory: &Path) -> Result<(Self, LogId), OutboxError> {
        let (pool, log) = file::open_beside(directory).await?;
        Ok((Self(pool), log))
    }

    pub(super) fn new(pool: SqlitePool) -> Self {
        Self(pool)
    }

    /// The first entries behind `after`, [`PAGE`] at most.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn behind(&self, after: Sequence) -> Result<Vec<(Sequence, Entry)>, OutboxError> {
        self.entries("TRUE", after).await
    }

    /// The records of the first entries behind `after` and up to `until`, [`BULK`] at most.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub(crate) async fn bulk(&self, after: Sequence, until: Sequence) -> Result<Bulk, OutboxError> {
        let query = sqlx::query(bulk::QUERY).bind(after.0).bind(until.0).bind(BULK);
        Bulk::read(&query.fetch_one(&self.0).await?)
    }

    /// The records of the first entries behind `after`, [`PAGE`] at most. The columns for repeated requests are not read.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn records(&self, after: Sequence) -> Result<Vec<Stored>, OutboxError> {
        let rows = sqlx::query(
            "SELECT sequence, id, topic, value, stored_at, traceparent FROM entries
             WHERE sequence > $1 ORDER BY sequence LIMIT $2",
        )
        .bind(after.0)
        .bind(PAGE)
        .fetch_all(&self.0)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// The newest entries of a resident, [`PAGE`] at most, the newest first.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn of_resident(&self, resident: &str) -> Result<Vec<(Sequence, Entry)>, OutboxError> {
        let query =
            format!("SELECT {COLUMNS} FROM entries WHERE resident = $1 ORDER BY sequence DESC LIMIT $2");
        let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(resident.to_owned()).bind(PAGE);
        query.fetch_all(&self.0).await?.iter().map(entry).collect()
    }

    /// The first entries of residents behind `after` that may have a location, [`PAGE`] at most.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub(crate) async fn of_locations(&self, after: Sequence) -> Result<Vec<(Sequence, Entry)>, OutboxError> {
        let [alert, drill] = topic::OF_ALERTS;
        // By the index of the topics, each page would sort all entries behind it.
        let topics = format!("+topic IN ('{alert}', '{drill}', '{}')", topic::LOCATION);
        self.entries(&format!("resident <> '' AND {topics}"), after).await
    }

    /// The first entries behind `after` that Kafka has neither acknowledged nor refused, [`PAGE`] at most.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn waiting(&self, after: Sequence) -> Result<Vec<(Sequence, Entry)>, OutboxError> {
        self.entries("record_offset IS NULL AND refused IS NULL", after).await
    }

    /// The first acknowledged entries behind `after`, [`PAGE`] at most.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn marked(&self, after: Sequence) -> Result<Vec<Marked>, OutboxError> {
        let rows = sqlx::query(
            "SELECT sequence, id, topic, partition_id, record_offset, record_timestamp FROM entries
             WHERE record_offset IS NOT NULL AND sequence > $1 ORDER BY sequence LIMIT $2",
        )
        .bind(after.0)
        .bind(PAGE)
        .fetch_all(&self.0)
        .await?;
        rows.iter().map(entry::marked).collect()
    }

    /// The number before the first entry that was stored at `since` or later; before all that follow, if there is none.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn before(&self, since: Millis) -> Result<Sequence, OutboxError> {
        let row = sqlx::query(
            "SELECT COALESCE((SELECT MIN(sequence) - 1 FROM entries WHERE stored_at >= $1),
                             (SELECT MAX(sequence) FROM entries), 0)",
        )
        .bind(since)
        .fetch_one(&self.0)
        .await?;
        Ok(Sequence(row.try_get(0)?))
    }

    /// The time before which calls may have been deleted, because they were as old as entries become; 0 if none was.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read, or is of a version that did not record it.
    pub async fn deleted_before(&self) -> Result<Millis, OutboxError> {
        let row = sqlx::query("SELECT deleted_before FROM node").fetch_one(&self.0).await?;
        Ok(row.try_get(0)?)
    }

    /// The entry with this number.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn at(&self, sequence: Sequence) -> Result<Option<Entry>, OutboxError> {
        let query = format!("SELECT {COLUMNS} FROM entries WHERE sequence = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(query)).bind(sequence.0).fetch_optional(&self.0).await?;
        row.as_ref().map(|row: &SqliteRow| entry(row).map(|(_, entry)| entry)).transpose()
    }

    async fn entries(&self, which: &str, after: Sequence) -> Result<Vec<(Sequence, Entry)>, OutboxError> {
        let query = format!(
            "SELECT {COLUMNS} FROM entries WHERE ({which}) AND sequence > $1 ORDER BY sequence LIMIT $2"
        );
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(query)).bind(after.0).bind(PAGE).fetch_all(&self.0).await?;
        rows.iter().map(entry).collect()
    }
}

fn stored(row: &SqliteRow) -> Result<Stored, OutboxError> {
    Ok(Stored {
        sequence: Sequence(row.try_get(0)?),
        id: row.try_get(1)?,
        topic: row.try_get(2)?,
        value: row.try_get(3)?,
        at: row.try_get(4)?,
        traceparent: row.try_get(5)?,
    })
}
