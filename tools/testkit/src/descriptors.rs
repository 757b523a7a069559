//! The number of files and sockets that this process may have open.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Error;

/// Raises this process's soft limit of open files to the hard one, for the programs it starts too.
///
/// # Errors
/// [`Error::System`], and [`Error::Usage`] when the hard limit is lower than what is `needed`.
pub fn allow(needed: u64) -> Result<(), Error> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised)
        .map_err(io::Error::from)
        .map_err(Error::system("raise the limit of open files"))?;
    match limit.maximum {
        Some(maximum) if maximum < needed => Err(Error::Usage(format!(
            "{needed} open files are needed and the hard limit is {maximum}: raise it (ulimit -Hn), or open fewer \
             sockets (--subscribers)."
        ))),
        _ => Ok(()),
    }
}
