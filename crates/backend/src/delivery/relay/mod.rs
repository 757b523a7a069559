//! From the outbox to Kafka. A fresh event is published side by side with its fsync; what Kafka did not acknowledge is
//! published again until it does; what Kafka refuses for good is set aside.
//!
//! After a start, the outbox's entries of the last 49 hours go first, in their order within each line. Until they are
//! published, fresh events wait in the outbox, so that the accept that was first stays the first.

mod backlog;
mod state;

pub(crate) use state::show_local_state;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::Position;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock,
    delivery::{
        log::{Kafka, Outgoing, kafka::Unpublished},
        outbox::{Entry, Outbox, OutboxError, Sequence},
    },
    readiness::StateSender,
    traces::{Trace, kind},
};

/// Publishes the outbox's entries to Kafka. Clones are the same.
#[derive(Clone)]
pub struct Relay(Arc<Inner>);

struct Inner {
    outbox: Outbox,
    kafka: Kafka,
    /// True once the outbox's entries of the last 49 hours are published, so fresh events may be, too.
    is_open: watch::Sender<bool>,
    /// Entries that some task is publishing, or whose mark is not written yet.
    under_way: Mutex<HashSet<Sequence>>,
    /// Something is left to be published again.
    left: Notify,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

/// The outcome of a publication.
type Outcome = Result<Position, Unpublished>;

/// A record on its way to Kafka. Clones are the same record.
#[derive(Clone)]
pub struct Publication(watch::Receiver<Option<Outcome>>);

impl Publication {
    /// Returns whether Kafka has acknowledged it by now.
    #[must_use]
    pub fn is_published(&self) -> bool {
        matches!(*self.0.borrow(), Some(Ok(_)))
    }

    /// Returns what became of it; `None` if its task ended before.
    async fn outcome(mut self) -> Option<Outcome> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
    }
}

impl<'a> From<&'a Entry> for Outgoing<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            topic: &entry.topic,
            key: &entry.line,
            value: &entry.value,
            timestamp: entry.at,
            id: Some(entry.origin.id),
            republished: false,
            age: clock::since(entry.at),
            traceparent: entry.traceparent.as_deref(),
        }
    }
}

