//! Puts a backup in the place of a node's data. The files stand beside their places until all of them are on the disk,
//! and the outbox gets its name last.
//!
//! Nothing in them is changed. Positions do not come again, because a start begins at the present millisecond, and a
//! reader stores the id of the last event that it read.

use std::{
    fs::{self, DirBuilder},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, MetadataExt, chown},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{Accounts, BackupError, Manifest, Part, Place, copy};
use crate::{
    clock,
    database::{Database, DatabaseError, claim::Claim},
    delivery::outbox::{self, Reserved},
};

/// The end of the name of a file that has not got its name yet.
const PARTIAL: &str = ".partial";
/// The end of the names of files that servers lock. A new server uses them again.
const LOCK: &str = ".lock";
/// The beginning of the name of a directory to which former data was moved.
const BEFORE: &str = "before-";
/// The directory that some file systems have in their root.
const LOST_AND_FOUND: &str = "lost+found";
/// SQLite's files of a database, and that database.
const OF_DATABASE: [&str; 3] = ["", "-wal", "-shm"];

/// A backup that was put in place.
#[derive(Clone, Debug)]
pub struct Restored {
    /// Its description.
    pub manifest: Manifest,
    /// The directory to which the former data was moved, if there was any.
    pub aside: Option<PathBuf>,
}

/// Looks for damage in a backup. Nothing is changed.
///
/// # Errors
/// [`BackupError`] with the first thing that is wrong.
pub async fn check(from: &Path) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(from)?;
    manifest.verify(from)?;
    for part in Part::ALL.into_iter().filter(|part| part.is_database()) {
        if manifest.file(part).is_some() {
            copy::inspect(&from.join(part.name())).await?;
        }
    }
    Ok(manifest)
}

/// Puts a backup in the place of the node's data. With `replace`, data that is there is moved into a directory of its
/// own, and without it a place that is not empty is refused.
///
/// # Errors
/// [`BackupError`]. Nothing in the place has changed then, unless files could not be renamed at the end, after which
/// [`refuse_unfinished`] keeps a server from starting.
pub async fn restore(place: &Place, from: &Path, replace: bool) -> Result<Restored, BackupError> {
    let manifest = check(from).await?;
    let targets = targets(place, &manifest)?;
    let mut directory = DirBuilder::new();
    let made = directory.recursive(true).mode(0o700).create(&place.data_dir);
    made.map_err(BackupError::file("make", &place.data_dir))?;
    let _right = Right::take(place).await?;
    let former = former(place)?;
    if let Some(first) = former.first().filter(|_| !replace) {
        return Err(BackupError::Refused(format!(
            "{} is there, and a restore needs an empty data directory; with --replace what is there is moved aside",
            first.display()
        )));
    }
    if let Err(error) = stage(from, &manifest, &targets) {
        for (_, target) in &targets {
            // A copy that is not complete is of no use to anybody.
            let _ = fs::remove_file(with_suffix(target, PARTIAL));
        }
        return Err(error);
    }
    let aside = if former.is_empty() { None } else { Some(move_aside(place, &former)?) };
    for (_, target) in &targets {
        let partial = with_suffix(target, PARTIAL);
        fs::rename(&partial, target).map_err(BackupError::file("put in place", target))?;
    }
    let directories = targets.iter().filter_map(|(_, target)| target.parent());
    directories.filter(|directory| !directory.as_os_str().is_empty()).try_for_each(copy::sync)?;
    give_to_owner(place, &targets)?;
    Ok(Restored { manifest, aside })
}

/// Fails if a restore into a data directory was interrupted, because a server would begin a new outbox there.
///
/// # Errors
/// [`BackupError::Refused`].
pub fn refuse_unfinished(data_dir: &Path) -> Result<(), BackupError> {
    if !with_suffix(&data_dir.join(outbox::NAME), PARTIAL).exists() {
        return Ok(());
    }
    Err(BackupError::Refused(format!(
        "a restore into {} was interrupted; run iutsai restore --replace again",
        data_dir.display()
    )))
}

/// Returns where each file of the backup is to stand.
fn targets(place: &Place, manifest: &Manifest) -> Result<Vec<(Part, PathBuf)>, BackupError> {
    match (manifest.accounts, place.is_postgres()) {
        (Accounts::Sqlite, true) => {
            return Err(BackupError::Refused(
                "the accounts of this backup are in SQLite, and DATABASE_URL names PostgreSQL; unset it to restore"
                    .into(),
            ));
        }
        (Accounts::Postgres, false) => {
            return Err(BackupError::Refused(
                "the accounts of this backup are in PostgreSQL; restore the dump of that database, and name it with \
                 DATABASE_URL"
                    .into(),
            ));
        }
        (Accounts::Sqlite, false) | (Accounts::Postgres, true) => {}
    }
    let mut targets = Vec::new();
    for part in Part::ALL.into_iter().filter(|part| manifest.file(*part).is_some()) {
        targets.extend(place.path(part)?.map(|path| (part, path)));
    }
    Ok(targets)
}

