//! The closing of a socket from outside, with its reason.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Why a socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The server stops.
    Stopping,
    /// The session has ended.
    SessionEnded,
    /// The account has another line, house or role now, or it is not known which accounts have.
    AccountChanged,
    /// Another socket has its place.
    Displaced,
}

/// Closes one socket. Clones close the same.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    token: CancellationToken,
    reason: Arc<OnceLock<Reason>>,
}

impl Closing {
    /// Closes a socket that is also closed by `stopping`.
    pub(super) fn new(stopping: &CancellationToken) -> Self {
        Self { token: stopping.child_token(), reason: Arc::default() }
    }

    /// Closes it. The first reason counts.
    pub(super) fn close(&self, reason: Reason) {
        // It may be closing already.
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    pub(super) fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Returns why it was closed; without a reason of its own the server stops.
    pub(super) fn reason(&self) -> Reason {
        self.reason.get().copied().unwrap_or(Reason::Stopping)
    }
}
