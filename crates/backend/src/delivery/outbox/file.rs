//! The outbox's file: opened so that what is acknowledged is on the disk, and looked over before it is trusted.

use std::{
    fs::{File, TryLockError},
    path::Path,
    time::Duration,
};

use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::OutboxError;
use crate::clock;

/// One process owns the file: nobody holds its lock for longer than a commit.
const ACQUIRE: Duration = Duration::from_secs(10);

/// Why the file is not open.
#[derive(Debug)]
pub(super) enum Unopened {
    /// Another process has it: this one must not run.
    InUse(OutboxError),
    /// The disk or the file does not let itself be used now.
    Unusable(OutboxError),
}

impl From<OutboxError> for Unopened {
    fn from(error: OutboxError) -> Self {
        Self::Unusable(error)
    }
}

impl From<sqlx::Error> for Unopened {
    fn from(error: sqlx::Error) -> Self {
        Self::Unusable(error.into())
    }
}

/// The open file. The lock is held as long as it lives.
pub(super) struct OutboxFile {
    pub(super) writer: SqlitePool,
    pub(super) reader: SqlitePool,
    _lock: File,
}

impl OutboxFile {
    /// Opens `outbox.db` in `directory` and sees to it that it can be written.
    pub(super) async fn open(directory: &Path) -> Result<Self, Unopened> {
        Self::try_to_open(directory).await.map_err(|error| match error {
            Unopened::Unusable(error) => Unopened::Unusable(error.in_file(directory)),
            in_use @ Unopened::InUse(_) => in_use,
        })
    }

    async fn try_to_open(directory: &Path) -> Result<Self, Unopened> {
        let lock = lock(directory)?;
        let options = SqliteConnectOptions::new()
            .filename(directory.join("outbox.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE)
                .idle_timeout(None)
                // A file's connection is not lost by itself, and the test is one more way to its thread and back.
                .test_before_acquire(false)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        look_over(&writer).await?;
        let migrations = sqlx::migrate!("./outbox_migrations");
        migrations.run(&writer).await.map_err(|error| OutboxError(error.to_string()))?;
        // After a commit that failed, nobody knows which part of the write-ahead log reached the disk, and what is
        // appended behind a lost part is lost with it (each frame's checksum builds on the one before). So it is
        // folded into the file and begun anew before anything is promised.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&writer).await?;
        probe(&writer).await?;
        let reader = pool(2).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, reader, _lock: lock })
    }

    pub(super) async fn close(self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Writes something, through to the disk.
pub(super) async fn probe(writer: &SqlitePool) -> Result<(), OutboxError> {
    sqlx::query("UPDATE node SET probed_at = $1").bind(clock::now()).execute(writer).await?;
    Ok(())
}

/// A damaged file must not be built upon: SQLite finds damage only where it happens to read.
async fn look_over(writer: &SqlitePool) -> Result<(), OutboxError> {
    let found: String = sqlx::query("PRAGMA quick_check(1)").fetch_one(writer).await?.try_get(0)?;
    if found == "ok" { Ok(()) } else { Err(OutboxError(format!("the file is damaged: {found}"))) }
}

impl OutboxError {
    fn in_file(self, directory: &Path) -> Self {
        let file = directory.join("outbox.db");
        Self(format!(
            "{}; if {} is damaged, move it and the files beside it whose names begin alike to a safe place: a new one is \
             begun then",
            self.0,
            file.display()
        ))
    }
}

/// Two servers on one file would each publish the other's entries.
fn lock(directory: &Path) -> Result<File, Unopened> {
    let failed =
        |error: std::io::Error| Unopened::Unusable(OutboxError(format!("{}: {error}", directory.display())));
    std::fs::create_dir_all(directory).map_err(failed)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(directory.join("outbox.lock"))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Unopened::InUse(OutboxError(format!(
            "another server uses {}: stop it, or give this one a data directory of its own",
            directory.display()
        )))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
