//! The memory of a process (proc(5), /proc/PID/status).

use std::fs;

use crate::{Error, server::Process};

/// Resident memory, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The present size, VmRSS.
    pub now: u64,
    /// The largest size so far, VmHWM.
    pub most: u64,
}

impl Memory {
    /// Returns the memory of this process.
    ///
    /// # Errors
    /// [`Error::NotRunning`].
    pub fn of(process: &Process) -> Result<Self, Error> {
        let gone = || Error::NotRunning(process.name().into());
        let status = fs::read_to_string(format!("/proc/{}/status", process.pid())).map_err(|_| gone())?;
        read(&status).ok_or_else(gone)
    }
}

fn read(status: &str) -> Option<Memory> {
    let octets = |name: &str| {
        let kilobytes = status.lines().find_map(|line| line.strip_prefix(name))?;
        kilobytes.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    };
    Some(Memory { now: octets("VmRSS:")?, most: octets("VmHWM:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_octets() {
        let memory = read("Name:\tiutsai\nVmHWM:\t   20 kB\nVmRSS:\t   10 kB\n");
        assert_eq!(memory, Some(Memory { now: 10_240, most: 20_480 }));
        assert_eq!(read("Name:\tkthreadd\n"), None);
    }
}
