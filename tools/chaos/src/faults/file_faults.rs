//! The acts of operators and other programs on a server's files. They are backed up and restored by the program's own
//! commands, or the outbox is moved away or read in a long transaction. The sqlite3 module of Python reads it, because
//! the harness must not do so as the server does.

use std::{
    ffi::OsStr,
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

/// The beginning of the name of a directory to which a restore has moved former data.
const FORMER: &str = "before-";

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

/// Backs up everything that a server keeps, which may be taking calls, into a new directory.
///
/// # Errors
/// [`Error::Usage`] with the program's words.
pub(super) async fn back_up(program: &Path, data_dir: &Path, to: &Path) -> Result<(), Error> {
    iutsai(program, data_dir, &[OsStr::new("backup"), to.as_os_str()]).await
}

/// Puts a backup in the place of everything that a server keeps, and removes the backup. No server may be using the
/// directory.
///
/// # Errors
/// [`Error::Usage`] with the program's words, [`Error::File`].
pub(super) async fn restore(program: &Path, data_dir: &Path, from: &Path) -> Result<(), Error> {
    let arguments = [OsStr::new("restore"), OsStr::new("--replace"), from.as_os_str()];
    iutsai(program, data_dir, &arguments).await?;
    remove_directory(from)
}

/// Removes former data that a restore has moved aside, because the disks of a run are small.
///
/// # Errors
/// [`Error::File`].
pub(super) fn remove_former(data_dir: &Path) -> Result<(), Error> {
    let failed = || {
        let path = data_dir.to_owned();
        move |source| Error::File { what: "read", path, source }
    };
    for entry in fs::read_dir(data_dir).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        if entry.file_name().to_string_lossy().starts_with(FORMER) {
            remove_directory(&entry.path())?;
        }
    }
    Ok(())
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

/// Runs a command of the program on the data of a server.
async fn iutsai(program: &Path, data_dir: &Path, arguments: &[&OsStr]) -> Result<(), Error> {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).arg("--data-dir").arg(data_dir);
    command.env_remove("DATABASE_URL").stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(Error::system(format!("start {}", program.display())))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{:?} of {} failed: {}",
        arguments,
        data_dir.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

fn remove_directory(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::File { what: "remove", path: path.to_owned(), source };
    fs::remove_dir_all(path).map_err(failed)
}
