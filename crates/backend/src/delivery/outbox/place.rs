//! The place of the outbox's file on the disk. A lock keeps a second server away, and an identity shows whether the
//! file at the path is still the one that is open.

use std::{
    fs::{self, File, TryLockError},
    io::Seek,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::OutboxError;

/// The file's name in the data directory.
pub(crate) const NAME: &str = "outbox.db";
/// The file that a server holds locked as long as it uses the directory.
pub(crate) const LOCK: &str = "outbox.lock";
/// SQLite's files beside a database in WAL mode.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Why the file is not open.
#[derive(Debug)]
pub(super) enum Unopened {
    /// Another process has it, so this one must not run.
    InUse(OutboxError),
    /// The disk or the file cannot be used now.
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

/// A file's identity on its file system, made of device and inode. A path can come to name another file, an identity
/// cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    /// The identity of the file that `path` names now; `None` if there is none.
    pub(super) fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|found| Self(found.dev(), found.ino()))
    }
}

/// The exclusive right to the outbox of a directory, held as long as this lives.
pub(super) struct Lock {
    _file: File,
    identity: Option<Identity>,
}

impl Lock {
    /// Takes the lock of `directory`, which is made if it is missing.
    ///
    /// # Errors
    /// [`Unopened::InUse`] when another process holds it.
    pub(super) fn take(directory: &Path) -> Result<Self, Unopened> {
        let failed = |error: std::io::Error| {
            Unopened::Unusable(OutboxError(format!("{}: {error}", directory.display())))
        };
        fs::create_dir_all(directory).map_err(failed)?;
        let path = directory.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file, identity: Identity::of(&path) }),
            Err(TryLockError::WouldBlock) => Err(Unopened::InUse(OutboxError(format!(
                "another server uses {}: stop it, or give this one a data directory of its own",
                directory.display()
            )))),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Returns whether this is still the lock that another process would find in `directory`.
    pub(super) fn is_of(&self, directory: &Path) -> bool {
        self.identity.is_some() && self.identity == Identity::of(&directory.join(LOCK))
    }
}

/// A database file with its write-ahead log, held by descriptors. It can be read wherever it is moved.
///
/// The descriptor of the database file must outlive every connection to it, because closing one descriptor takes the locks
/// of all others of the same file and process away (fcntl(2), "Advisory record locking"). Nobody locks the write-ahead log.
pub(super) struct Held {
    database: File,
    identity: Option<Identity>,
    log: Option<File>,
}

impl Held {
    /// The file that `path` names, which is made if there is none.
    ///
    /// # Errors
    /// The file system's.
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        let database = File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        let identity = database.metadata().ok().map(|found| Identity(found.dev(), found.ino()));
        let mut held = Self { database, identity, log: None };
        held.refresh(path);
        Ok(held)
    }

    /// The database file's identity.
    pub(super) fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// Returns whether `path` still names the file.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        self.identity.is_some() && self.identity == Identity::of(path)
    }

    /// Holds the write-ahead log that stands beside the file now, unless the file was moved away.
    pub(super) fn refresh(&mut self, path: &Path) {
        let log = File::open(with_suffix(path, BESIDE[0])).ok();
        if self.is_at(path) {
            self.log = log;
        }
    }

    /// Copies both to `path` and beside it. No connection may be open.
    ///
    /// # Errors
    /// The file system's; what was copied by then is removed.
    pub(super) fn copy_to(&self, path: &Path) -> std::io::Result<()> {
        let log = with_suffix(path, BESIDE[0]);
        let copied = copy_of(&self.database, path)
            .and_then(|()| self.log.as_ref().map_or(Ok(()), |from| copy_of(from, &log)));
        if copied.is_err() {
            for part in [path, &log] {
                // A part of a copy is of no use to anybody.
                let _ = fs::remove_file(part);
            }
        }
        copied
    }
}

fn copy_of(from: &File, to: &Path) -> std::io::Result<()> {
    let mut from = from;
    from.rewind()?;
    let mut to = File::create(to)?;
    std::io::copy(&mut from, &mut to)?;
    to.sync_all()
}

/// Puts `new` in the place of the outbox in `directory`. Whatever stands there is kept under another name, and so are the
/// files that SQLite would take for its write-ahead log. Returns the name under which an old file was kept.
///
/// # Errors
/// The file system's.
pub(super) fn put_in_place(new: &Path, directory: &Path, at: i64) -> std::io::Result<Option<PathBuf>> {
    File::open(new)?.sync_all()?;
    let place = directory.join(NAME);
    let aside = directory.join(format!("outbox-found-{at}.db"));
    for suffix in BESIDE {
        rename_if_there(&with_suffix(&place, suffix), &with_suffix(&aside, suffix))?;
    }
    let found = rename_if_there(&place, &aside)?;
    rename_if_there(&with_suffix(new, BESIDE[0]), &with_suffix(&place, BESIDE[0]))?;
    fs::rename(new, &place)?;
    File::open(directory)?.sync_all()?;
    Ok(found.then_some(aside))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns whether there was a file to rename.
fn rename_if_there(from: &Path, to: &Path) -> std::io::Result<bool> {
    match fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
