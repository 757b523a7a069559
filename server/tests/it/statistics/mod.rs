//! The statistics, with their rows of calls, and the command line beside a live server.

mod batch;
mod demo;
mod kills;
mod live;
mod midnight;

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use domain::{AlertId, Millis, api::ProgressRequest, plausible::Word, statistics::Row};
use serde_json::json;
use sqlx::{
    Connection as _, Row as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::{
    Error,
    client::{Session, Step},
    outbox,
    server::Server,
};
use uuid::Uuid;

use crate::support::{accept_of, path, program};

/// The time for a call to be counted on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// A text and a latitude that must be nowhere.
const TEXT: &str = "smoke-on-the-stairs";
const LATITUDE: &str = "37.512345";

/// Presses with a text and a location, and returns the call's id.
async fn press(by: &Session) -> Result<Uuid, Error> {
    let mut call = by.call(TEXT)?;
    (call.lat, call.lng) = (Some(json!(LATITUDE)), Some(json!("127.012345")));
    let answer = by.press(&call, None).await?;
    assert_eq!(answer.status, 202);
    Ok(answer.ok()?.id)
}

/// Comes to help.
async fn accept(by: &Session, caller: &Session, call: Uuid) -> Result<(), Error> {
    let accept = accept_of(by, caller, Some(AlertId(call)));
    by.accept(&accept, None).await?.ok().map(drop)
}

/// Reports the progress of the call.
async fn step(by: &Session, call: Uuid, step: Step) -> Result<(), Error> {
    by.progress(AlertId(call), step, &ProgressRequest::default(), None).await?.ok().map(drop)
}

fn now() -> Millis {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Millis::try_from(now.as_millis()).unwrap()
}

/// A server that has ended, with these records in its outbox.
async fn with_past(words: &[Word]) -> Result<Server, Error> {
    let mut server = program().env("IUTSAI_BATCH_CRON", "off").start().await?;
    server.terminate().await?;
    let written = outbox::append(server.data_dir(), words.iter().cloned()).await?;
    assert_eq!(written, words.len() as u64);
    Ok(server)
}

/// Opens the statistics of a data directory, as another program would.
async fn tables(data_dir: &Path) -> SqliteConnection {
    let file = SqliteConnectOptions::new().filename(data_dir.join("statistics.db"));
    SqliteConnection::connect_with(&file).await.unwrap()
}

/// Changes the statistics behind the program's back; how many rows changed.
async fn change(data_dir: &Path, statement: &'static str) -> u64 {
    let mut tables = tables(data_dir).await;
    let changed = sqlx::query(statement).execute(&mut tables).await.unwrap().rows_affected();
    tables.close().await.unwrap();
    changed
}

/// The counted calls without those of the demo's past, the oldest first; none where the tables are not there yet.
async fn rows(data_dir: &Path) -> Vec<Row> {
    if !data_dir.join("statistics.db").is_file() {
        return Vec::new();
    }
    let mut tables = tables(data_dir).await;
    let made = "SELECT value FROM statistics_calls WHERE demo = 0 ORDER BY begun, id";
    let found = sqlx::query(made).fetch_all(&mut tables).await;
    tables.close().await.unwrap();
    let value = |row: &sqlx::sqlite::SqliteRow| row.get::<String, _>("value");
    found.unwrap_or_default().iter().map(|row| serde_json::from_str(&value(row)).unwrap()).collect()
}

/// The counted calls, as soon as they are so.
pub(crate) async fn rows_that(data_dir: &Path, are_so: impl Fn(&[Row]) -> bool) -> Vec<Row> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let rows = rows(data_dir).await;
        if are_so(&rows) {
            return rows;
        }
        assert!(Instant::now() < deadline, "the calls do not become so: {rows:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Runs a command on a data directory. Returns whether it succeeded, standard output and standard error.
pub(crate) fn iutsai(data_dir: &Path, arguments: &[&str]) -> (bool, Vec<u8>, String) {
    let output = Command::new(path())
        .args(arguments)
        .env("IUTSAI_DATA_DIR", data_dir)
        .env_remove("DATABASE_URL")
        .env_remove("KAFKA_BOOTSTRAP_SERVERS")
        .env_remove("IUTSAI_TIME_ZONE")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), output.stdout, errors)
}

/// Compares the live count with the log. Returns whether nothing differs, and the sentence.
pub(crate) fn verify(data_dir: &Path) -> (bool, String) {
    let (is_same, out, errors) = iutsai(data_dir, &["statistics", "verify"]);
    let out = String::from_utf8(out).unwrap();
    assert!(out.starts_with("counted "), "{out}{errors}");
    (is_same, out)
}
