//! The disk's time for each durable write, which is the floor under the answer to a press.

use std::{
    fmt,
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use super::spread::{Spread, milliseconds};
use crate::Error;

/// The number of writes.
const TIMES: usize = 200;
/// The size of a write, in octets, which is a page of SQLite.
const OCTETS: usize = 4096;

/// Where was measured, and what.
pub struct Floor {
    directory: PathBuf,
    times: Spread,
}

/// Appends [`OCTETS`] to a new file and waits for fdatasync(2), [`TIMES`] times. The file is removed.
pub fn measure(directory: &Path) -> Result<Floor, Error> {
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

impl fmt::Display for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (times, kilobytes) = (self.times.count(), OCTETS / 1024);
        let p = |percent| milliseconds(self.times.percentile(percent));
        write!(f, "append {kilobytes} KiB and fdatasync in {}, {times} times: ", self.directory.display())?;
        write!(f, "p50 {} ms, p99 {} ms, max {} ms", p(50), p(99), p(100))
    }
}
