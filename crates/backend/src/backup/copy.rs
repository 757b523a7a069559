//! Copies that are on the disk when they are reported, and that nobody else may read.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use sha2::{Digest, Sha256};
use sqlx::{
    ConnectOptions, Connection, Row,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};

use super::BackupError;

/// The longest wait for a lock of another process on a database.
const BUSY: Duration = Duration::from_secs(10);
/// The octets that are read at once.
const BUFFER: usize = 64 * 1024;

/// Copies a database as it is at one instant, while others write it.
///
/// `VACUUM INTO` reads in one transaction of the write-ahead log, which keeps no writer waiting. SQLite's other way,
/// the online backup, begins anew whenever another process writes, and copies free pages, in which deleted coordinates
/// would still be.
///
/// # Errors
/// [`BackupError::Database`], [`BackupError::File`].
pub(super) async fn database(from: &Path, to: &Path) -> Result<(), BackupError> {
    let name = to.to_str().ok_or_else(|| {
        BackupError::Refused(format!("{} has characters that SQLite cannot write in a name", to.display()))
    })?;
    // SQLite writes into an empty file, whose rights are there before its content.
    create(to)?;
    let failed = || BackupError::database("copy", from);
    let mut connection = open(from).await.map_err(failed())?;
    let copied = sqlx::query("VACUUM INTO $1").bind(name).execute(&mut connection).await;
    copied.map_err(failed())?;
    connection.close().await.map_err(failed())?;
    sync(to)
}

/// Copies a file. One that exists at `to` is replaced.
///
/// # Errors
/// [`BackupError::File`].
pub(super) fn file(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut source = fs::File::open(from).map_err(BackupError::file("read", from))?;
    let mut copy = create(to)?;
    io::copy(&mut source, &mut copy).map_err(BackupError::file("write", to))?;
    copy.sync_all().map_err(BackupError::file("write", to))
}

/// Opens an empty file that only its owner may read.
///
/// # Errors
/// [`BackupError::File`].
pub(super) fn create(path: &Path) -> Result<fs::File, BackupError> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    opened.map_err(BackupError::file("write", path))
}

/// Waits until a file, or the names in a directory, are on the disk.
///
/// # Errors
/// [`BackupError::File`].
pub(super) fn sync(path: &Path) -> Result<(), BackupError> {
    let synced = fs::File::open(path).and_then(|file| file.sync_all());
    synced.map_err(BackupError::file("write", path))
}

/// Returns the octets of a file and their SHA-256 in hexadecimal figures.
///
/// # Errors
/// [`BackupError::File`].
pub(super) fn measure(path: &Path) -> Result<(u64, String), BackupError> {
    let mut file = fs::File::open(path).map_err(BackupError::file("read", path))?;
    let (mut size, mut hash, mut buffer) = (0_u64, Sha256::new(), vec![0_u8; BUFFER]);
    loop {
        let read = file.read(&mut buffer).map_err(BackupError::file("read", path))?;
        if read == 0 {
            return Ok((size, format!("{:x}", hash.finalize())));
        }
        hash.update(&buffer[..read]);
        size += read as u64;
    }
}

/// Reads a whole database and fails if a part of it is damaged.
///
/// # Errors
/// [`BackupError::Refused`] with SQLite's words, [`BackupError::Database`].
pub(super) async fn inspect(path: &Path) -> Result<(), BackupError> {
    let failed = || BackupError::database("read", path);
    let mut connection = open(path).await.map_err(failed())?;
    let row = sqlx::query("PRAGMA integrity_check(1)").fetch_one(&mut connection).await;
    let found: String = row.and_then(|row| row.try_get(0)).map_err(failed())?;
    connection.close().await.map_err(failed())?;
    if found == "ok" {
        return Ok(());
    }
    Err(BackupError::Refused(format!("{} is damaged: {found}", path.display())))
}

async fn open(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY);
    // A copy takes longer than statements that are worth a warning.
    SqliteConnection::connect_with(&options.disable_statement_logging()).await
}