/// The right to change the data of a node, which no server has meanwhile.
struct Right {
    _outbox: Reserved,
    _accounts: Option<Claim>,
}

impl Right {
    async fn take(place: &Place) -> Result<Self, BackupError> {
        let outbox = Reserved::take(&place.data_dir).map_err(|error| BackupError::InUse(error.into()))?;
        if place.is_postgres() {
            return Ok(Self { _outbox: outbox, _accounts: None });
        }
        let claim = async {
            let accounts = Database::connect_later(&place.database_url)?;
            Claim::take(&accounts, &place.data_dir, false).await
        };
        match claim.await {
            Ok(claim) => Ok(Self { _outbox: outbox, _accounts: Some(claim) }),
            Err(error @ DatabaseError::InUse(_)) => Err(BackupError::InUse(error.into())),
            Err(error) => Err(BackupError::Refused(error.to_string())),
        }
    }
}

/// Returns the files and directories in the way of a restore.
fn former(place: &Place) -> Result<Vec<PathBuf>, BackupError> {
    let failed = || BackupError::file("read", &place.data_dir);
    let mut former = Vec::new();
    for entry in fs::read_dir(&place.data_dir).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let may_stay = name.ends_with(LOCK) || name.ends_with(PARTIAL) || name.starts_with(BEFORE);
        if !may_stay && name != LOST_AND_FOUND {
            former.push(entry.path());
        }
    }
    // The accounts may be elsewhere.
    let accounts = place.accounts()?.into_iter();
    let accounts = accounts.flat_map(|path| OF_DATABASE.map(|suffix| with_suffix(&path, suffix)));
    former.extend(accounts.filter(|path| path.parent() != Some(place.data_dir.as_path()) && path.exists()));
    Ok(former)
}

/// Copies the files beside their places.
fn stage(from: &Path, manifest: &Manifest, targets: &[(Part, PathBuf)]) -> Result<(), BackupError> {
    for (part, target) in targets {
        let partial = with_suffix(target, PARTIAL);
        copy::file(&from.join(part.name()), &partial)?;
        if let Some(file) = manifest.file(*part) {
            file.verify(&partial)?;
        }
    }
    Ok(())
}

/// Moves former data into a new directory. That is in the data directory, because the data directory itself may be a
/// volume, which cannot be moved, and a server that starts meanwhile must find the lock.
fn move_aside(place: &Place, former: &[PathBuf]) -> Result<PathBuf, BackupError> {
    let now = Timestamp::from_millisecond(clock::now()).unwrap_or(Timestamp::UNIX_EPOCH);
    let name = format!("{BEFORE}{}", now.strftime("%Y%m%dT%H%M%SZ"));
    let aside = place.data_dir.join(&name);
    DirBuilder::new().mode(0o700).create(&aside).map_err(BackupError::file("make", &aside))?;
    for path in former {
        let Some(file) = path.file_name() else { continue };
        // Data that is elsewhere may be on another disk, and stays there.
        let to = if path.parent() == Some(place.data_dir.as_path()) {
            aside.join(file)
        } else {
            path.with_file_name(format!("{name}-{}", file.to_string_lossy()))
        };
        match fs::rename(path, &to) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(BackupError::file("move aside", path)(error));
            }
            // The address of the accounts may be another spelling of a file that was moved just now.
            _ => {}
        }
    }
    copy::sync(&place.data_dir)?;
    Ok(aside)
}

/// Gives what root has made to the owner of the data directory, whose server must be able to write it.
fn give_to_owner(place: &Place, targets: &[(Part, PathBuf)]) -> Result<(), BackupError> {
    let owner = fs::metadata(&place.data_dir).map_err(BackupError::file("read", &place.data_dir))?;
    let mut made: Vec<PathBuf> = targets.iter().map(|(_, target)| target.clone()).collect();
    made.push(place.data_dir.join(outbox::LOCK));
    made.extend(place.accounts()?.map(|accounts| with_suffix(&accounts, LOCK)));
    for path in made {
        let is_roots = fs::metadata(&path).map_err(BackupError::file("read", &path))?.uid() == 0;
        if is_roots && owner.uid() != 0 {
            let given = chown(&path, Some(owner.uid()), Some(owner.gid()));
            given.map_err(BackupError::file("change the owner of", &path))?;
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
