//! The journal of the harness, with one line and its time for each act, on standard error, and in a file that stays
//! with the data.

use std::{
    fs::File,
    io::Write,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use super::recorder::Recorder;
use testkit::Error;

/// Clones write to the same file.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    recorder: Arc<Recorder>,
    file: Arc<Mutex<File>>,
}

impl Journal {
    /// An empty one.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(super) fn create(path: PathBuf, recorder: Arc<Recorder>) -> Result<Self, Error> {
        let file = File::create(&path).map_err(|source| Error::File { what: "write", path, source })?;
        Ok(Self { recorder, file: Arc::new(Mutex::new(file)) })
    }

    /// Writes a line.
    pub(super) fn log(&self, text: impl std::fmt::Display) {
        let line = format!("{:9.3} s  {text}", self.recorder.now().as_secs_f64());
        eprintln!("{line}");
        // It is on standard error as well.
        let _ = writeln!(self.file.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
    }
}
