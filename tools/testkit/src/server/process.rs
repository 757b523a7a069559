//! Processes as Linux shows them in /proc, and signals to them (proc(5), signal(7)).

use std::{
    fs, io,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Error, server::GLANCE};

/// One process, also when its number is given to another one later, because the time of its start is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pid: u32,
    /// In clock ticks since the machine started.
    started: u64,
    name: String,
}

/// The content of one line of /proc/PID/stat.
struct Stat {
    name: String,
    state: char,
    parent: u32,
    started: u64,
}

impl Process {
    /// The process with this number, if it runs.
    #[must_use]
    pub fn find(pid: u32) -> Option<Self> {
        let stat = Stat::of(pid)?;
        stat.runs().then_some(Self { pid, started: stat.started, name: stat.name })
    }

    /// Its number.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// The program's name, up to 15 octets of it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its children that run.
    ///
    /// # Errors
    /// [`Error::System`] where there is no /proc.
    pub fn children(&self) -> Result<Vec<Self>, Error> {
        let all = fs::read_dir("/proc").map_err(Error::system("list the processes in /proc"))?;
        let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let child = |pid: u32| {
            let stat = Stat::of(pid).filter(|stat| stat.parent == self.pid && stat.runs())?;
            Some(Self { pid, started: stat.started, name: stat.name })
        };
        Ok(pids.filter_map(child).collect())
    }

    /// Returns whether it still runs; a stopped one does.
    #[must_use]
    pub fn is_running(&self) -> bool {
        Stat::of(self.pid).is_some_and(|stat| stat.runs() && stat.started == self.started)
    }

    /// Sends SIGKILL, which ends it at once.
    ///
    /// # Errors
    /// [`Error::NotRunning`], [`Error::System`].
    pub fn kill(&self) -> Result<(), Error> {
        self.signal(Signal::KILL)
    }

    /// Sends SIGTERM, which asks it to end.
    ///
    /// # Errors
    /// [`Error::NotRunning`], [`Error::System`].
    pub fn terminate(&self) -> Result<(), Error> {
        self.signal(Signal::TERM)
    }

    /// Sends SIGSTOP. It does nothing until [`Process::resume`], and its connections stay open.
    ///
    /// # Errors
    /// [`Error::NotRunning`], [`Error::System`].
    pub fn stop(&self) -> Result<(), Error> {
        self.signal(Signal::STOP)
    }

    /// Sends SIGCONT, so that it goes on.
    ///
    /// # Errors
    /// [`Error::NotRunning`], [`Error::System`].
    pub fn resume(&self) -> Result<(), Error> {
        self.signal(Signal::CONT)
    }

    /// Waits until it has ended; whether it has.
    pub async fn ends_within(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        while self.is_running() {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(GLANCE).await;
        }
        true
    }

    fn signal(&self, signal: Signal) -> Result<(), Error> {
        let not_running = || Error::NotRunning(format!("{} (process {})", self.name, self.pid));
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw).ok_or_else(not_running)?;
        if !self.is_running() {
            return Err(not_running());
        }
        kill_process(pid, signal)
            .map_err(io::Error::from)
            .map_err(Error::system(format!("send {signal:?} to {} (process {})", self.name, self.pid)))
    }
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name stands in parentheses and may hold any character; the fields after it are numbered from 3.
    fn parse(line: &str) -> Option<Self> {
        let (_, after) = line.split_once('(')?;
        let (name, after) = after.rsplit_once(')')?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        Some(Self {
            name: name.to_owned(),
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }

    /// A zombie has ended and only waits for its parent to look.
    fn runs(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    struct Sleeper(Child);

    impl Sleeper {
        fn start() -> (Self, Process) {
            let child = Command::new("sleep").arg("60").spawn().unwrap();
            let process = Process::find(child.id()).unwrap();
            (Self(child), process)
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    #[test]
    fn a_name_with_parentheses_and_spaces_is_read() {
        let line = "77 (a) b (c) S 5 1 1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 123456 1 1";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.name.as_str(), stat.state, stat.parent, stat.started), ("a) b (c", 'S', 5, 123_456));
    }

    #[test]
    fn a_child_is_found_among_the_processes() {
        let (_sleeper, process) = Sleeper::start();
        let own = Process::find(std::process::id()).unwrap();
        assert!(own.children().unwrap().contains(&process));
    }

    #[tokio::test]
    async fn a_stopped_process_runs_and_a_killed_one_does_not() {
        let (_sleeper, process) = Sleeper::start();
        process.stop().unwrap();
        assert!(!process.ends_within(Duration::from_millis(50)).await);
        process.kill().unwrap();
        assert!(process.ends_within(Duration::from_secs(10)).await);
        assert!(matches!(process.resume(), Err(Error::NotRunning(_))));
    }
}
