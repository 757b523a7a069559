//! When to stop: standard input closed, or SIGTERM.

use std::io::{IsTerminal, Read};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// What tells the broker to stop.
///
/// Standard input is the leash to whoever started the broker: the kernel closes it also when that process is killed, so
/// that no broker outlives its server. Ctrl-C and a closed terminal reach every process of the session at once, while the
/// broker is to stop last; so they count only when the broker itself was started at a terminal.
pub(crate) struct Stop {
    stdin_closed: oneshot::Receiver<()>,
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    at_terminal: bool,
}

impl Stop {
    /// Begins to listen for signals and to read standard input.
    ///
    /// # Errors
    ///
    /// When a signal handler or the reading thread cannot be set up.
    pub(crate) fn install() -> std::io::Result<Self> {
        let (closed, stdin_closed) = oneshot::channel();
        // A thread of its own: a blocking read of stdin cannot be cancelled and would hold up the runtime's end.
        std::thread::Builder::new().name("stdin".into()).spawn(move || {
            wait_until_closed(std::io::stdin().lock());
            // The receiver is gone only when the broker is already stopping.
            let _ = closed.send(());
        })?;
        Ok(Self {
            stdin_closed,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            at_terminal: std::io::stdin().is_terminal(),
        })
    }

    /// Returns when the broker is to stop.
    pub(crate) async fn requested(&mut self) {
        tokio::select! {
            _ = &mut self.stdin_closed => {}
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv(), if self.at_terminal => {}
            _ = self.hang_up.recv(), if self.at_terminal => {}
        }
    }
}

/// Reads and throws away what comes until the end of the input; a broken input counts as its end.
fn wait_until_closed(mut input: impl Read) {
    let mut buffer = [0; 1024];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
