//! A PostgreSQL server by `script/postgres`.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::{process_in, setting, words};
use crate::{Error, server::Process};

/// The database. It is taken down when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    script: PathBuf,
    directory: PathBuf,
    url: String,
}

impl Postgres {
    /// Starts one in a directory.
    ///
    /// # Errors
    /// [`Error::Usage`] with the script's words.
    pub async fn start_server(scripts: &Path, directory: &Path) -> Result<Self, Error> {
        let mut postgres =
            Self { script: scripts.join("postgres"), directory: directory.into(), url: String::new() };
        let output = words(&mut postgres.command("up")).await?;
        postgres.url = setting(&output, "DATABASE_URL")?;
        Ok(postgres)
    }

    /// `DATABASE_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its first process, whose children have the connections.
    ///
    /// # Errors
    /// [`Error::NotRunning`].
    pub fn process(&self) -> Result<Process, Error> {
        process_in(&self.directory.join("pid"))
    }

    /// Stops it at once, so that open connections end.
    ///
    /// # Errors
    /// [`Error::Usage`] with the script's words.
    pub async fn stop(&self) -> Result<(), Error> {
        words(&mut self.command("stop")).await.map(drop)
    }

    /// Starts it again.
    ///
    /// # Errors
    /// [`Error::Usage`] with the script's words.
    pub async fn start(&self) -> Result<(), Error> {
        words(&mut self.command("start")).await.map(drop)
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(&self.script);
        command.arg(what).arg("--dir").arg(&self.directory);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut down = std::process::Command::new(&self.script);
        let down = down.arg("down").arg("--dir").arg(&self.directory).stdout(Stdio::null()).status();
        if !down.is_ok_and(|status| status.success()) {
            eprintln!("PostgreSQL may still run; see to it with {} down", self.script.display());
        }
    }
}
