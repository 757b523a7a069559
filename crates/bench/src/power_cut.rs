//! A power cut without cutting the power: what processes wrote and did not sync is thrown away after they were killed.
//!
//! `crates/bench/power_cut` is a library that processes preload. It keeps an undo log for each file below one
//! directory; [`PowerCut::cut`] applies the logs when the processes are dead. The same library lets the harness move the
//! time of day and make the disk slow, for processes that run.

mod undo;

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::Error;

/// Where `struct control` of the preloaded library has its fields, in octets.
const CLOCK_OFFSET: u64 = 0;
const SYNC_DELAY: u64 = 8;
const CONTROL_LENGTH: usize = 16;

/// A directory whose files are as durable as their last fsync made them.
#[derive(Debug)]
pub struct PowerCut {
    library: PathBuf,
    kept: PathBuf,
    logs: PathBuf,
    control: PathBuf,
}

/// What a power cut threw away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thrown {
    /// Changes of files: writes, cuts of their length.
    pub changes: usize,
    /// Names that were made, moved or taken away.
    pub names: usize,
}

impl PowerCut {
    /// Keeps the files below `kept` by the preloaded `library`, with undo logs in `logs`, which is best on another file
    /// system: a full disk must not keep a log from being written. Both directories must be there.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn new(library: &Path, kept: &Path, logs: &Path) -> Result<Self, Error> {
        let whole = |path: &Path| path.canonicalize().map_err(failed("find", path));
        let (library, kept, logs) = (whole(library)?, whole(kept)?, whole(logs)?);
        let control = logs.join("control");
        fs::write(&control, [0; CONTROL_LENGTH]).map_err(failed("write", &control))?;
        Ok(Self { library, kept, logs, control })
    }

    /// What a process must find in its environment, and with it every process that it starts.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, OsString); 4] {
        [
            ("LD_PRELOAD", self.library.clone().into()),
            ("IUTSAI_POWER_CUT_DIR", self.kept.clone().into()),
            ("IUTSAI_POWER_CUT_LOGS", self.logs.clone().into()),
            ("IUTSAI_CHAOS_CONTROL", self.control.clone().into()),
        ]
    }

    /// Moves the time of day of every process that preloads the library, by so many milliseconds from the true one.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn move_clock(&self, milliseconds: i64) -> Result<(), Error> {
        self.set(CLOCK_OFFSET, &(milliseconds * 1_000_000).to_ne_bytes())
    }

    /// Makes every fsync and fdatasync take so much longer.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn slow_disk(&self, delay: Duration) -> Result<(), Error> {
        let microseconds = u32::try_from(delay.as_micros()).unwrap_or(u32::MAX);
        self.set(SYNC_DELAY, &microseconds.to_ne_bytes())
    }

    fn set(&self, place: u64, octets: &[u8]) -> Result<(), Error> {
        let control = fs::OpenOptions::new().write(true).open(&self.control);
        control
            .and_then(|control| control.write_all_at(octets, place))
            .map_err(failed("write", &self.control))
    }

    /// Takes everything below `directory` for synced, as the kernel does it by itself after a while (30 s, by default).
    /// Processes may be using it.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn settle(&self, directory: &Path) -> Result<(), Error> {
        let directory = directory.canonicalize().map_err(failed("find", directory))?;
        undo::forget_all(&directory, &self.logs)
    }

    /// Makes the files below `directory`, which is the kept one or below it, what they were when they were last synced.
    /// No process that preloads the library may be using them: kill them all first.
    ///
    /// # Errors
    /// [`Error::File`]; the files are then neither the old nor the new ones.
    pub fn cut(&self, directory: &Path) -> Result<Thrown, Error> {
        let directory = directory.canonicalize().map_err(failed("find", directory))?;
        undo::undo_all(&directory, &self.logs)
    }
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { what, path, source }
}
