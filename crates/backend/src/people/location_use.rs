//! The choice of each account whether its location may be used in its calls. Each node has a copy, so that no press
//! waits for the database, and keeps it in a file for a start while the database is away.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use serde::Serialize;
use sqlx::Row;
use tokio::sync::{Mutex, MutexGuard};

use super::PeopleError;
use crate::database::{self, Database, DatabaseError};

/// The copy's file in the data directory.
pub(crate) const FILE: &str = "location-uses.json";
/// The longest wait for the database at the start. After that the kept copy holds.
const OPENED_WITHIN: Duration = Duration::from_secs(2);

/// The choice of an account. An account that was never asked counts as `Allowed`, so that no call loses its location
/// unnoticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LocationUse {
    /// The location goes out with a call.
    #[default]
    Allowed,
    /// Calls go out without a location until the person allows it again.
    Paused,
    /// The consent is taken back. Calls go out without a location, and earlier ones are destroyed.
    Withdrawn,
}

impl LocationUse {
    /// Returns the word of the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "",
            Self::Paused => "paused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads the word of the table. One of a newer version keeps the location back.
    pub(crate) fn read(word: &str) -> Self {
        match word {
            "" => Self::Allowed,
            "withdrawn" => Self::Withdrawn,
            _ => Self::Paused,
        }
    }
}

/// The accounts that keep their location back, by name.
type Kept = BTreeMap<String, LocationUse>;

/// This node's copy of the choices of the accounts. Clones share it.
#[derive(Clone)]
pub struct LocationUses {
    database: Database,
    file: Arc<PathBuf>,
    kept: Arc<RwLock<Kept>>,
    /// Held while the database is read or written, so that what was read before a change does not replace it.
    turn: Arc<Mutex<()>>,
}

impl LocationUses {
    /// The choices of `database`, with the copy in `data_dir` while that is away.
    pub async fn open(database: Database, data_dir: &Path) -> Self {
        let file = data_dir.join(FILE);
        let kept = match read(&file) {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(%error, "the kept choices about locations cannot be read");
                Kept::default()
            }
        };
        let (kept, turn) = (Arc::new(RwLock::new(kept)), Arc::default());
        let uses = Self { database, file: Arc::new(file), kept, turn };
        let synced = tokio::time::timeout(OPENED_WITHIN, uses.sync()).await;
        let synced = synced.unwrap_or_else(|_| Err(DatabaseError::late(OPENED_WITHIN).into()));
        if let Err(error) = synced {
            tracing::warn!(%error, "the choices about locations stay those known from before");
        }
        uses
    }

    /// Returns the choice of an account, by this node's copy.
    #[must_use]
    pub fn of(&self, account: &str) -> LocationUse {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.get(account).copied().unwrap_or_default()
    }

    /// Brings the copy up to date; returns whether it is another.
    pub(crate) async fn sync(&self) -> Result<bool, PeopleError> {
        self.database.prepare().await?;
        let _turn = self.turn.lock().await;
        let rows = sqlx::query("SELECT name, location_use FROM residents WHERE location_use <> ''")
            .fetch_all(self.database.pool());
        let mut read = Kept::new();
        for row in &database::answer(rows).await? {
            let word: String = row.try_get("location_use")?;
            read.insert(row.try_get("name")?, LocationUse::read(&word));
        }
        let is_other = {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            let is_other = *kept != read;
            *kept = read;
            is_other
        };
        if is_other {
            self.keep().await;
        }
        Ok(is_other)
    }

    /// Keeps readers of the database out while an account is changed there. [`LocationUses::put`] follows the change.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Sets the choice of an account in this node's copy.
    pub(crate) async fn put(&self, account: &str, choice: LocationUse) {
        {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            match choice {
                LocationUse::Allowed => kept.remove(account),
                choice => kept.insert(account.to_owned(), choice),
            };
        }
        self.keep().await;
    }

    async fn keep(&self) {
        let (file, kept) = (self.file.clone(), self.kept.clone());
        let writing = tokio::task::spawn_blocking(move || {
            let kept = kept.read().unwrap_or_else(PoisonError::into_inner).clone();
            write(&file, &kept)
        });
        match writing.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the choices about locations are not kept for a database that is away");
            }
            Err(error) => tracing::error!(%error, "keeping the choices about locations ended early"),
        }
    }
}

fn read(file: &Path) -> io::Result<Kept> {
    let octets = match fs::read(file) {
        Ok(octets) => octets,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Kept::default()),
        Err(error) => return Err(error),
    };
    let words: BTreeMap<String, String> = serde_json::from_slice(&octets)?;
    Ok(words.into_iter().map(|(account, word)| (account, LocationUse::read(&word))).collect())
}

/// Writes a file beside it first, so that a crash leaves one of the two whole.
fn write(file: &Path, kept: &Kept) -> io::Result<()> {
    let words: BTreeMap<&str, &str> =
        kept.iter().map(|(account, choice)| (account.as_str(), choice.as_str())).collect();
    let new = file.with_extension("new");
    let mut out = File::create(&new)?;
    out.write_all(&serde_json::to_vec(&words)?)?;
    out.sync_all()?;
    fs::rename(new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_kept_in_the_file_and_a_word_of_a_newer_version_keeps_the_location_back() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(FILE);
        assert_eq!(read(&file).unwrap(), Kept::default());
        let kept = Kept::from([("kim".into(), LocationUse::Paused), ("lee".into(), LocationUse::Withdrawn)]);
        write(&file, &kept).unwrap();
        assert_eq!(read(&file).unwrap(), kept);
        assert_eq!(LocationUse::read("asked-again"), LocationUse::Paused);
    }

    #[tokio::test]
    async fn while_the_database_is_away_the_kept_choices_hold() {
        let directory = tempfile::tempdir().unwrap();
        let kept = Kept::from([("kim".into(), LocationUse::Withdrawn)]);
        write(&directory.path().join(FILE), &kept).unwrap();
        let away = Database::connect_later("postgres://nobody@127.0.0.1:1/none").unwrap();
        let uses = LocationUses::open(away, directory.path()).await;
        assert_eq!(uses.of("kim"), LocationUse::Withdrawn);
        assert_eq!(uses.of("lee"), LocationUse::Allowed);
    }
}
