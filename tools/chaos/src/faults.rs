//! Parts fail at random while people call, come and listen. Afterwards everything is mended, and what was recorded is
//! judged ([`crate::checker`]). Statistics are compared with the log.
//!
//! A seed decides which faults come when and who does what when; the machine decides the rest.

mod caller;
mod disk;
mod ear;
mod fault;
mod file_faults;
mod finish;
mod injector;
mod journal;
pub(crate) mod kafka;
mod metadata;
mod nginx;
mod nodes;
mod proxy;
mod random;
mod recorder;
mod report;
mod run;
mod schedule;
mod script;
mod settings;
mod statistics;
mod town;
mod world;

pub use fault::Kind;
pub use settings::{Log, Roles, Settings};
use testkit::Error;

/// Runs, judges and prints. It ends every process that it started, also when it is interrupted.
///
/// # Errors The error that kept it from running, or [`Error::Usage`] when an event was lost, sent twice or sent
/// differently.
pub fn run(settings: &Settings) -> Result<(), Error> {
    until_interrupted(run::run(settings))
}

/// Runs `work` on a runtime of its own. SIGINT or SIGTERM drops it, and with it whatever it started.
pub(crate) fn until_interrupted(work: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let runtime = tokio::runtime::Runtime::new().map_err(Error::system("start a runtime"))?;
    let outcome = runtime.block_on(testkit::until_interrupted(work));
    // Tasks that were left behind end here, and what they hold is dropped.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    outcome
}
