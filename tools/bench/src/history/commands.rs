//! The program's commands beside the server, each with its time and its memory.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use super::Settings;
use testkit::{Error, measure::memory::Memory, server::Process};

/// The time between two looks at a command's memory. It only grows, so little is missed at the end.
const GLANCE: Duration = Duration::from_millis(20);

/// Runs commands on one data directory.
pub(super) struct Commands {
    program: PathBuf,
    data_dir: PathBuf,
    kafka: Option<String>,
}

/// A command that succeeded.
pub(super) struct Done {
    pub(super) took: Duration,
    /// The most memory that was resident, in octets.
    pub(super) memory: u64,
    /// Its standard output.
    pub(super) out: String,
}

impl Commands {
    pub(super) fn new(settings: &Settings, data_dir: &Path) -> Self {
        let (program, kafka) = (settings.program.clone(), settings.kafka.clone());
        Self { program, data_dir: data_dir.to_owned(), kafka }
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// [`Error::Usage`] with what it printed if it fails, [`Error::System`].
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<Done, Error> {
        let name = format!("iutsai {}", arguments.join(" "));
        let begun = Instant::now();
        let mut command = Command::new(&self.program);
        command.args(arguments).env("IUTSAI_DATA_DIR", &self.data_dir);
        command.env_remove("DATABASE_URL").env_remove("IUTSAI_TIME_ZONE").env("RUST_LOG", "warn");
        match &self.kafka {
            Some(servers) => command.env("KAFKA_BOOTSTRAP_SERVERS", servers),
            None => command.env_remove("KAFKA_BOOTSTRAP_SERVERS"),
        };
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.map_err(Error::system(format!("run {name}")))?;
        let process = child.id().and_then(Process::find);
        let output = child.wait_with_output();
        tokio::pin!(output);
        let mut memory = 0;
        let output = loop {
            tokio::select! {
                output = &mut output => break output.map_err(Error::system(format!("wait for {name}")))?,
                () = sleep(GLANCE) => {
                    // A process that has just ended has none.
                    let now = process.as_ref().and_then(|process| Memory::of(process).ok());
                    memory = memory.max(now.map_or(0, |now| now.most));
                }
            }
        };
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(Done { took: begun.elapsed(), memory, out });
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(Error::Usage(format!("{name} failed ({}): {} {}", output.status, out.trim(), errors.trim())))
    }
}
