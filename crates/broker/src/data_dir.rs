//! The broker's directory and the lock that keeps a second broker out of it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::Failure;

/// A directory that this process alone may use: the lock (flock) is held as long as the value lives, and the kernel
/// gives it back whatever way the process ends.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory when it is not there, locks it, and makes it the working directory, since nisshi reads
    /// `sqlite://` as a path relative to that.
    ///
    /// # Errors
    ///
    /// [`Failure::DataDirInUse`] when another process holds the lock; [`Failure::Other`] when the directory cannot be
    /// made, entered or written.
    pub(crate) fn lock(wanted: &Path) -> Result<Self, Failure> {
        let unusable = |error: std::io::Error| {
            Failure::Other(format!(
                "cannot use the data directory {}: {error}; give a --data-dir that can be written",
                wanted.display()
            ))
        };
        std::fs::create_dir_all(wanted).map_err(unusable)?;
        let path = wanted.canonicalize().map_err(unusable)?;
        // Not truncated or removed: the lock belongs to the file itself, so its identity must outlive every holder.
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("broker.lock"))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Failure::DataDirInUse(path)),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        std::env::set_current_dir(&path).map_err(unusable)?;
        Ok(Self { path, _lock: lock })
    }

    /// Where the broker's SQLite file is, for messages.
    pub(crate) fn file(&self) -> PathBuf {
        self.path.join("broker.db")
    }

    /// The same file as nisshi wants it named.
    pub(crate) fn storage_url(&self) -> &'static str {
        "sqlite://broker.db"
    }
}
