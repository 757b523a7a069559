//! The right of a process to use the database. A node without Kafka is its own log, so it must be the only server on
//! its database, because calls of a second one would never reach its neighbours. With Kafka any number may share it.
//!
//! On PostgreSQL the right is an advisory lock of a connection of its own (PostgreSQL, "Advisory Locks"); on SQLite it is a
//! lock on a file beside the database. Both end with the process.

use std::{
    fs::{File, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sqlx::{Connection, PgConnection, Row, postgres::PgConnectOptions, sqlite::SqliteConnectOptions};
use tokio::time::{Instant, sleep};

use super::{Database, DatabaseError};

/// The advisory lock's two numbers ("iuts" and 1), which no other program is likely to use.
const LOCK: (i32, i32) = (0x6975_7473, 1);
/// A server that was killed just now may hold its lock for a moment.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(200);
/// The time between two checks that the connection still lives.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// The right to use a database, held as long as this lives.
pub(crate) struct Claim {
    database: Database,
    holder: Holder,
    /// Others may hold it, too.
    shared: bool,
    held: Held,
}

/// The means by which a claim is held.
enum Held {
    File {
        _file: File,
    },
    Connection(PgConnection),
    /// A database in memory is nobody else's.
    Memory,
}

/// Describes the server that holds a claim, for error messages.
#[derive(Clone)]
struct Holder(String);

impl Claim {
    /// Takes the right for the server of `data_dir`.
    ///
    /// # Errors
    /// [`DatabaseError::InUse`] when another server holds it that cannot share it.
    pub(crate) async fn take(
        database: &Database,
        data_dir: &Path,
        shared: bool,
    ) -> Result<Self, DatabaseError> {
        let directory = data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned());
        let holder = Holder(format!("iutsai {} in {}", std::process::id(), directory.display()));
        let deadline = Instant::now() + PATIENCE;
        loop {
            match hold(database, &holder, shared).await {
                Err(DatabaseError::InUse(_)) if Instant::now() < deadline => sleep(PAUSE).await,
                Err(error) => return Err(error),
                Ok(held) => return Ok(Self { database: database.clone(), holder, shared, held }),
            }
        }
    }

    /// Keeps the right, and takes it again whenever PostgreSQL has ended the connection.
    pub(crate) async fn keep(mut self) {
        let mut failed = false;
        loop {
            sleep(CHECK_EVERY).await;
            let Held::Connection(connection) = &mut self.held else { return std::future::pending().await };
            if connection.ping().await.is_ok() {
                failed = false;
                continue;
            }
            match hold(&self.database, &self.holder, self.shared).await {
                Ok(held) => self.held = held,
                Err(error @ DatabaseError::InUse(_)) if !failed => {
                    failed = true;
                    tracing::error!(%error, "calls of the two servers do not reach each other's neighbours");
                }
                // It is away, which others report.
                Err(_) => {}
            }
        }
    }
}

async fn hold(database: &Database, holder: &Holder, shared: bool) -> Result<Held, DatabaseError> {
    if database.is_postgres() {
        return hold_postgres(database.url(), holder, shared).await.map(Held::Connection);
    }
    let options = SqliteConnectOptions::from_str(database.url())?;
    let file = options.get_filename();
    if file.as_os_str().is_empty() || file == Path::new(":memory:") {
        return Ok(Held::Memory);
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".lock");
    hold_file(&PathBuf::from(name), holder, shared).map(|file| Held::File { _file: file })
}

fn hold_file(path: &Path, holder: &Holder, shared: bool) -> Result<File, DatabaseError> {
    let failed = |error: std::io::Error| DatabaseError::Failed(format!("{}: {error}", path.display()).into());
    let mut file =
        File::options().create(true).truncate(false).read(true).write(true).open(path).map_err(failed)?;
    let locked = if shared { file.try_lock_shared() } else { file.try_lock() };
    match locked {
        Ok(()) => {
            // The name serves an error only.
            let _ = file.set_len(0).and_then(|()| file.write_all(holder.0.as_bytes()));
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut other = String::new();
            // Without it the error names nobody.
            let _ = file.rewind().and_then(|()| file.read_to_string(&mut other));
            Err(DatabaseError::in_use(&other, shared))
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

async fn hold_postgres(url: &str, holder: &Holder, shared: bool) -> Result<PgConnection, DatabaseError> {
    let name: String = holder.0.chars().take(63).collect();
    // A connection whose other end has lost its power would hold the lock for hours.
    let keepalives =
        [("tcp_keepalives_idle", "5"), ("tcp_keepalives_interval", "3"), ("tcp_keepalives_count", "3")];
    let options = PgConnectOptions::from_str(url)?.application_name(&name).options(keepalives);
    super::timeout_after(super::ANSWER, async {
        let mut connection = PgConnection::connect_with(&options).await?;
        let take = if shared {
            "SELECT pg_try_advisory_lock_shared($1, $2)"
        } else {
            "SELECT pg_try_advisory_lock($1, $2)"
        };
        let row = sqlx::query(take).bind(LOCK.0).bind(LOCK.1).fetch_one(&mut connection).await?;
        if row.try_get(0)? {
            return Ok(connection);
        }
        let other = sqlx::query(
            "SELECT COALESCE(application_name, '') || COALESCE(' at ' || host(client_addr), '')
             FROM pg_locks JOIN pg_stat_activity USING (pid)
             WHERE locktype = 'advisory' AND classid::bigint = $1 AND objid::bigint = $2 AND granted LIMIT 1",
        )
        .bind(i64::from(LOCK.0))
        .bind(i64::from(LOCK.1))
        .fetch_optional(&mut connection)
        .await?;
        let other: String = other.map(|row| row.try_get(0)).transpose()?.unwrap_or_default();
        Err(DatabaseError::in_use(&other, shared))
    })
    .await
}

impl DatabaseError {
    fn in_use(other: &str, shared: bool) -> Self {
        let which = if shared { "a server without Kafka" } else { "another server" };
        let other = if other.is_empty() { String::new() } else { format!(" ({other})") };
        Self::InUse(format!(
            "{which} uses the same database{other}, and without Kafka there can be one: stop it, give this server a \
             database of its own, or set KAFKA_BOOTSTRAP_SERVERS for both"
        ))
    }
}
