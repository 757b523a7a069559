//! The closing of a socket from outside, with its reason.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Why a socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
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
    why: Arc<OnceLock<Why>>,
}

impl Closing {
    /// Closes a socket that is also closed by `stopping`.
    pub(super) fn new(stopping: &CancellationToken) -> Self {
        Self { token: stopping.child_token(), why: Arc::default() }
    }

    /// Closes it. The first reason counts.
    pub(super) fn close(&self, why: Why) {
        // It may be closing already.
        let _ = self.why.set(why);
        self.token.cancel();
    }

    pub(super) fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Returns why it was closed; without a reason of its own the server stops.
    pub(super) fn why(&self) -> Why {
        self.why.get().copied().unwrap_or(Why::Stopping)
    }
}
