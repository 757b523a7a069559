//! A power cut without cutting the power. Writes that processes did not sync are thrown away after they were killed.
//!
//! `tools/chaos/power_cut` is a library that processes preload. It keeps an undo log for each file below one directory,
//! and [`PowerCut::cut`] applies the logs when the processes are dead. That library also lets the harness move the time
//! of day and make the disk slow, for processes that run.

mod undo;

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use testkit::Error;

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
    /// The control of processes whose time of day never goes ahead.
    control_never_ahead: PathBuf,
}

/// The writes that a power cut threw away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thrown {
    /// The number of changes of files, which are writes and cuts of their length.
    pub changes: usize,
    /// Names that were made, moved or taken away.
    pub names: usize,
}

impl PowerCut {
    /// Keeps the files below `kept` by the preloaded `library`, with undo logs in `logs`, which is best on another file
    /// system, because a full disk must not keep a log from being written. Both directories must be there.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn new(library: &Path, kept: &Path, logs: &Path) -> Result<Self, Error> {
        let whole = |path: &Path| path.canonicalize().map_err(failed("find", path));
        let (library, kept, logs) = (whole(library)?, whole(kept)?, whole(logs)?);
        let [control, control_never_ahead] = ["control", "control-never-ahead"].map(|name| logs.join(name));
        for control in [&control, &control_never_ahead] {
            fs::write(control, [0; CONTROL_LENGTH]).map_err(failed("write", control))?;
        }
        Ok(Self { library, kept, logs, control, control_never_ahead })
    }

    /// Returns what a process must find in its environment, and with it every process that it starts.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, OsString); 4] {
        self.controlled_by(&self.control)
    }

    /// Does the same for a process whose time of day is moved back like that of others, but not ahead.
    #[must_use]
    pub fn environment_never_ahead(&self) -> [(&'static str, OsString); 4] {
        self.controlled_by(&self.control_never_ahead)
    }

    fn controlled_by(&self, control: &Path) -> [(&'static str, OsString); 4] {
        [
            ("LD_PRELOAD", self.library.clone().into()),
            ("IUTSAI_POWER_CUT_DIR", self.kept.clone().into()),
            ("IUTSAI_POWER_CUT_LOGS", self.logs.clone().into()),
            ("IUTSAI_CHAOS_CONTROL", control.into()),
        ]
    }

    /// Moves the time of day of every process that preloads the library, by so many milliseconds from the true one.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn move_clock(&self, milliseconds: i64) -> Result<(), Error> {
        let nanoseconds = milliseconds * 1_000_000;
        set(&self.control, CLOCK_OFFSET, &nanoseconds.to_ne_bytes())?;
        set(&self.control_never_ahead, CLOCK_OFFSET, &nanoseconds.min(0).to_ne_bytes())
    }

    /// Makes every fsync and fdatasync take so much longer.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn slow_disk(&self, delay: Duration) -> Result<(), Error> {
        let microseconds = u32::try_from(delay.as_micros()).unwrap_or(u32::MAX);
        let octets = microseconds.to_ne_bytes();
        [&self.control, &self.control_never_ahead]
            .into_iter()
            .try_for_each(|control| set(control, SYNC_DELAY, &octets))
    }

    /// Treats everything below `directory` as synced, as the kernel does it unasked after a while (30 s, by default).
    /// Processes may be using it.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn commit(&self, directory: &Path) -> Result<(), Error> {
        let directory = directory.canonicalize().map_err(failed("find", directory))?;
        undo::forget_all(&directory, &self.logs)
    }

    /// Restores the files below `directory`, which is the kept one or below it, to their last sync. No process that
    /// preloads the library may be using them, so kill them all first.
    ///
    /// # Errors
    /// [`Error::File`]; the files are then neither the old nor the new ones.
    pub fn cut(&self, directory: &Path) -> Result<Thrown, Error> {
        let directory = directory.canonicalize().map_err(failed("find", directory))?;
        undo::undo_all(&directory, &self.logs)
    }
}

fn set(control: &Path, place: u64, octets: &[u8]) -> Result<(), Error> {
    let opened = fs::OpenOptions::new().write(true).open(control);
    opened.and_then(|file| file.write_all_at(octets, place)).map_err(failed("write", control))
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { what, path, source }
}
