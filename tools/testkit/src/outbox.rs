//! A past for a server, as records written into its outbox while it does not run, as it would have written them.

use std::path::Path;

use domain::{Event, Millis, record};
use sqlx::{
    Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};
use uuid::Uuid;

use crate::Error;

/// Records that share a transaction.
const TOGETHER: usize = 10_000;

const ENTRY: &str = "INSERT INTO entries (id, resident, route, digest, topic, line, value, stored_at)
    VALUES ($1, '', $2, $3, $2, $4, $5, $6)";

/// Appends these events to the outbox of a data directory, each with the time of its record. The server must have made
/// the file and have ended. Returns how many there were.
///
/// # Errors
/// [`Error::Database`] if the file is not there or of another version.
pub async fn append(
    data_dir: &Path,
    events: impl IntoIterator<Item = (Millis, Event)>,
) -> Result<u64, Error> {
    let failed = || Error::database("write into the outbox");
    // A past that is lost with the machine is made again.
    let options = SqliteConnectOptions::new().filename(data_dir.join("outbox.db"));
    let options = options.synchronous(SqliteSynchronous::Off);
    let mut outbox = SqliteConnection::connect_with(&options).await.map_err(failed())?;
    let (mut events, mut count) = (events.into_iter(), 0_u64);
    loop {
        let mut transaction = outbox.begin().await.map_err(failed())?;
        let before = count;
        for (at, event) in events.by_ref().take(TOGETHER) {
            insert(&mut transaction, at, &event).await.map_err(failed())?;
            count += 1;
        }
        transaction.commit().await.map_err(failed())?;
        if count == before {
            break;
        }
    }
    outbox.close().await.map_err(failed())?;
    Ok(count)
}

async fn insert(to: &mut SqliteConnection, at: Millis, event: &Event) -> Result<(), sqlx::Error> {
    let (topic, value) = record::write(event);
    // A receipt has no id, so its key is only unique.
    let id = event.id().unwrap_or_else(Uuid::now_v7);
    sqlx::query(ENTRY)
        .bind(id)
        .bind(topic)
        .bind(&[0_u8; 32][..])
        .bind(event.line().as_str())
        .bind(value)
        .bind(at)
        .execute(to)
        .await?;
    Ok(())
}
