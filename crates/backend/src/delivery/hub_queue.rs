//! The queue of events that this node's hub is about to apply. It has the commits of the outbox, in the order of
//! sequences, and the events that go past the outbox or the log. A sender never waits for the hub.

use std::time::Duration;

use domain::Event;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::outbox::Committed;

/// The time to wait for the hub's answer on an event that could not be recorded.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(1);

/// An event for this node's hub.
#[derive(Debug)]
pub enum Queued {
    /// It is on this node's disk.
    Committed(Committed),
    /// It is not recorded here, or not yet. It has its trace, and the answer is whether it was pushed to a socket of
    /// another house.
    Direct(Event, Option<String>, oneshot::Sender<bool>),
    /// Another process handed it over, this long after it was received.
    HandedOver(Event, Duration),
}

impl Queued {
    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> &Event {
        match self {
            Self::Committed(committed) => &committed.event,
            Self::Direct(event, _, _) | Self::HandedOver(event, _) => event,
        }
    }
}

/// The sending end. Clones are the same queue.
#[derive(Clone, Debug)]
pub struct HubQueue(mpsc::UnboundedSender<Queued>);

impl HubQueue {
    /// A queue with the end that the hub's runtime drains.
    #[must_use]
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Queued>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Queues an event. A hub that has ended needs none.
    pub(super) fn push(&self, queued: Queued) {
        let _ = self.0.send(queued);
    }

    /// Queues an event that is not recorded. The future returns whether the hub pushed it to a socket of another house.
    pub(super) fn push_unrecorded(
        &self,
        event: Event,
        traceparent: Option<String>,
    ) -> impl Future<Output = bool> + use<> {
        let (answer, delivered) = oneshot::channel();
        self.push(Queued::Direct(event, traceparent, answer));
        async move { matches!(timeout(DELIVERY_PATIENCE, delivered).await, Ok(Ok(true))) }
    }
}
