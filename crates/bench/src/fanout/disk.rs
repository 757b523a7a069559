//! What the disk asks for each durable write: the floor under the answer to a press.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use super::spread::Spread;
use crate::Error;

/// How often is written.
pub(super) const TIMES: usize = 200;
/// How much, in octets: a page of SQLite.
pub(super) const OCTETS: usize = 4096;

/// Where was measured, and what.
pub(super) struct Floor {
    pub(super) directory: PathBuf,
    pub(super) times: Spread,
}

/// Appends [`OCTETS`] to a new file and waits for fdatasync(2), [`TIMES`] times. The file is removed.
pub(super) fn measure(directory: &Path) -> Result<Floor, Error> {
    let failed = |source| Error::File { what: "measure the disk in", path: directory.into(), source };
    let mut file = tempfile::tempfile_in(directory).map_err(failed)?;
    let page = [0x5a; OCTETS];
    let mut times = Spread::default();
    for _ in 0..TIMES {
        let before = Instant::now();
        file.write_all(&page).and_then(|()| file.sync_data()).map_err(failed)?;
        times.add(before.elapsed());
    }
    Ok(Floor { directory: directory.into(), times })
}
