//! A process that ends with its owner, and the ports of loopback that such processes listen on.

use std::{
    fs::{self, File},
    io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::net::TcpStream;

use crate::processes::Processes;
use testkit::{Error, server::Process};

const GLANCE: Duration = Duration::from_millis(20);
/// The lines of its output that an error shows.
const TAIL: usize = 20;

/// A process, by the number of which it is ended when this is dropped.
pub(super) struct Owned {
    child: Child,
    output: PathBuf,
    is_family: bool,
}

impl Owned {
    /// Starts a program whose output goes to a file. `package` is Debian's, for who does not have the program.
    pub(super) fn start(command: &mut Command, output: &Path, package: &str) -> Result<Self, Error> {
        let failed = |source| Error::File { what: "write", path: output.to_owned(), source };
        let file = File::create(output).map_err(failed)?;
        command.stdin(Stdio::null()).stdout(file.try_clone().map_err(failed)?).stderr(file);
        let program = command.get_program().to_string_lossy().into_owned();
        match command.spawn() {
            Ok(child) => Ok(Self { child, output: output.to_owned(), is_family: false }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Usage(format!(
                "there is no {program}; install it (Debian: apt-get install {package}), or name it by an option"
            ))),
            Err(error) => Err(Error::system(format!("start {program}"))(error)),
        }
    }

    /// It ends its own children when it is asked to end, and not when it is killed.
    pub(super) fn with_children(mut self) -> Self {
        self.is_family = true;
        self
    }

    /// Waits until it listens on a port.
    pub(super) async fn listens(&mut self, port: u16, patience: Duration, hint: &str) -> Result<(), Error> {
        let deadline = Instant::now() + patience;
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            let ended = self.child.try_wait().map_err(Error::system("look at a process"))?;
            if ended.is_some() || Instant::now() >= deadline {
                let output = self.tail();
                return Err(Error::Usage(format!("nothing listens on port {port}; {hint}\n{output}")));
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Returns its processes.
    pub(super) fn processes(&self) -> Result<Processes, Error> {
        let not_running = || Error::NotRunning("the program to compare with".into());
        Processes::with_children(Process::find(self.child.id()).ok_or_else(not_running)?)
    }

    fn tail(&self) -> String {
        let octets = fs::read(&self.output).unwrap_or_default();
        let text = String::from_utf8_lossy(&octets);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        match Process::find(self.child.id()) {
            Some(process) if self.is_family => drop(process.terminate()),
            _ => drop(self.child.kill()),
        }
        let _ = self.child.wait();
    }
}

/// Returns so many ports of loopback on which nothing listens.
pub(super) fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT], Error> {
    let mut ports = [0; COUNT];
    // All listen at one time, so that they are different ones.
    let mut listeners = Vec::new();
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(Error::system("find a free port"))?;
        *port = listener.local_addr().map_err(Error::system("find a free port"))?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_program_is_named_with_its_package() {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("/nowhere/rabbitmq-server");
        let error =
            Owned::start(&mut command, &directory.path().join("log"), "rabbitmq-server").err().unwrap();
        let error = error.to_string();
        assert!(error.contains("apt-get install rabbitmq-server"), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_ends_instead_of_listening_is_an_error_with_its_words() {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo these are its words"]);
        let mut child = Owned::start(&mut command, &directory.path().join("log"), "dash").unwrap();
        let [port] = free_ports().unwrap();
        let error = child.listens(port, Duration::from_secs(60), "see").await.unwrap_err().to_string();
        assert!(error.contains("these are its words"), "{error}");
    }

    #[test]
    fn free_ports_are_different_ones() {
        let [one, other, third] = free_ports().unwrap();
        assert!(one != other && other != third && one != third && one != 0);
    }
}
