//! Ends that no operator would choose, and the start after them.

use std::time::Instant;

use super::{GLANCE, PATIENCE, Process, Server};
use crate::Error;

impl Server {
    /// Whether the program runs, as far as is known without asking it.
    ///
    /// # Errors
    /// [`Error::ServerEnded`] when it ended by itself since it was looked at last.
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

    /// Ends the program and every broker it has started at one moment, as a power cut does: it is stopped first, so
    /// that it can do nothing about its broker's death.
    ///
    /// # Errors
    /// [`Error::System`], [`Error::ServerLate`] when one of them does not end.
    pub async fn lose_power(&mut self) -> Result<(), Error> {
        if let Ok(process) = self.process() {
            process.stop()?;
            // All its children are brokers; one that was started just now may not bear the name yet.
            self.brokers.extend(process.children()?);
            process.kill()?;
        }
        for broker in self.brokers.iter().filter(|broker| broker.is_running()) {
            match broker.kill() {
                Ok(()) | Err(Error::NotRunning(_)) => {}
                Err(other) => return Err(other),
            }
        }
        if self.child.is_some() {
            self.wait_for_end(PATIENCE).await?;
        }
        let deadline = Instant::now() + PATIENCE;
        while self.brokers.iter().any(Process::is_running) {
            if Instant::now() >= deadline {
                return Err(self.late("lose its broker", PATIENCE));
            }
            tokio::time::sleep(GLANCE).await;
        }
        self.brokers.clear();
        Ok(())
    }
}
