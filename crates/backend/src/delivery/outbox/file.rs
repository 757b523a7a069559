//! Opens the outbox's file so that a commit is on the disk, and checks the file before it is trusted.

mod prepare;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    Connection as _, Row, SqlitePool,
    sqlite::{
        SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    },
};

pub use prepare::Purpose;
use prepare::{begin_anew, identify, index_for};

use super::{
    LogId, OutboxError,
    place::{self, Held, Identity, Lock, NAME, Unopened},
};
use crate::{clock, database::migrations};

/// The longest wait for the file's lock. One process writes the file, and it holds the lock for no longer than a
/// commit.
const ACQUIRE: Duration = Duration::from_secs(10);
/// The longest wait of a statement for another lock on the file, as that of a reader in the way of a checkpoint.
const BUSY: Duration = Duration::from_secs(2);
/// The pages of the write-ahead log at which a commit moves them into the file, which are 32 MB. The press of that commit
/// waits for it, so it is the last resort of a file that is never quiet.
const CHECKPOINT_AT: &str = "8000";

/// The open file.
pub(super) struct OutboxFile {
    /// The writer's own connection. One of a pool would be tested after each commit, which is one more way to its thread
    /// and back, beside the alarm.
    pub(super) writer: SqliteConnection,
    pub(super) reader: SqlitePool,
    /// Moves the write-ahead log into the file while the writer goes on.
    pub(super) checkpointer: SqlitePool,
    pub(super) log: LogId,
    /// The greatest sequence number that was ever given, or the one before the first.
    pub(super) end: i64,
}

/// Opens the file of one directory, again and again, and remembers what need not be found out twice.
pub(super) struct Opener {
    directory: PathBuf,
    purpose: Purpose,
    lock: Option<Lock>,
    /// The file that was checked last, and what is wrong with it.
    checked: Option<(Identity, Option<String>)>,
    /// The file that was opened last, held by its identity and not by its name. If it is moved away while it cannot be
    /// used, its entries are not lost.
    held: Option<Held>,
    /// A copy of the file that was moved away, which is to be put in its place.
    copy: Option<PathBuf>,
}

impl Opener {
    /// For `outbox.db` in `directory`.
    pub(super) fn new(directory: &Path, purpose: Purpose) -> Self {
        Self { directory: directory.to_owned(), purpose, lock: None, checked: None, held: None, copy: None }
    }

    /// Opens the file and writes to it once, through to the disk. `after_failure` is true if a commit to it has failed
    /// before.
    pub(super) async fn open(&mut self, after_failure: bool) -> Result<OutboxFile, Unopened> {
        self.try_to_open(after_failure).await.map_err(|error| match error {
            Unopened::Unusable(error) => Unopened::Unusable(error.in_file(&self.path())),
            in_use @ Unopened::InUse(_) => in_use,
        })
    }

    fn path(&self) -> PathBuf {
        self.directory.join(NAME)
    }

    async fn try_to_open(&mut self, after_failure: bool) -> Result<OutboxFile, Unopened> {
        if !self.lock.as_ref().is_some_and(|lock| lock.is_of(&self.directory)) {
            self.lock = Some(Lock::take(&self.directory)?);
        }
        self.hold().map_err(|error| OutboxError(format!("{}: {error}", self.path().display())))?;
        let options = options(&self.path())
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", CHECKPOINT_AT);
        let writer =
            pool(1).connect_with(options.clone()).await.inspect_err(|error| self.record_damage(error))?;
        let prepared = self.prepare(&writer, &options, after_failure).await;
        if prepared.is_err() {
            writer.close().await;
        }
        self.refresh();
        prepared
    }

    async fn prepare(
        &mut self,
        writer: &SqlitePool,
        options: &SqliteConnectOptions,
        after_failure: bool,
    ) -> Result<OutboxFile, Unopened> {
        self.check(writer).await?;
        migrations::outbox().run(writer).await.map_err(|error| OutboxError(error.to_string()))?;
        index_for(self.purpose, writer).await?;
        begin_anew(writer, options, after_failure).await?;
        let (log, end) = identify(writer).await?;
        let checkpointer = pool(1).connect_with(options.clone().create_if_missing(false)).await?;
        let reader = match pool(2).connect_with(options.clone().read_only(true)).await {
            Ok(reader) => reader,
            Err(error) => {
                checkpointer.close().await;
                return Err(error.into());
            }
        };
        match writer.acquire().await {
            Ok(writer) => Ok(OutboxFile { writer: writer.detach(), reader, checkpointer, log, end }),
            Err(error) => {
                reader.close().await;
                checkpointer.close().await;
                Err(error.into())
            }
        }
    }

    /// Holds the file that is about to be opened. One that was held before and is not at its path any more was moved
    /// away while it could not be used. It is put back first, unless it is damaged. No connection may be open.
    fn hold(&mut self) -> std::io::Result<()> {
        let path = self.path();
        if let Some(held) = &self.held {
            if held.is_at(&path) {
                return Ok(());
            }
            if self.copy.is_none() && !self.is_damaged(held.identity()) {
                let copy = self.new_copy();
                held.copy_to(&copy)?;
                self.copy = Some(copy);
            }
        }
        self.held = None;
        self.place_copy()?;
        self.held = Some(Held::open(&path)?);
        Ok(())
    }

