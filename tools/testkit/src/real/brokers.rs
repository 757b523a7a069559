//! Kafka brokers by `script/kafka`, as clients reach them directly.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::{process_in, setting, words};
use crate::{Error, server::Process};

/// One broker or three. They are taken down when this is dropped.
#[derive(Debug)]
pub struct Brokers {
    script: PathBuf,
    directory: PathBuf,
    count: u8,
    bootstrap: String,
}

impl Brokers {
    /// Starts a cluster of so many brokers, which is 1 or 3, in a directory.
    ///
    /// # Errors
    /// [`Error::Usage`] with the script's words.
    pub async fn start_cluster(scripts: &Path, directory: &Path, count: u8) -> Result<Self, Error> {
        let mut brokers = Self {
            script: scripts.join("kafka"),
            directory: directory.into(),
            count,
            bootstrap: String::new(),
        };
        let output = words(&mut brokers.command(&["up", "--brokers", &count.to_string()])).await?;
        brokers.bootstrap = setting(&output, "KAFKA_BOOTSTRAP_SERVERS")?;
        Ok(brokers)
    }

    /// `KAFKA_BOOTSTRAP_SERVERS`.
    #[must_use]
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Gives each of the service's topics so many partitions, which must be more than they have.
    ///
    /// # Errors
    /// [`Error::Usage`] with the script's words.
    pub async fn set_partitions(&self, partitions: u32) -> Result<(), Error> {
        words(&mut self.command(&["partitions", &partitions.to_string()])).await.map(drop)
    }

    /// Their processes.
    ///
    /// # Errors
    /// [`Error::NotRunning`].
    pub fn processes(&self) -> Result<Vec<Process>, Error> {
        let file = |node: u8| self.directory.join(format!("node-{node}")).join("pid");
        (1..=self.count).map(|node| process_in(&file(node))).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.script);
        command.args(arguments).arg("--dir").arg(&self.directory);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Drop for Brokers {
    fn drop(&mut self) {
        let mut down = std::process::Command::new(&self.script);
        let down = down.arg("down").arg("--dir").arg(&self.directory).stdout(Stdio::null()).status();
        if !down.is_ok_and(|status| status.success()) {
            eprintln!("Kafka may still run; see to it with {} down", self.script.display());
        }
    }
}
