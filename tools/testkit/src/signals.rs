//! The end that a person asks for.

use tokio::signal::unix::{SignalKind, signal};

use crate::error::Error;

/// Does `work`. SIGINT or SIGTERM drops it, and with it whatever it started.
///
/// # Errors
/// Those of the work, and [`Error::Usage`] when it was interrupted.
pub async fn until_interrupted<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut terminated = signal(SignalKind::terminate()).map_err(Error::system("listen for signals"))?;
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => Err(Error::Usage("interrupted; nothing was judged".into())),
        _ = terminated.recv() => Err(Error::Usage("terminated; nothing was judged".into())),
    }
}
