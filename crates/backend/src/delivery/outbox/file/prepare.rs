//! The statements that make a file ready for the writer, after it was opened.

use sqlx::{
    Connection as _, Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use uuid::Uuid;

use crate::{
    clock,
    delivery::outbox::{LogId, OutboxError},
};

/// About the octets that the write-ahead log has from the beginning, which is some more than a hundred writes take.
const ROOM: i64 = 4 << 20;

/// The use of an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is the node's log.
    Log,
    /// Its entries are published to Kafka, which is the log.
    Relayed,
}

/// Keeps the index by which the relay finds what Kafka lacks, or drops it. Where the file is the log, it would have every
/// entry, and each press would write a page of it for nobody. No step of the migrations does that, because the purpose of a
/// file changes, and every version works without the index, if slowly.
pub(super) async fn index_for(purpose: Purpose, writer: &SqlitePool) -> Result<(), OutboxError> {
    let index = match purpose {
        Purpose::Log => "DROP INDEX IF EXISTS entries_unmarked",
        Purpose::Relayed => {
            "CREATE INDEX IF NOT EXISTS entries_unmarked ON entries (sequence) WHERE record_offset IS NULL"
        }
    };
    sqlx::query(index).execute(writer).await?;
    Ok(())
}

/// Folds the write-ahead log into the file and begins it anew, then writes something through to the disk.
///
/// After a commit that failed, nobody knows which part of the write-ahead log reached the disk, and what is appended behind
/// a lost part is lost with it, because each frame's checksum builds on the one before (SQLite, "WAL-mode File Format").
/// Then the file is usable only if nobody else's transaction kept the log from being begun anew.
pub(super) async fn begin_anew(
    writer: &SqlitePool,
    options: &SqliteConnectOptions,
    after_failure: bool,
) -> Result<(), OutboxError> {
    let busy: i64 = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(writer).await?.try_get(0)?;
    if after_failure && busy != 0 {
        return Err(OutboxError(
            "another program is reading the file, which keeps its write-ahead log from being begun anew after a failure"
                .into(),
        ));
    }
    if let Err(error) = make_room(options).await {
        // Everything works without, if a little slower.
        tracing::debug!(%error, "the outbox's write-ahead log begins short");
    }
    sqlx::query("UPDATE node SET probed_at = $1").bind(clock::now()).execute(writer).await?;
    Ok(())
}

/// Makes the write-ahead log as long as it usually becomes between two checkpoints, so that a commit overwrites it. One
/// that makes it longer waits twice, for its octets and for the file system's record of the new length.
///
/// A transaction too large for the cache is written to the log before its end, and it is rolled back, so the file itself
/// does not grow. It has a connection of its own, whose end undoes it where the disk is full. The disk has all of it with
/// the next commit.
async fn make_room(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let options = options.clone().create_if_missing(false).pragma("cache_size", "10");
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let mut transaction = connection.begin().await?;
    sqlx::query("CREATE TABLE room (octets BLOB)").execute(&mut *transaction).await?;
    sqlx::query("INSERT INTO room VALUES (zeroblob($1))").bind(ROOM).execute(&mut *transaction).await?;
    transaction.rollback().await?;
    connection.close().await
}

/// Returns the log's id, made if the file has none yet, and the next sequence number. That is the present millisecond
/// or the number behind the last one, whichever is greater, so that no number is given twice although an older copy of
/// the file was restored.
pub(super) async fn identify(writer: &SqlitePool) -> Result<(LogId, i64), OutboxError> {
    let mut transaction = writer.begin().await?;
    sqlx::query("UPDATE node SET log_id = $1 WHERE log_id IS NULL")
        .bind(Uuid::now_v7())
        .execute(&mut *transaction)
        .await?;
    // SQLite has no row for a table that was never written to ("Autoincrement In SQLite").
    sqlx::query(
        "INSERT INTO sqlite_sequence (name, seq)
         SELECT 'entries', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'entries')",
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query("UPDATE sqlite_sequence SET seq = MAX(seq, $1) WHERE name = 'entries'")
        .bind(clock::now())
        .execute(&mut *transaction)
        .await?;
    let row = sqlx::query(
        "SELECT log_id, (SELECT seq FROM sqlite_sequence WHERE name = 'entries') AS seq FROM node",
    )
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok((LogId(row.try_get("log_id")?), row.try_get("seq")?))
}

#[cfg(test)]
mod tests {
    use crate::delivery::outbox::{NAME, Outbox};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_write_ahead_log_begins_long_and_the_file_has_nothing_of_it() {
        let directory = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let outbox = Outbox::open(directory.path(), Purpose::Log, |_| {}).await.unwrap();
            let length =
                |name: String| std::fs::metadata(directory.path().join(name)).map_or(0, |file| file.len());
            // The last pages are still in the cache when it is rolled back.
            assert!(length(format!("{NAME}-wal")) > ROOM.unsigned_abs() / 10 * 9);
            outbox.close().await;
            assert!(length(NAME.to_owned()) < ROOM.unsigned_abs());
            let options = SqliteConnectOptions::new().filename(directory.path().join(NAME));
            let mut file = SqliteConnection::connect_with(&options).await.unwrap();
            let rooms = sqlx::query("SELECT 1 FROM sqlite_schema WHERE name = 'room'");
            assert!(rooms.fetch_optional(&mut file).await.unwrap().is_none());
            file.close().await.unwrap();
        }
    }
}
