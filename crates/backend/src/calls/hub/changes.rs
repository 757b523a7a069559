//! Changes, for everything in this process that reacts to events. The channel never blocks the hub.

use domain::{Change, Line};
use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};

/// Changes that a listener may be behind by before it loses the oldest.
const BEHIND: usize = 1_024;

/// The freshness of a change when it was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It happens now.
    Live,
    /// It happened more than ten minutes ago, or belongs to a call that is over.
    Late,
    /// It is part of what is read at a start.
    Replayed,
}

/// A change of a call of a line.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    /// The line.
    pub(crate) line: Line,
    /// The change.
    pub(crate) change: Change,
    /// Its freshness.
    pub(crate) freshness: Freshness,
    /// This node took the event that changed it.
    pub(crate) taken_here: bool,
}

/// The changes for a listener that looks at all calls whenever anything has changed.
pub struct Wakes(broadcast::Receiver<Changed>);

impl Wakes {
    pub(super) fn new(changes: broadcast::Receiver<Changed>) -> Self {
        Self(changes)
    }

    /// Waits for a change; returns false once there can be no more. All changes up to now count as one, also those that
    /// were lost because the listener lagged.
    pub async fn next(&mut self) -> bool {
        if matches!(self.0.recv().await, Err(RecvError::Closed)) {
            return false;
        }
        while !matches!(self.0.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
        true
    }
}

/// The hub's end. Clones publish to the same listeners.
#[derive(Clone)]
pub(super) struct Changes(broadcast::Sender<Changed>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }
}

impl Changes {
    /// Subscribes to what is published from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Changed> {
        self.0.subscribe()
    }

    /// Returns whether anybody listens.
    pub(super) fn is_listened_to(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Publishes a change without waiting for anybody.
    pub(super) fn publish(&self, changed: Changed) {
        // The last listener may have gone meanwhile, and then nobody needs it.
        let _ = self.0.send(changed);
    }
}
