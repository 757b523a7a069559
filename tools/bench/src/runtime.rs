//! The runtimes of a measurement. A press has the calling thread to itself, so that the threads which listen do not delay
//! the reading of its answer.

use testkit::Error;
use tokio::runtime::{Builder, Runtime};

/// Builds the runtime of the calling thread.
///
/// # Errors
/// [`Error::System`].
pub(crate) fn of_this_thread() -> Result<Runtime, Error> {
    Builder::new_current_thread().enable_all().build().map_err(Error::system("start a runtime"))
}

/// Builds a runtime with so many threads of its own. The error names `what` was tried.
///
/// # Errors
/// [`Error::System`].
pub(crate) fn of_threads(threads: u16, what: &str) -> Result<Runtime, Error> {
    Builder::new_multi_thread()
        .worker_threads(threads.into())
        .enable_all()
        .build()
        .map_err(Error::system(what))
}
