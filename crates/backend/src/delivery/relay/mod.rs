//! From the outbox to the log. A fresh press is published at once, side by side with its fsync; what Kafka
//! did not acknowledge is tried again for ever, and never stands before a fresh one; what Kafka refuses for good is set
//! aside.

mod state;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use wire::Position;

use crate::{
    delivery::log::{
        KafkaSettings, LogError,
        acknowledged::Acknowledged,
        producer::{Outgoing, Producer, Unpublished},
        topics,
    },
    delivery::outbox::{Entry, Outbox, OutboxError, Sequence},
    readiness::Tell,
};
use state::Kafka;

/// So many entries of a backlog are under way at once.
const BACKLOG_WIDTH: usize = 64;
const BACKOFF: Duration = Duration::from_millis(100);
const BACKOFF_LIMIT: Duration = Duration::from_secs(2);
/// Kafka may be away when the service starts: the producer is ready without it after so long.
const WARM_LIMIT: Duration = Duration::from_secs(5);
/// How long a call waits for Kafka that nothing else makes durable.
const ALONE_LIMIT: Duration = Duration::from_secs(10);

/// Publishes the outbox's entries.
#[derive(Clone)]
pub struct Relay(Arc<Inner>);

struct Inner {
    outbox: Outbox,
    producer: Producer,
    /// The topics exist: a record for a topic that does not would make the broker choose its settings.
    topics_exist: watch::Sender<bool>,
    /// Where an acknowledgement alone makes a record durable, as the topics' settings said at the start.
    durable: OnceLock<HashSet<String>>,
    kafka: watch::Sender<Kafka>,
    /// Entries that some task is publishing, or whose mark is not written yet.
    under_way: Mutex<HashSet<Sequence>>,
    /// Something is left to be tried again.
    left: Notify,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

/// A record on its way to the log.
pub struct Publication(tokio::task::JoinHandle<Result<Position, Unpublished>>);

impl Publication {
    async fn outcome(self) -> Result<Position, Unpublished> {
        self.0.await.unwrap_or_else(|error| Err(LogError::of(&error).into()))
    }
}

impl Relay {
    /// A relay from `outbox` to the log, at work until [`Relay::stop`]. It tells in `state` whether calls can be taken.
    ///
    /// # Errors
    /// [`LogError`] if the settings make no sense.
    pub fn start(outbox: Outbox, settings: KafkaSettings, state: Tell) -> Result<Self, LogError> {
        let relay = Self(Arc::new(Inner {
            outbox,
            producer: Producer::new(settings.clone())?,
            topics_exist: watch::Sender::new(false),
            durable: OnceLock::new(),
            kafka: watch::Sender::new(Kafka::Connecting),
            under_way: Mutex::default(),
            left: Notify::new(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }));
        relay.0.left.notify_one();
        relay.spawn(relay.clone().prepare(settings));
        relay.spawn(relay.clone().work_off_backlog());
        relay.spawn(relay.clone().tell_state(state));
        relay.spawn(relay.clone().keep_producer());
        Ok(relay)
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.0.stopping.clone();
        self.0.tasks.spawn(async move { stopping.run_until_cancelled(work).await });
    }

    /// Makes the topics and connects, as soon as Kafka is there.
    async fn prepare(self, settings: KafkaSettings) {
        let warm = async {
            let mut backoff = BACKOFF;
            while let Err(error) = self.try_to_prepare(&settings).await {
                tracing::warn!(%error, "the log is not ready yet; trying on");
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(BACKOFF_LIMIT);
            }
        };
        tokio::pin!(warm);
        if timeout(WARM_LIMIT, &mut warm).await.is_err() {
            self.kafka_is(Kafka::Away);
            warm.await;
        }
        self.kafka_is(Kafka::Answers);
    }

    async fn try_to_prepare(&self, settings: &KafkaSettings) -> Result<(), LogError> {
        topics::create_missing(settings).await?;
        let durable = topics::durable(settings).await?;
        self.0.producer.warm().await?;
        // Set before only by an earlier try, which read the same.
        let _ = self.0.durable.set(durable);
        self.0.topics_exist.send_replace(true);
        Ok(())
    }

    async fn keep_producer(self) {
        self.0.producer.stay_usable().await;
    }

    /// Waits until the topics exist.
    pub async fn topics_exist(&self) {
        let mut exist = self.0.topics_exist.subscribe();
        drop(exist.wait_for(|exist| *exist).await.expect("the sender is held by self"));
    }

    /// Whether Kafka's acknowledgement alone makes a record of `topic` durable.
    fn is_durable(&self, topic: &str) -> bool {
        self.0.durable.get().is_some_and(|durable| durable.contains(topic))
    }

    /// Starts to publish a fresh entry, which need not be durable yet.
    #[must_use]
    pub fn publish(&self, entry: Entry) -> Publication {
        let relay = self.clone();
        Publication(self.0.tasks.spawn(async move {
            relay.topics_exist().await;
            relay.0.producer.publish(Outgoing::from(&entry)).await
        }))
    }

    /// Publishes what is not worth keeping: it is tried once.
    ///
    /// # Errors
    /// [`LogError`] if Kafka did not acknowledge it.
    pub(crate) async fn publish_once(&self, outgoing: Outgoing<'_>) -> Result<Position, LogError> {
        self.topics_exist().await;
        self.0.producer.publish(outgoing).await.map_err(|error| match error {
            Unpublished::Unknown(error) | Unpublished::Refused(error) => error,
        })
    }

    /// Sees a publication of an entry, durable now, through to its mark; `published` learns where the log has it. Waits
    /// `patience` for it and tells whether Kafka has acknowledged by then.
    pub async fn see_through(
        &self,
        sequence: Sequence,
        publication: Publication,
        patience: Duration,
        published: impl FnOnce(Position) + Send + 'static,
    ) -> bool {
        self.lock().insert(sequence);
        let relay = self.clone();
        let seen = self.0.tasks.spawn(async move {
            let outcome = publication.outcome().await;
            if let Ok(position) = outcome {
                published(position);
            }
            relay.settle(sequence, outcome).await
        });
        matches!(timeout(patience, seen).await, Ok(Ok(true)))
    }

    /// For an entry that the outbox could not keep: whether Kafka has made it durable, which it can only where more than
    /// one broker acknowledges, each from its disk.
    pub(crate) async fn durable_without_outbox(&self, topic: &str, publication: Publication) -> bool {
        if !self.is_durable(topic) {
            return false;
        }
        match timeout(ALONE_LIMIT, publication.outcome()).await {
            Ok(Ok(_)) => {
                self.kafka_is(Kafka::Answers);
                true
            }
            Ok(Err(Unpublished::Unknown(error) | Unpublished::Refused(error))) => {
                tracing::error!(%error, "neither the outbox nor Kafka took a call");
                false
            }
            Err(_) => false,
        }
    }

    /// What Kafka has acknowledged so far.
    pub(crate) fn acknowledged(&self) -> Arc<Acknowledged> {
        self.0.producer.acknowledged()
    }

    /// Publishes again what has lost its mark.
    pub(crate) fn renew(&self) {
        self.0.left.notify_one();
    }

    /// Marks what was acknowledged, sets aside what is refused, and leaves the rest to the backlog; tells whether
    /// nothing is left to do.
    async fn settle(&self, sequence: Sequence, outcome: Result<Position, Unpublished>) -> bool {
        let published = outcome.is_ok();
        let noted = match outcome {
            Ok(position) => {
                self.kafka_is(Kafka::Answers);
                self.0.outbox.mark(sequence, position).await
            }
            Err(Unpublished::Refused(error)) => {
                tracing::error!(%error, sequence = sequence.0, "Kafka refuses an entry for good: it is set aside");
                metrics::counter!("iutsai_outbox_refused_total").increment(1);
                self.0.outbox.refuse(sequence, error.to_string()).await
            }
            Err(Unpublished::Unknown(error)) => {
                tracing::warn!(%error, sequence = sequence.0, "not published; trying on");
                metrics::counter!("iutsai_publish_failures_total").increment(1);
                self.kafka_is(Kafka::Away);
                self.lock().remove(&sequence);
                self.0.left.notify_one();
                return false;
            }
        };
        // Until that is written, the backlog would take it for one that waits.
        let relay = self.clone();
        self.0.tasks.spawn(async move {
            // A note that could not be written leads to one more publication, which the fold drops.
            let _ = noted.await;
            relay.lock().remove(&sequence);
        });
        published
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<Sequence>> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes what a start or a failure left behind, whenever there is some.
    async fn work_off_backlog(self) {
        self.topics_exist().await;
        loop {
            self.0.left.notified().await;
            let mut backoff = BACKOFF;
            loop {
                match self.publish_backlog().await {
                    Ok(0) => break,
                    Ok(failed) => {
                        tracing::warn!(failed, "part of the outbox is not published yet; trying on");
                    }
                    Err(error) => tracing::error!(%error, "the backlog cannot be read; trying on"),
                }
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(BACKOFF_LIMIT);
            }
        }
    }

    /// Publishes every entry that waits and that nobody is publishing; tells how many are left.
    async fn publish_backlog(&self) -> Result<usize, OutboxError> {
        let mut failed = 0;
        let mut after = Sequence(0);
        loop {
            let entries = self.0.outbox.waiting(after, 1024).await?;
            let Some((last, _)) = entries.last() else { return Ok(failed) };
            after = *last;
            let idle = entries.into_iter().filter(|(sequence, _)| self.lock().insert(*sequence));
            let outcomes = stream::iter(idle.collect::<Vec<_>>()).map(|(sequence, entry)| async move {
                let outcome = self.0.producer.publish(Outgoing::from(&entry)).await;
                let is_done = !matches!(outcome, Err(Unpublished::Unknown(_)));
                self.settle(sequence, outcome).await;
                is_done
            });
            let outcomes = outcomes.buffered(BACKLOG_WIDTH);
            failed += outcomes.filter(|is_done| std::future::ready(!is_done)).count().await;
        }
    }

    /// Gives what is under way a few seconds, then ends. What is left stays in the outbox.
    pub async fn stop(&self, patience: Duration) {
        if let Err(error) = self.0.producer.flush(patience).await {
            tracing::warn!(%error, "Kafka did not acknowledge everything; the outbox keeps it for the next start");
        }
        self.0.stopping.cancel();
        self.0.tasks.close();
        if timeout(patience, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("some publications were still under way at the end; the outbox keeps them");
        }
        self.0.producer.close().await;
    }
}
