//! The output of the program, which is a file for its log, and the one line on standard output with its address.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::Child,
};

use tokio::sync::oneshot;

use crate::Error;

/// The text before the address.
const LISTENS: &str = "iutsai listens on ";

/// The number of lines of the log that an error shows.
const TAIL: usize = 60;

/// The file that standard output and standard error of every start go to.
#[derive(Debug)]
pub(super) struct Log(PathBuf);

impl Log {
    /// An empty file.
    pub(super) fn create(path: PathBuf) -> Result<Self, Error> {
        File::create(&path).map_err(|source| Error::File { what: "write", path: path.clone(), source })?;
        Ok(Self(path))
    }

    /// The file, to be written at its end.
    pub(super) fn append(&self) -> Result<File, Error> {
        let failed = |source| Error::File { what: "write", path: self.0.clone(), source };
        OpenOptions::new().append(true).open(&self.0).map_err(failed)
    }

    pub(super) fn read(&self) -> Result<String, Error> {
        match std::fs::read(&self.0) {
            Ok(octets) => Ok(String::from_utf8_lossy(&octets).into_owned()),
            Err(source) => Err(Error::File { what: "read", path: self.0.clone(), source }),
        }
    }

    /// The last lines, for an error.
    pub(super) fn tail(&self) -> String {
        match self.read() {
            Ok(text) => {
                let lines: Vec<&str> = text.lines().collect();
                lines[lines.len().saturating_sub(TAIL)..].join("\n")
            }
            Err(error) => error.to_string(),
        }
    }
}

/// Copies the child's standard output into the log until it ends, and gives the address in its first line of that form.
pub(super) fn address_of(child: &mut Child, log: &Log) -> Result<oneshot::Receiver<String>, Error> {
    let stdout = child.stdout.take().expect("standard output is piped, and taken once");
    let mut log = log.append()?;
    let (sender, receiver) = oneshot::channel();
    let mut sender = Some(sender);
    // A thread and not a task, because the child must never wait for a pipe that a runtime has stopped reading.
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).split(b'\n') {
            let Ok(line) = line else { break };
            // Without its log the server still runs, and what is tested is the server.
            let _ = log.write_all(&[&line[..], b"\n"].concat());
            let line = String::from_utf8_lossy(&line);
            if let Some(address) = line.trim_end().strip_prefix(LISTENS)
                && let Some(sender) = sender.take()
            {
                // Nobody may wait any more.
                let _ = sender.send(address.trim().to_owned());
            }
        }
    });
    Ok(receiver)
}
