//! The servers of a run. Each is a process with a data directory of its own, below the one that a power cut covers.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    disk::SmallDisk,
    file_faults,
    journal::Journal,
    statistics::{self, Comparison},
};
use crate::power_cut::{PowerCut, Thrown};
use testkit::{
    Error,
    server::{Program, Server},
};

/// The most starts of a server that does not start. It is retried this often and this soon, as a supervisor would.
const STARTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// The settings of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// Everything.
    All,
    /// Takes calls.
    Producer,
    /// Keeps sockets.
    Fanout,
}

/// One server.
#[derive(Debug)]
pub(super) struct Node {
    server: Server,
    duty: Duty,
    /// The program `iutsai`.
    program: PathBuf,
    /// Its log and its database, as far as they are not in the data directory.
    environment: Vec<(String, String)>,
    data_dir: PathBuf,
    /// Where its backup is, from making it until it is restored. A power cut does not reach there.
    backup: PathBuf,
    /// Goes after the server.
    disk: Option<SmallDisk>,
}

/// The settings that every server of a run shares.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    /// The program `iutsai`.
    pub(super) program: &'a Path,
    /// Where data directories and logs are.
    pub(super) directory: &'a Path,
    /// The environment of each.
    pub(super) environment: Vec<(String, String)>,
}

impl Node {
    /// Starts a server that is not ready yet.
    ///
    /// # Errors
    /// As [`Program::start_unready`].
    pub(super) async fn start(
        number: usize,
        duty: Duty,
        settings: &Settings<'_>,
        cut: &PowerCut,
        disk: Option<SmallDisk>,
    ) -> Result<Self, Error> {
        let data_dir = data_dir(settings.directory, number);
        let log = settings.directory.join(format!("server-{number}.log"));
        let mut program = Program::new(settings.program).data_dir(&data_dir).log_file(log);
        program = program.env_remove("IUTSAI_DEMO").env("RUST_LOG", "info");
        match duty {
            Duty::All => {}
            Duty::Producer => program = program.env("IUTSAI_ROLES", "web,producer"),
            Duty::Fanout => program = program.env("IUTSAI_ROLES", "fanout"),
        }
        for (name, value) in cut.environment() {
            program = program.env(name, value);
        }
        for (name, value) in &settings.environment {
            program = program.env(name, value);
        }
        let server = program.start_unready().await?;
        let backup = settings.directory.join(format!("backup-{number}"));
        let (program, environment) = (settings.program.to_owned(), settings.environment.clone());
        Ok(Self { server, duty, program, environment, data_dir, backup, disk })
    }

    /// The server.
    pub(super) fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// Its small disk, where it has one.
    pub(super) fn disk(&self) -> Option<&SmallDisk> {
        self.disk.as_ref()
    }

    /// Kills it and throws away what it had not synced.
    ///
    /// # Errors
    /// As [`Server::kill`] and [`PowerCut::cut`].
    pub(super) async fn lose_power(&mut self, cut: &PowerCut) -> Result<Thrown, Error> {
        match self.server.kill().await {
            Ok(()) | Err(Error::NotRunning(_)) => cut.cut(&self.data_dir),
            Err(other) => Err(other),
        }
    }

    /// The directory of everything that it keeps.
    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Backs it up while it runs.
    ///
    /// # Errors
    /// As [`file_faults::back_up`].
    pub(super) async fn back_up(&self) -> Result<(), Error> {
        file_faults::back_up(&self.program, &self.data_dir, &self.backup).await
    }

    /// Restores its last backup, after its end.
    ///
    /// # Errors
    /// As [`file_faults::restore`] and [`PowerCut::commit`].
    pub(super) async fn restore(&self, cut: &PowerCut) -> Result<(), Error> {
        file_faults::restore(&self.program, &self.data_dir, &self.backup).await?;
        // Unsynced writes to the former files are no part of the restored ones. The former files must still be there to
        // be found.
        cut.commit(&self.data_dir)?;
        file_faults::remove_former(&self.data_dir)
    }

    /// Compares what it counted live with what its log has, while it runs; `None` for one that does not count.
    ///
    /// # Errors
    /// As [`statistics::verify`].
    pub(super) async fn verify_statistics(&self) -> Result<Option<Comparison>, Error> {
        if self.duty != Duty::All {
            return Ok(None);
        }
        statistics::verify(&self.program, &self.data_dir, &self.environment).await.map(Some)
    }

    /// Starts it again after its end, however often that takes.
    ///
    /// # Errors
    /// What kept it from starting the last time.
    pub(super) async fn start_again(&mut self, journal: &Journal) -> Result<(), Error> {
        for _ in 1..STARTS {
            match self.server.start_again().await {
                Ok(()) => return Ok(()),
                Err(Error::ServerEnded { status, .. }) => {
                    journal.log(format_args!("a server did not start ({status}); it is tried again"));
                }
                Err(other) => return Err(other),
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.server.start_again().await
    }

    /// Starts it again if it ended unasked. Returns whether it had.
    ///
    /// # Errors
    /// As [`Node::start_again`].
    pub(super) async fn mend(&mut self, journal: &Journal) -> Result<bool, Error> {
        match self.server.is_running() {
            Ok(true) => Ok(false),
            Ok(false) => self.start_again(journal).await.map(|()| true),
            Err(Error::ServerEnded { status, .. }) => {
                journal.log(format_args!("a server ended unasked ({status}); it is started again"));
                self.start_again(journal).await.map(|()| true)
            }
            Err(other) => Err(other),
        }
    }

    /// Ends it in order, as an upgrade does.
    ///
    /// # Errors
    /// As [`Node::mend`], and [`Error::Usage`] when its exit status is not 0.
    pub(super) async fn end_to_start_again(&mut self, journal: &Journal) -> Result<(), Error> {
        self.mend(journal).await?;
        let status = self.server.terminate().await?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Usage(format!("a server did not end in order ({status})")))
    }

    /// Copies what its small disk holds to a directory beside it.
    ///
    /// # Errors
    /// As [`SmallDisk::copy_to`].
    pub(super) fn keep_disk(&self) -> Result<(), Error> {
        let beside = self.data_dir.with_extension("kept");
        self.disk.as_ref().map_or(Ok(()), |disk| disk.copy_to(&beside))
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// As [`Server::end`].
    pub(super) async fn end(self) -> Result<(), Error> {
        self.server.end().await
    }
}

/// The data directory of a server.
pub(super) fn data_dir(directory: &Path, number: usize) -> PathBuf {
    directory.join("data").join(format!("server-{number}"))
}
