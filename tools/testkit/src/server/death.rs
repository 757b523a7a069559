//! Ends that no operator would choose, and the start after them.

use super::Server;
use crate::Error;

impl Server {
    /// Returns whether the program runs, as far as is known without asking it.
    ///
    /// # Errors [`Error::ServerEnded`] when it ended unasked since the last look at it.
    pub fn is_running(&mut self) -> Result<bool, Error> {
        match self.still_running() {
            Ok(()) => Ok(true),
            Err(Error::NotRunning(_)) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Starts it again after its end, on the same data directory, port and settings, and waits only until it listens.
    ///
    /// # Errors
    /// As [`crate::server::Program::start_unready`].
    pub async fn start_again(&mut self) -> Result<(), Error> {
        let port = self.client()?.port();
        self.launch(port).await
    }
}
