//! Fills a new directory with a backup. It has another name until it is complete, so that a program that is killed
//! leaves nothing that looks whole.

use std::{
    fs::{self, DirBuilder},
    io::ErrorKind,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use domain::Millis;

use super::{Accounts, BackupError, File, Manifest, Part, Place, copy, instant, manifest::FORMAT};
use crate::{
    clock,
    delivery::outbox::{LogId, Pages, Sequence},
};

/// The end of the name of a directory that is not complete.
const PARTIAL: &str = ".partial";

/// Copies everything that the node keeps into the new directory `to`, and passes each file that is done to `shown`. The
/// node's server may be running.
///
/// # Errors
/// [`BackupError`]. There is no new directory then.
pub async fn back_up(place: &Place, to: &Path, shown: &dyn Fn(&File)) -> Result<Manifest, BackupError> {
    let sources = sources(place)?;
    let target = Target::begin(to, &place.data_dir)?;
    let filled = fill(place, &sources, &target.partial, shown).await;
    let done = filled.and_then(|manifest| target.finish().map(|()| manifest));
    if done.is_err() {
        // A part of a backup is of no use to anybody.
        let _ = fs::remove_dir_all(&target.partial);
    }
    done
}

/// Returns the files that there are. A push key that is a setting has no file, and a node that counts nothing has no
/// statistics.
fn sources(place: &Place) -> Result<Vec<(Part, PathBuf)>, BackupError> {
    let mut sources = Vec::new();
    for part in Part::ALL {
        let Some(path) = place.path(part)? else { continue };
        if path.is_file() {
            sources.push((part, path));
        } else if matches!(part, Part::Outbox | Part::Accounts) {
            return Err(BackupError::Refused(format!(
                "there is no file {}, or it cannot be read; name the data directory with --data-dir, and run this as \
                 the server's user",
                path.display()
            )));
        }
    }
    Ok(sources)
}

async fn fill(
    place: &Place,
    sources: &[(Part, PathBuf)],
    directory: &Path,
    shown: &dyn Fn(&File),
) -> Result<Manifest, BackupError> {
    let mut files = Vec::new();
    let mut until = 0;
    for (part, from) in sources {
        let to = directory.join(part.name());
        // The last one is the outbox.
        until = clock::now();
        if part.is_database() {
            copy::database(from, &to).await?;
        } else {
            copy::file(from, &to)?;
        }
        let file = File::describe(*part, directory)?;
        shown(&file);
        files.push(file);
    }
    let manifest = describe(place, directory, files, until).await?;
    manifest.write(directory)?;
    copy::sync(directory)?;
    Ok(manifest)
}

async fn describe(
    place: &Place,
    directory: &Path,
    files: Vec<File>,
    until: Millis,
) -> Result<Manifest, BackupError> {
    let (pages, LogId(log_id)) = Pages::open_beside(directory).await.map_err(BackupError::Outbox)?;
    let Sequence(last_position) = pages.before(Millis::MAX).await.map_err(BackupError::Outbox)?;
    Ok(Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").into(),
        until: instant(until),
        made_at: instant(clock::now()),
        log_id,
        last_position,
        accounts: if place.is_postgres() { Accounts::Postgres } else { Accounts::Sqlite },
        files,
    })
}

/// The directory of a backup that is not complete.
struct Target {
    whole: PathBuf,
    partial: PathBuf,
    parent: PathBuf,
}

impl Target {
    /// Makes the directory under its other name.
    fn begin(to: &Path, data_dir: &Path) -> Result<Self, BackupError> {
        let refused = |sentence: String| Err(BackupError::Refused(sentence));
        let Some(name) = to.file_name() else {
            return refused(format!(
                "{} is not the name of a new directory; write one such as /srv/backup/iutsai-2026-11-29",
                to.display()
            ));
        };
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Ok(parent) = parent.canonicalize() else {
            // A disk that is not mounted must not be mistaken for a directory to make.
            return refused(format!(
                "there is no directory {}; mount the disk for backups, or make the directory",
                parent.display()
            ));
        };
        if data_dir.canonicalize().is_ok_and(|data_dir| parent.starts_with(data_dir)) {
            return refused(format!(
                "{} is in the data directory, and would be lost with it; name a directory on another disk",
                to.display()
            ));
        }
        let whole = parent.join(name);
        is_new(&whole)?;
        let mut partial = whole.as_os_str().to_owned();
        partial.push(PARTIAL);
        let partial = PathBuf::from(partial);
        match DirBuilder::new().mode(0o700).create(&partial) {
            Ok(()) => Ok(Self { whole, partial, parent }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => refused(format!(
                "{} is there, from a backup that is being made or was interrupted; remove it if none is being made",
                partial.display()
            )),
            Err(error) => Err(BackupError::file("make", &partial)(error)),
        }
    }

    /// Gives the directory its name.
    fn finish(&self) -> Result<(), BackupError> {
        fs::rename(&self.partial, &self.whole).map_err(BackupError::file("make", &self.whole))?;
        copy::sync(&self.parent)
    }
}

/// Fails if there is more at `path` than an empty directory.
fn is_new(path: &Path) -> Result<(), BackupError> {
    match fs::read_dir(path) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(BackupError::Refused(format!(
                "{} is not empty; name a new directory for each backup",
                path.display()
            ))),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::file("use", path)(error)),
    }
}
