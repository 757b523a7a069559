//! The real program, started and ended as an operator, a crash or a power cut would. It has a free port, a data
//! directory of its own and the demo complex. Linux only, because its process is found in /proc.
//!
//! ```no_run
//! # async fn example() -> Result<(), testkit::Error> {
//! use testkit::server::Program;
//!
//! let mut server = Program::new("target/release/iutsai").env("RUST_LOG", "info").start().await?;
//! let caller = server.client()?.sign_in("resident-1203", "neighbour").await?;
//! server.kill().await?;
//! server.restart().await?;
//! server.end().await?;
//! # Ok(()) }
//! ```

mod death;
mod output;
mod populate;
mod process;
mod program;

use std::{
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

pub use populate::sqlite;
pub use process::Process;
pub use program::Program;

use crate::{Error, client::Client};
use output::Log;

/// The time for a step that the program must make, which is far more than a busy machine needs.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The time between two looks at something that nobody announces.
const GLANCE: Duration = Duration::from_millis(10);

/// A server that runs, or has been ended and can be started again.
///
/// When this is dropped, the server is killed and the end of its log is printed. The test harness shows that for a test
/// that fails, whether by a panic or by an error, and for no other. [`Server::end`] prints nothing.
#[derive(Debug)]
pub struct Server {
    program: Program,
    child: Option<Child>,
    address: String,
    log: Log,
    data_dir: PathBuf,
    /// It was ended on purpose, or its log stays where it is.
    is_quiet: bool,
    /// Holds the log, and the data directory where none was given.
    _directory: tempfile::TempDir,
}

impl Server {
    /// Where it serves, such as `http://127.0.0.1:40123`; the same after a restart.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A client of it.
    ///
    /// # Errors
    /// [`Error::Address`] when the program printed none that can be used.
    pub fn client(&self) -> Result<Client, Error> {
        Client::new(&self.address)
    }

    /// The directory of everything it keeps.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Returns its output so far, of every start, on standard output and standard error.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn log(&self) -> Result<String, Error> {
        self.log.read()
    }

    /// Its process.
    ///
    /// # Errors
    /// [`Error::NotRunning`] after its end.
    pub fn process(&self) -> Result<Process, Error> {
        let not_running = || Error::NotRunning("the server".into());
        Process::find(self.child.as_ref().ok_or_else(not_running)?.id()).ok_or_else(not_running)
    }

    /// Waits until `/readyz` answers 200.
    ///
    /// # Errors
    /// [`Error::ServerEnded`] when it ends instead, [`Error::ServerLate`].
    pub async fn wait_ready(&mut self) -> Result<(), Error> {
        let client = self.client()?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.still_running()?;
            // No answer yet is what is waited out here.
            if matches!(client.readiness().await, Ok((true, _))) {
                return Ok(());
            }
            tokio::time::sleep(GLANCE).await;
        }
        Err(self.late("become ready", PATIENCE))
    }

    /// Sends SIGKILL, which ends it as a crash would.
    ///
    /// # Errors
    /// [`Error::NotRunning`], [`Error::System`].
    pub async fn kill(&mut self) -> Result<(), Error> {
        self.process()?.kill()?;
        self.wait_for_end(PATIENCE).await.map(drop)
    }

    /// Sends SIGTERM, which asks it to end in order, and waits until it has.
    ///
    /// # Errors
    /// [`Error::NotRunning`], [`Error::System`], [`Error::ServerLate`].
    pub async fn terminate(&mut self) -> Result<ExitStatus, Error> {
        self.process()?.terminate()?;
        self.wait_for_end(PATIENCE).await
    }

    /// Sends SIGTERM when it is not needed any more. Nothing is printed when its end is in order.
    ///
    /// # Errors
    /// As [`Server::terminate`], and [`Error::ServerEnded`] when its exit status is not 0.
    pub async fn end(mut self) -> Result<(), Error> {
        let status = self.terminate().await?;
        if !status.success() {
            return Err(Error::ServerEnded { status, log: self.log.tail() });
        }
        self.is_quiet = true;
        Ok(())
    }

    /// Starts it again, on the same data directory, port and settings, and waits until it is ready. One that still runs
    /// is terminated first.
    ///
    /// # Errors
    /// As [`Program::start`] and [`Server::terminate`].
    pub async fn restart(&mut self) -> Result<(), Error> {
        if self.child.is_some() {
            self.terminate().await?;
        }
        self.start_again().await?;
        self.wait_ready().await
    }

    /// Starts the program and waits for the line with its address.
    async fn launch(&mut self, port: u16) -> Result<(), Error> {
        let mut child = self.program.spawn(port, &self.data_dir, &self.log)?;
        let address = output::address_of(&mut child, &self.log);
        self.child = Some(child);
        let address = address?;
        match tokio::time::timeout(PATIENCE, address).await {
            Ok(Ok(address)) => {
                self.address = address;
                Ok(())
            }
            // Its standard output is closed, so it has ended, or is about to.
            Ok(Err(_)) => {
                let status = self.wait_for_end(PATIENCE).await?;
                Err(Error::ServerEnded { status, log: self.log.tail() })
            }
            Err(_) => Err(self.late("report where it listens", PATIENCE)),
        }
    }

    fn still_running(&mut self) -> Result<(), Error> {
        let child = self.child.as_mut().ok_or_else(|| Error::NotRunning("the server".into()))?;
        match child.try_wait().map_err(Error::system("look at the server"))? {
            None => Ok(()),
            Some(status) => {
                self.child = None;
                Err(Error::ServerEnded { status, log: self.log.tail() })
            }
        }
    }

    /// Waits until it has ended, by a signal or unasked.
    ///
    /// # Errors
    /// [`Error::NotRunning`] when it had ended before, [`Error::ServerLate`].
    pub async fn wait_for_end(&mut self, within: Duration) -> Result<ExitStatus, Error> {
        let deadline = Instant::now() + within;
        loop {
            let child = self.child.as_mut().ok_or_else(|| Error::NotRunning("the server".into()))?;
            if let Some(status) = child.try_wait().map_err(Error::system("wait for the server"))? {
                self.child = None;
                return Ok(status);
            }
            if Instant::now() >= deadline {
                return Err(self.late("end", within));
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    fn late(&self, what: &'static str, within: Duration) -> Error {
        Error::ServerLate { what, within, log: self.log.tail() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // These fail only when it has ended already, which is what is wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
        if !self.is_quiet {
            eprintln!("the end of the server's log:\n{}", self.log.tail());
        }
    }
}
