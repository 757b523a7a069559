//! The processor's time of a process (proc(5), /proc/PID/stat).

use std::{fs, time::Duration};

use crate::{Error, server::Process};

/// A clock tick of /proc, which Linux shows to programs as a hundredth of a second on every machine (USER_HZ).
const TICK: Duration = Duration::from_millis(10);

/// Returns the time that all threads of a process have had on all cores, in the program and in the kernel.
///
/// # Errors
/// [`Error::NotRunning`].
pub fn time_of(process: &Process) -> Result<Duration, Error> {
    let gone = || Error::NotRunning(process.name().into());
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.pid())).map_err(|_| gone())?;
    read(&stat).ok_or_else(gone)
}

/// The name stands in parentheses and may hold any character; the fields after it are numbered from 3.
fn read(stat: &str) -> Option<Duration> {
    let (_, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_whitespace().skip(11).map(str::parse::<u32>);
    let (user, system) = (fields.next()?.ok()?, fields.next()?.ok()?);
    Some(TICK * (user + system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_the_program_and_in_the_kernel_is_added_up() {
        let stat = "77 (a) b (c) S 5 1 1 0 -1 4194304 1 0 0 0 250 50 7 7 20 0 1 0 123456 1 1";
        assert_eq!(read(stat), Some(Duration::from_secs(3)));
        assert_eq!(read("77 (a"), None);
    }
}
