//! The queue of events that this node's hub is about to apply. It has the commits of the outbox, those of a line in the
//! order of sequences, and the events that go past the outbox or the log. A sender never waits for the hub.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    iter,
    sync::Arc,
    time::Duration,
};

use domain::{Event, Line};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::outbox::Committed;

/// The lines whose events are applied one after the other are a part of all, one of so many.
const LANES: usize = 16;
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
pub struct HubQueue(Arc<[mpsc::UnboundedSender<Queued>]>);

/// The ends that the hub's runtime drains. All events of one line come by the same.
pub type Lanes = Vec<mpsc::UnboundedReceiver<Queued>>;

impl HubQueue {
    /// A queue with its receiving ends.
    #[must_use]
    pub fn new() -> (Self, Lanes) {
        let (senders, lanes): (Vec<_>, Lanes) =
            iter::repeat_with(mpsc::unbounded_channel).take(LANES).unzip();
        (Self(senders.into()), lanes)
    }

    /// Queues an event. A hub that has ended needs none.
    pub(crate) fn push(&self, queued: Queued) {
        if let Some(lane) = self.0.get(lane_of(queued.event().line())) {
            let _ = lane.send(queued);
        }
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

/// Returns the number of a line's lane.
pub(crate) fn lane_of(line: &Line) -> usize {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default()
}
