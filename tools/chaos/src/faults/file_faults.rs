//! The acts of operators and other programs on an outbox. It is moved away, an older copy is put in its place, or it is
//! read in a long transaction. The sqlite3 module of Python does it, because the harness must not read the file as the
//! server does.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::time::Instant;

use testkit::Error;

const FILES: [&str; 3] = ["outbox.db", "outbox.db-wal", "outbox.db-shm"];
/// A server notices within this that its outbox is not in its place.
const NOTICED_WITHIN: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(20);

const COPY: &str = "import sqlite3, sys
source = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True, timeout=10)
source.execute('VACUUM INTO ?', (sys.argv[2],))";

const READ: &str = "import sqlite3, sys, time
source = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True, timeout=10, isolation_level=None)
source.execute('BEGIN')
source.execute('SELECT count(*) FROM entries').fetchone()
time.sleep(60)";

/// Another program with an open transaction on an outbox; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Reader(Child);

impl Reader {
    /// Starts one.
    ///
    /// # Errors
    /// [`Error::System`].
    pub(super) fn start(data_dir: &Path) -> Result<Self, Error> {
        let mut python = python(READ);
        python.arg(data_dir.join(FILES[0])).stderr(Stdio::null());
        python.spawn().map(Self).map_err(Error::system("start python3"))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // These fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A copy of the outbox as it is now, while the server may be writing it.
///
/// # Errors
/// [`Error::Usage`] with Python's words.
pub(super) async fn back_up(data_dir: &Path) -> Result<PathBuf, Error> {
    let copy = data_dir.join("backup.db");
    remove(&copy)?;
    let mut python = python(COPY);
    python.arg(data_dir.join(FILES[0])).arg(&copy).stderr(Stdio::piped());
    let copied = tokio::task::spawn_blocking(move || python.output()).await;
    let output = copied.expect("it does not panic").map_err(Error::system("start python3"))?;
    if output.status.success() {
        return Ok(copy);
    }
    Err(Error::Usage(format!(
        "the outbox cannot be copied: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

/// Puts a copy in the place of the outbox; no server may be using that.
///
/// # Errors
/// [`Error::File`].
pub(super) fn restore(data_dir: &Path, copy: &Path) -> Result<(), Error> {
    FILES.iter().try_for_each(|name| remove(&data_dir.join(name)))?;
    let to = data_dir.join(FILES[0]);
    fs::rename(copy, &to).map_err(|source| Error::File { what: "restore", path: to, source })
}

/// Moves the outbox's files to another directory.
///
/// # Errors
/// [`Error::File`].
pub(super) fn move_away(data_dir: &Path, number: usize) -> Result<PathBuf, Error> {
    let to = data_dir.join(format!("moved-{number}"));
    fs::create_dir_all(&to).map_err(|source| Error::File { what: "make", path: to.clone(), source })?;
    for name in FILES {
        match fs::rename(data_dir.join(name), to.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::File { what: "move", path: data_dir.join(name), source: error });
            }
            _ => {}
        }
    }
    Ok(to)
}

/// Waits until there is an outbox again; whether there is.
pub(super) async fn is_back(data_dir: &Path) -> bool {
    let deadline = Instant::now() + NOTICED_WITHIN;
    while !data_dir.join(FILES[0]).exists() {
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(GLANCE).await;
    }
    true
}

fn python(program: &str) -> Command {
    let mut python = Command::new("python3");
    python.args(["-c", program]).stdin(Stdio::null()).stdout(Stdio::null());
    python
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::File { what: "remove", path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