    /// A file that SQLite does not know as its own is damaged, too.
    fn record_damage(&mut self, error: &sqlx::Error) {
        let identity = self.held.as_ref().and_then(Held::identity);
        let code = error.as_database_error().and_then(|error| error.code());
        if let (Some(identity), Some("11" | "26")) = (identity, code.as_deref()) {
            self.checked = Some((identity, Some(error.to_string())));
        }
    }

    fn is_damaged(&self, identity: Option<Identity>) -> bool {
        matches!(&self.checked, Some((checked, Some(_))) if Some(*checked) == identity)
    }

    /// Holds the write-ahead log as it is now.
    pub(super) fn refresh(&mut self) {
        let path = self.path();
        if let Some(held) = &mut self.held {
            held.refresh(&path);
        }
    }

    fn new_copy(&self) -> PathBuf {
        self.directory.join(format!("outbox-copy-{}.db", clock::now()))
    }

    /// Looks for damage, since SQLite finds it only where it happens to read. A month of entries takes a while to read, so
    /// a file is looked at once and not at each attempt.
    async fn check(&mut self, writer: &SqlitePool) -> Result<(), OutboxError> {
        let identity = self.held.as_ref().and_then(Held::identity);
        let known = self.checked.clone().filter(|(checked, _)| Some(*checked) == identity);
        let damage = match known {
            Some((_, damage)) => damage,
            None => {
                let found: String =
                    sqlx::query("PRAGMA quick_check(1)").fetch_one(writer).await?.try_get(0)?;
                let damage = (found != "ok").then_some(found);
                self.checked = identity.map(|identity| (identity, damage.clone()));
                damage
            }
        };
        damage.map_or(Ok(()), |damage| Err(OutboxError(format!("the file is damaged: {damage}"))))
    }

    /// Returns whether the path still names the file that was opened last.
    pub(super) fn is_in_place(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.is_at(&self.path()))
    }

    /// Copies everything that `file` holds, to be put in its place when the file is opened next. The log keeps its id and
    /// every entry its sequence number.
    pub(super) async fn copy(&mut self, file: &mut OutboxFile) -> Result<(), OutboxError> {
        std::fs::create_dir_all(&self.directory).map_err(|error| OutboxError(error.to_string()))?;
        let copy = self.new_copy();
        let copied =
            sqlx::query("VACUUM INTO $1").bind(copy.display().to_string()).execute(&mut file.writer).await;
        if let Err(error) = copied {
            // A part of a copy is of no use to anybody.
            let _ = std::fs::remove_file(&copy);
            return Err(error.into());
        }
        self.copy = Some(copy);
        Ok(())
    }

    /// Puts the copy of an outbox that was moved away in its place, if there is one.
    fn place_copy(&mut self) -> std::io::Result<()> {
        let Some(copy) = &self.copy else { return Ok(()) };
        let found = place::put_in_place(copy, &self.directory, clock::now())?;
        self.copy = None;
        match found {
            Some(found) => tracing::error!(
                kept = %found.display(),
                "another file stood in the place of the outbox in use, keeping it under another name"
            ),
            None => tracing::error!(
                "the outbox was moved away while it was in use, putting it back from the open file"
            ),
        }
        metrics::counter!("iutsai_outbox_put_back_total").increment(1);
        Ok(())
    }
}

impl OutboxFile {
    pub(super) async fn close(self) {
        self.reader.close().await;
        self.checkpointer.close().await;
        // A connection that cannot be closed in order has ended all the same.
        let _ = self.writer.close().await;
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(BUSY)
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(None)
        // Else a press would open the file anew each half an hour, and another one if it was moved.
        .max_lifetime(None)
        // A file's connection is not lost between two uses, and the test is one more way to its thread and back.
        .test_before_acquire(false)
}

/// Opens the file that a running server may be writing, for reading only, without its lock.
///
/// # Errors
/// [`OutboxError`] when there is none, or it is of a version that this program cannot read.
pub(super) async fn open_beside(directory: &Path) -> Result<(SqlitePool, LogId), OutboxError> {
    let path = directory.join(NAME);
    let reader = pool(1).connect_with(options(&path).read_only(true)).await;
    let reader =
        reader.map_err(|error| OutboxError(format!("{} cannot be read: {error}", path.display())))?;
    let row = sqlx::query("SELECT log_id FROM node").fetch_one(&reader).await?;
    Ok((reader, LogId(row.try_get(0)?)))
}

impl OutboxError {
    fn in_file(self, file: &Path) -> Self {
        Self(format!(
            "{}; if {} is damaged, move it and the files beside it whose names begin alike to a safe place: a new one is \
             begun then",
            self.0,
            file.display()
        ))
    }
}
