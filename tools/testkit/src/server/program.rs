//! The program to start, and its settings.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    Error,
    server::{Server, output::Log},
};

/// The variable with the place of this build's site. Every other one of the program's own is kept out, so that nothing
/// set on this machine changes the test.
const INHERITED: &str = "IUTSAI_SITE_DIR";

/// A program `iutsai` with its settings, not started yet.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, Option<OsString>>,
    data_dir: Option<PathBuf>,
    log: Option<PathBuf>,
    descriptors: Option<u64>,
}

impl Program {
    /// The program at `path`, to be started as `iutsai serve` with the demo complex, on a free port of loopback and on a
    /// new data directory. It makes no silent calls unless `IUTSAI_CANARY_SECONDS` is set, because they are among what tests
    /// count in the outbox and in metrics.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let demo = ("IUTSAI_DEMO".into(), Some("1".into()));
        let canary = ("IUTSAI_CANARY_SECONDS".into(), Some("0".into()));
        Self {
            path: path.into(),
            arguments: vec!["serve".into()],
            environment: BTreeMap::from([demo, canary]),
            data_dir: None,
            log: None,
            descriptors: None,
        }
    }

    /// Adds an argument after `serve`.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), Some(value.into()));
        self
    }

    /// Leaves an environment variable out.
    #[must_use]
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), None);
        self
    }

    /// Keeps its data here, and leaves it there at the end.
    #[must_use]
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(directory.into());
        self
    }

    /// Writes its log here, and leaves it there at the end.
    #[must_use]
    pub fn log_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.log = Some(file.into());
        self
    }

    /// Allows it this number of open files, and no more, as soft and hard limit.
    #[must_use]
    pub fn descriptors(mut self, limit: u64) -> Self {
        self.descriptors = Some(limit);
        self
    }

    /// Starts it and waits until `/readyz` answers 200.
    ///
    /// # Errors [`Error::System`] when it cannot be started; [`Error::ServerEnded`] with its log when it ends unasked,
    /// as with settings it refuses; [`Error::ServerLate`].
    pub async fn start(self) -> Result<Server, Error> {
        let mut server = self.start_unready().await?;
        server.wait_ready().await?;
        Ok(server)
    }

    /// Starts it and waits only until it listens.
    ///
    /// # Errors
    /// As [`Program::start`].
    pub async fn start_unready(self) -> Result<Server, Error> {
        let directory = tempfile::Builder::new()
            .prefix("iutsai-")
            .tempdir()
            .map_err(Error::system("make a temporary directory"))?;
        let is_quiet = self.log.is_some();
        let log = Log::create(self.log.clone().unwrap_or_else(|| directory.path().join("server.log")))?;
        let data_dir = self.data_dir.clone().unwrap_or_else(|| directory.path().join("data"));
        let mut server = Server {
            program: self,
            child: None,
            address: String::new(),
            log,
            data_dir,
            is_quiet,
            _directory: directory,
        };
        server.launch(0).await?;
        Ok(server)
    }

    /// Returns the `DATABASE_URL` that it is given, if any.
    pub(super) fn database(&self) -> Option<String> {
        let url = self.environment.get(OsStr::new("DATABASE_URL"))?.as_ref()?;
        url.to_str().map(str::to_owned)
    }

    pub(super) fn spawn(&self, port: u16, data_dir: &Path, log: &Log) -> Result<Child, Error> {
        let mut command = self.command();
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_the_programs(name)) {
            command.env_remove(name);
        }
        command.args(&self.arguments).env("IUTSAI_DATA_DIR", data_dir);
        command.env("IUTSAI_LISTEN", format!("127.0.0.1:{port}"));
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.append()?)
            .spawn()
            .map_err(Error::system(format!("start {}", self.path.display())))
    }

    fn command(&self) -> Command {
        let Some(limit) = self.descriptors else { return Command::new(&self.path) };
        // The shell becomes the program, so that its process is the program's.
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"ulimit -n "$1" && shift && exec "$@""#, "sh"]).arg(limit.to_string());
        shell.arg(&self.path);
        shell
    }
}

fn is_the_programs(name: &OsStr) -> bool {
    let Some(text) = name.to_str() else { return false };
    let prefixed = ["IUTSAI_", "KAFKA_", "MAP_TILE_"].iter().any(|prefix| text.starts_with(prefix));
    (prefixed || text == "DATABASE_URL") && text != INHERITED
}
