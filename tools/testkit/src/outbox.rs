//! A past for a server, as records written into its outbox while it does not run, as it would have written them.

use std::path::Path;

use domain::{Event, Millis, record};
use sqlx::{
    Connection as _, QueryBuilder, Row as _, Sqlite, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};
use uuid::Uuid;

use crate::Error;

/// Records that share a transaction.
const TOGETHER: usize = 50_000;
/// Records that share a statement, because the way to the connection's thread and back takes longer than a record.
const OF_STATEMENT: usize = 250;
/// The memory of the connection in KiB, as SQLite writes it. The index of the ids is written in no order.
const CACHE: &str = "-131072";

const ENTRIES: &str = "INSERT INTO entries (id, route, digest, topic, line, value, stored_at, resident) ";

/// Appends these events to the outbox of a data directory, each with the time of its record. The server must have made
/// the file and have ended. Returns how many there were.
///
/// # Errors
/// [`Error::Database`] if the file is not there or of another version.
pub async fn append(
    data_dir: &Path,
    events: impl IntoIterator<Item = (Millis, Event)>,
) -> Result<u64, Error> {
    append_and_show(data_dir, events, |_| {}).await
}

/// As [`append`], and passes the number of records that are written to `show` after each transaction.
///
/// # Errors
/// As [`append`].
pub async fn append_and_show(
    data_dir: &Path,
    events: impl IntoIterator<Item = (Millis, Event)>,
    mut show: impl FnMut(u64),
) -> Result<u64, Error> {
    let failed = || Error::database("write into the outbox");
    let mut outbox = open(data_dir).await.map_err(failed())?;
    let (mut events, mut count) = (events.into_iter(), 0_u64);
    loop {
        let mut transaction = outbox.begin().await.map_err(failed())?;
        let before = count;
        for _ in 0..TOGETHER / OF_STATEMENT {
            let some: Vec<_> = events.by_ref().take(OF_STATEMENT).collect();
            if some.is_empty() {
                break;
            }
            insert(&mut transaction, &some).await.map_err(failed())?;
            count += some.len() as u64;
        }
        transaction.commit().await.map_err(failed())?;
        if count == before {
            break;
        }
        show(count);
    }
    outbox.close().await.map_err(failed())?;
    Ok(count)
}

/// Returns how many records the outbox of a data directory has. The server must have made the file and have ended.
///
/// # Errors
/// As [`append`].
pub async fn count(data_dir: &Path) -> Result<u64, Error> {
    let failed = || Error::database("count the outbox");
    let mut outbox = open(data_dir).await.map_err(failed())?;
    let row = sqlx::query("SELECT COUNT(*) FROM entries").fetch_one(&mut outbox).await.map_err(failed())?;
    let count: i64 = row.try_get(0).map_err(failed())?;
    outbox.close().await.map_err(failed())?;
    Ok(count.unsigned_abs())
}

async fn open(data_dir: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(data_dir.join("outbox.db"));
    // A past that is lost with the machine is made again.
    let options = options.synchronous(SqliteSynchronous::Off).pragma("cache_size", CACHE);
    SqliteConnection::connect_with(&options).await
}

async fn insert(to: &mut SqliteConnection, events: &[(Millis, Event)]) -> Result<(), sqlx::Error> {
    let mut statement = QueryBuilder::<Sqlite>::new(ENTRIES);
    statement.push_values(events, |mut row, (at, event)| {
        let (topic, value) = record::write(event);
        // A receipt has no id, so its key is only unique.
        row.push_bind(event.id().unwrap_or_else(Uuid::now_v7));
        row.push_bind(topic).push_bind(vec![0_u8; 32]).push_bind(topic);
        row.push_bind(event.line().as_str()).push_bind(value).push_bind(*at).push("''");
    });
    statement.build().execute(to).await?;
    Ok(())
}