impl Relay {
    /// A relay from `outbox` to `kafka`, at work until [`Relay::stop`]. It sets `state` to whether calls can be taken.
    #[must_use]
    pub fn start(outbox: Outbox, kafka: Kafka, state: StateSender) -> Self {
        let relay = Self(Arc::new(Inner {
            outbox,
            kafka: kafka.clone(),
            is_open: watch::Sender::new(false),
            under_way: Mutex::default(),
            left: Notify::new(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }));
        relay.spawn(kafka.keep_connected());
        relay.spawn(relay.clone().work_off_backlog());
        relay.spawn(relay.clone().show_state(state));
        relay
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.0.stopping.clone();
        self.0.tasks.spawn(async move { stopping.run_until_cancelled(work).await });
    }

    /// Starts to publish a fresh entry, which need not be durable yet; `None` while older entries go first.
    #[must_use]
    pub fn publish(&self, entry: &Entry) -> Option<Publication> {
        self.0.is_open.borrow().then(|| self.publish_now(entry.clone()))
    }

    fn publish_now(&self, entry: Entry) -> Publication {
        let (sender, receiver) = watch::channel(None);
        let kafka = self.0.kafka.clone();
        self.0.tasks.spawn(async move {
            let trace = Trace::read(entry.traceparent.as_deref());
            let mut step = trace.and_then(|trace| trace.step("publish", kind::Producer, &entry.topic));
            let outcome = kafka.publish(Outgoing::from(&entry)).await;
            if let (Err(Unpublished::Unknown(why) | Unpublished::Refused(why)), Some(step)) =
                (&outcome, &mut step)
            {
                step.fail(why);
            }
            drop(step);
            sender.send_replace(Some(outcome));
        });
        Publication(receiver)
    }

    /// Follows the publication of an entry, which is durable now, to its mark. An entry without one is published as part of
    /// the backlog.
    pub fn follow(&self, sequence: Sequence, publication: Option<&Publication>) {
        let Some(publication) = publication.cloned() else { return self.0.left.notify_one() };
        self.lock().insert(sequence);
        let relay = self.clone();
        self.0.tasks.spawn(async move {
            match publication.outcome().await {
                Some(outcome) => relay.record_outcome(sequence, outcome).await,
                None => relay.leave(sequence),
            }
        });
    }

    /// Returns whether Kafka makes an entry durable before `deadline` that the outbox could not keep. That is possible
    /// only where more than one broker acknowledges, each from its disk.
    pub(crate) async fn is_durable_without_outbox(
        &self,
        entry: &Entry,
        publication: Option<Publication>,
        deadline: Instant,
    ) -> bool {
        if !self.0.kafka.is_durable(&entry.topic) {
            return false;
        }
        let publication = publication.unwrap_or_else(|| self.publish_now(entry.clone()));
        match timeout_at(deadline, publication.outcome()).await {
            // It may have become another topic meanwhile.
            Ok(Some(Ok(_))) => self.0.kafka.is_durable(&entry.topic),
            Ok(Some(Err(Unpublished::Unknown(error) | Unpublished::Refused(error)))) => {
                tracing::error!(%error, "neither the outbox nor Kafka recorded an event");
                false
            }
            Ok(None) | Err(_) => false,
        }
    }

    /// Takes back the marks of another cluster.
    ///
    /// # Errors
    /// [`OutboxError`] if that could not be written.
    pub(crate) async fn adopt_marks(&self) -> Result<(), OutboxError> {
        let cluster = self.0.kafka.cluster().await;
        let changed = self.0.outbox.adopt_marks(Some(&cluster)).await?;
        if changed > 0 {
            tracing::info!(changed, %cluster, "the outbox's marks now belong to this cluster");
        }
        Ok(())
    }

    /// Publishes again what has lost its mark.
    pub(crate) fn renew(&self) {
        self.0.left.notify_one();
    }

    /// Marks what was acknowledged, sets aside what is refused, and leaves the rest to the backlog.
    async fn record_outcome(&self, sequence: Sequence, outcome: Outcome) {
        let noted = match outcome {
            Ok(position) => {
                let cluster = self.0.kafka.cluster().await;
                self.0.outbox.mark(sequence, position, &cluster).await
            }
            Err(Unpublished::Refused(error)) => {
                tracing::error!(%error, sequence = sequence.0, "Kafka refuses an entry finally, setting it aside");
                metrics::counter!("iutsai_outbox_refused_total").increment(1);
                self.0.outbox.refuse(sequence, error.to_string()).await
            }
            Err(Unpublished::Unknown(error)) => {
                tracing::warn!(%error, sequence = sequence.0, "publish failed, retrying");
                metrics::counter!("iutsai_publish_failures_total").increment(1);
                return self.leave(sequence);
            }
        };
        // Until that is written, the backlog would take it for one that waits.
        let relay = self.clone();
        self.0.tasks.spawn(async move {
            // A note that could not be written leads to one more publication, which the fold drops.
            let _ = noted.await;
            relay.lock().remove(&sequence);
        });
    }

    /// Leaves an entry to the backlog.
    fn leave(&self, sequence: Sequence) {
        self.lock().remove(&sequence);
        self.0.left.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<Sequence>> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the publications under way a few seconds, then ends. The rest stays in the outbox.
    pub async fn stop(&self, patience: Duration) {
        if let Err(error) = self.0.kafka.flush(patience).await {
            tracing::warn!(%error, "Kafka did not acknowledge everything; the outbox keeps it for the next start");
        }
        self.0.stopping.cancel();
        self.0.tasks.close();
        if timeout(patience, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("some publications were still under way at the end; the outbox keeps them");
        }
        self.0.kafka.close().await;
    }
}
