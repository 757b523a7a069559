//! Changes, for everything in this process that reacts to events. The channel never blocks the hub.

use domain::{Change, Line};
use tokio::sync::{broadcast, watch};

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
pub struct Wakes(watch::Receiver<()>);

impl Wakes {
    /// Waits for a change; returns false once there can be no more. All changes up to now count as one.
    pub async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// The hub's end. Clones publish to the same listeners.
#[derive(Clone)]
pub(super) struct Changes {
    each: broadcast::Sender<Changed>,
    any: watch::Sender<()>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { each: broadcast::Sender::new(BEHIND), any: watch::Sender::new(()) }
    }
}

impl Changes {
    /// Subscribes to what is published from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Changed> {
        self.each.subscribe()
    }

    /// Wakes a listener whenever anything has changed from now on.
    pub(super) fn wakes(&self) -> Wakes {
        Wakes(self.any.subscribe())
    }

    /// Returns whether anybody listens.
    pub(super) fn is_listened_to(&self) -> bool {
        self.each.receiver_count() + self.any.receiver_count() > 0
    }

    /// Publishes a change without waiting for anybody.
    pub(super) fn publish(&self, changed: Changed) {
        // The last listener may have gone meanwhile, and then nobody needs it.
        let _ = self.each.send(changed);
        self.wake();
    }

    /// Wakes those who look at all calls, because many have changed at once.
    pub(super) fn wake(&self) {
        self.any.send_replace(());
    }
}
