//! Backups. [`back_up`] copies everything that a node keeps while its server runs, [`check`] looks for damage in such a
//! copy, and [`restore`] puts it in place.
//!
//! `manifest` lists the files of a backup, `copy` makes copies that are on the disk, `save` fills a new directory, and
//! `restore` fills that of a node.

mod copy;
mod manifest;
mod restore;
mod save;

use std::{
    io,
    path::{Path, PathBuf},
};

use domain::Millis;
use jiff::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;

use crate::{
    database::{self, Cause},
    delivery::outbox::{self, OutboxError},
    people::location_use,
    push, statistics,
};
pub use manifest::{Accounts, File, Manifest};
pub use restore::{Restored, check, refuse_unfinished, restore};
pub use save::back_up;

/// Why there is no backup, or why it is not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be used.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// The act that failed.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: io::Error,
    },
    /// A database cannot be read.
    #[error("cannot {what} {}: {source}", path.display())]
    Database {
        /// The act that failed.
        what: &'static str,
        /// The database's file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: sqlx::Error,
    },
    /// The copy of the outbox is not one that this program can read.
    #[error("{0}")]
    Outbox(#[source] OutboxError),
    /// The manifest cannot be read.
    #[error("{} is damaged: {source}", path.display())]
    Manifest {
        /// Its file.
        path: PathBuf,
        /// The fault in it.
        #[source]
        source: serde_json::Error,
    },
    /// A server holds the directory or the database.
    #[error("{0}; a restore needs the server to be stopped")]
    InUse(#[source] Cause),
    /// It would do harm, or cannot be of use.
    #[error("{0}")]
    Refused(String),
}

impl BackupError {
    fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }

    fn database(what: &'static str, path: &Path) -> impl FnOnce(sqlx::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Database { what, path, source }
    }
}

/// The places at which a node keeps its data, as its server has them.
#[derive(Clone, Debug)]
pub struct Place {
    /// The data directory.
    pub data_dir: PathBuf,
    /// The accounts' database, as `sqlite://…` or `postgres://…`.
    pub database_url: String,
}

impl Place {
    /// Returns where the node keeps a part; `None` if that is in PostgreSQL.
    fn path(&self, part: Part) -> Result<Option<PathBuf>, BackupError> {
        match part {
            Part::Accounts => self.accounts(),
            Part::Statistics if self.is_postgres() => Ok(None),
            other => Ok(Some(self.data_dir.join(other.name()))),
        }
    }

    /// Returns the file of the accounts; `None` if they are in PostgreSQL.
    pub(crate) fn accounts(&self) -> Result<Option<PathBuf>, BackupError> {
        if self.is_postgres() {
            return Ok(None);
        }
        let options: Result<SqliteConnectOptions, sqlx::Error> = self.database_url.parse();
        let options = options.map_err(|error| {
            BackupError::Refused(format!("DATABASE_URL names no file of SQLite: {error}"))
        })?;
        Ok(Some(options.get_filename().to_owned()))
    }

    fn is_postgres(&self) -> bool {
        self.database_url.starts_with("postgres")
    }
}

/// A part of a backup, which is one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Statistics,
    Accounts,
    PushKey,
    LocationUses,
    Outbox,
}

impl Part {
    /// Every part, in the order in which they are copied and put in place.
    ///
    /// Each copy is of another instant, so a file comes before those that its rows refer to. All refer to the outbox.
    /// The statistics have the position up to which they have read it, and the accounts' database has the calls that
    /// were pushed and whose locations were shown. With the outbox last, everything that they refer to is in its copy,
    /// and calls that they do not have yet are counted from it later. The devices in the accounts' database were
    /// subscribed with the push key, which is made once, so the key comes after them. The choices about locations are
    /// a copy from the accounts' database, which replaces them at the next start. The outbox's copy of the sessions is
    /// replaced in the same way.
    const ALL: [Self; 5] =
        [Self::Statistics, Self::Accounts, Self::PushKey, Self::LocationUses, Self::Outbox];

    /// The name of its file in a backup.
    const fn name(self) -> &'static str {
        match self {
            Self::Statistics => statistics::FILE,
            Self::Accounts => database::FILE,
            Self::PushKey => push::KEY_FILE,
            Self::LocationUses => location_use::FILE,
            Self::Outbox => outbox::NAME,
        }
    }

    const fn is_database(self) -> bool {
        matches!(self, Self::Statistics | Self::Accounts | Self::Outbox)
    }
}

/// Returns an instant as RFC 3339 writes it in UTC, such as `2026-11-29T05:03:20Z`.
fn instant(at: Millis) -> String {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}
