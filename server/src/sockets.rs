//! The open sockets: how many there are, whose they are, and how they are told to close.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use backend::people::sessions::{SessionId, Sessions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast::error::RecvError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The open sockets. Clones share them.
#[derive(Clone)]
pub struct Sockets(Arc<Inner>);

struct Inner {
    limit: usize,
    free: Arc<Semaphore>,
    tasks: TaskTracker,
    stopping: CancellationToken,
    signed_in: Mutex<HashMap<SessionId, HashMap<u64, CancellationToken>>>,
    numbers: AtomicU64,
}

/// A socket's place among those that may be open. Dropping it gives it back.
pub struct Place {
    sockets: Sockets,
    number: u64,
    session: Option<SessionId>,
    close: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Sockets {
    /// Room for `limit` sockets.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Inner {
            limit,
            free: Arc::new(Semaphore::new(limit)),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            signed_in: Mutex::default(),
            numbers: AtomicU64::new(0),
        }))
    }

    /// A place for one more socket, if there is one.
    #[must_use]
    pub fn enter(&self) -> Option<Place> {
        let permit = self.0.free.clone().try_acquire_owned().ok()?;
        Some(Place {
            sockets: self.clone(),
            number: self.0.numbers.fetch_add(1, Ordering::Relaxed),
            session: None,
            close: self.0.stopping.child_token(),
            _permit: permit,
        })
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.limit - self.0.free.available_permits()
    }

    /// A socket's task, which [`Self::stop`] waits for.
    pub fn track<F: Future>(&self, task: F) -> impl Future<Output = F::Output> + use<F> {
        self.0.tasks.track_future(task)
    }

    /// Tells every socket to close and waits for them, but no longer than `patience`. Returns how many were left.
    pub async fn stop(&self, patience: Duration) -> usize {
        self.0.stopping.cancel();
        self.0.tasks.close();
        // Whoever is too slow to close loses the connection with the process.
        let _ = tokio::time::timeout(patience, self.0.tasks.wait()).await;
        self.0.tasks.len()
    }

    /// Closes the sockets of every session that ends; for ever.
    pub async fn close_ended(self, sessions: Sessions) {
        let mut ended = sessions.watch_ended();
        loop {
            match ended.recv().await {
                Ok(session) => self.close(|id| *id == session),
                // Which ones were missed is not known: all connect again, and only the ended cannot.
                Err(RecvError::Lagged(_)) => self.close(|_| true),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn close(&self, which: impl Fn(&SessionId) -> bool) {
        let signed_in = self.0.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, sockets) in signed_in.iter().filter(|(session, _)| which(session)) {
            sockets.values().for_each(CancellationToken::cancel);
        }
    }
}

impl Place {
    /// From now on this socket is the session's, and closes with it.
    pub fn belongs_to(&mut self, session: SessionId) {
        let mut signed_in = self.sockets.0.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        signed_in.entry(session.clone()).or_default().insert(self.number, self.close.clone());
        drop(signed_in);
        self.session = Some(session);
    }

    /// Cancelled when the socket is to close.
    #[must_use]
    pub fn close(&self) -> CancellationToken {
        self.close.clone()
    }

    /// Whether the reason to close is that the server stops.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.sockets.0.stopping.is_cancelled()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(session) = &self.session else { return };
        let mut signed_in = self.sockets.0.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sockets) = signed_in.get_mut(session) {
            sockets.remove(&self.number);
            if sockets.is_empty() {
                signed_in.remove(session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_more_sockets_enter_than_there_is_room_for() {
        let sockets = Sockets::new(1);
        let place = sockets.enter();
        assert!(place.is_some() && sockets.enter().is_none());
        assert_eq!(sockets.open(), 1);
        drop(place);
        assert!(sockets.enter().is_some());
    }

    #[tokio::test]
    async fn a_stop_tells_every_socket() {
        let sockets = Sockets::new(2);
        let place = sockets.enter().expect("room for two");
        assert!(!place.close().is_cancelled());
        assert_eq!(sockets.stop(Duration::from_secs(1)).await, 0);
        assert!(place.close().is_cancelled() && place.is_stopping());
    }
}
