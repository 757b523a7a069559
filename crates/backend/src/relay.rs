//! From the outbox to the log. A fresh press is published at once, side by side with its fsync; what Kafka
//! did not acknowledge is tried again for ever, and never stands before a fresh one.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tokio::sync::{Notify, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use wire::Position;

use crate::{
    log::{KafkaSettings, LogError, producer::Producer, topics},
    outbox::{Entry, Outbox, OutboxError, Sequence},
    readiness::{RoleState, Tell},
};

/// So many entries of a backlog are under way at once.
const BACKLOG_WIDTH: usize = 64;
const BACKOFF: Duration = Duration::from_millis(100);
const BACKOFF_LIMIT: Duration = Duration::from_secs(2);
/// Kafka may be away when the service starts: the producer is ready without it after so long.
const WARM_LIMIT: Duration = Duration::from_secs(5);

/// Publishes the outbox's entries.
#[derive(Clone)]
pub struct Relay(Arc<Inner>);

struct Inner {
    outbox: Outbox,
    producer: Producer,
    /// The topics exist: a record for a topic that does not would make the broker choose its settings.
    topics_exist: watch::Sender<bool>,
    /// Entries that some task is publishing right now.
    under_way: Mutex<HashSet<Sequence>>,
    /// Something is left to be tried again.
    left: Notify,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

/// A record on its way to the log.
pub struct Publication(tokio::task::JoinHandle<Result<Position, LogError>>);

impl Relay {
    /// A relay from `outbox` to the log, at work until [`Relay::stop`].
    ///
    /// # Errors
    /// [`LogError`] if the settings make no sense.
    pub fn start(outbox: Outbox, settings: KafkaSettings, state: Tell) -> Result<Self, LogError> {
        let relay = Self(Arc::new(Inner {
            outbox,
            producer: Producer::new(settings.clone())?,
            topics_exist: watch::Sender::new(false),
            under_way: Mutex::default(),
            left: Notify::new(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }));
        relay.0.left.notify_one();
        relay.spawn(relay.clone().prepare(settings, state));
        relay.spawn(relay.clone().work_off_backlog());
        Ok(relay)
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.0.stopping.clone();
        self.0.tasks.spawn(async move { stopping.run_until_cancelled(work).await });
    }

    /// Makes the topics and connects, as soon as Kafka is there.
    async fn prepare(self, settings: KafkaSettings, state: Tell) {
        let late = tokio::time::sleep(WARM_LIMIT);
        tokio::pin!(late);
        let warm = async {
            let mut backoff = BACKOFF;
            loop {
                match self.try_to_prepare(&settings).await {
                    Ok(()) => break,
                    Err(error) => tracing::warn!(%error, "the log is not ready yet; trying on"),
                }
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(BACKOFF_LIMIT);
            }
        };
        tokio::pin!(warm);
        tokio::select! {
            () = &mut warm => {}
            () = &mut late => {
                state.set(RoleState::Degraded("Kafka does not answer: calls are stored, and published later".into()));
                warm.await;
            }
        }
        state.set(RoleState::Ready);
    }

    async fn try_to_prepare(&self, settings: &KafkaSettings) -> Result<(), LogError> {
        topics::create_missing(settings).await?;
        self.0.producer.warm().await?;
        self.0.topics_exist.send_replace(true);
        Ok(())
    }

    /// Waits until the topics exist.
    pub async fn topics_exist(&self) {
        let mut exist = self.0.topics_exist.subscribe();
        drop(exist.wait_for(|exist| *exist).await.expect("the sender is held by self"));
    }

    /// Starts to publish a fresh entry, which need not be durable yet.
    #[must_use]
    pub fn publish(&self, entry: Entry) -> Publication {
        let relay = self.clone();
        Publication(self.0.tasks.spawn(async move {
            relay.topics_exist().await;
            relay.0.producer.publish(&entry).await
        }))
    }

    /// Sees a publication of an entry, durable now, through to its mark. Waits `patience` for it and tells
    /// whether Kafka has acknowledged by then.
    pub async fn see_through(
        &self,
        sequence: Sequence,
        publication: Publication,
        patience: Duration,
    ) -> bool {
        self.lock().insert(sequence);
        let relay = self.clone();
        let seen = self.0.tasks.spawn(async move {
            let outcome = publication.0.await.unwrap_or_else(|error| Err(LogError::of(&error)));
            relay.settle(sequence, outcome).await
        });
        matches!(tokio::time::timeout(patience, seen).await, Ok(Ok(true)))
    }

    /// Marks what was acknowledged, and leaves the rest to the backlog; tells which it was.
    async fn settle(&self, sequence: Sequence, outcome: Result<Position, LogError>) -> bool {
        let published = match outcome {
            Ok(position) => {
                self.0.outbox.mark(sequence, position).await;
                true
            }
            Err(error) => {
                tracing::warn!(%error, sequence = sequence.0, "not published; trying on");
                metrics::counter!("iutsai_publish_failures_total").increment(1);
                self.0.left.notify_one();
                false
            }
        };
        self.lock().remove(&sequence);
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

    /// Publishes every unmarked entry that nobody is publishing; tells how many were not acknowledged.
    async fn publish_backlog(&self) -> Result<usize, OutboxError> {
        let mut failed = 0;
        let mut after = Sequence(0);
        loop {
            let entries = self.0.outbox.unmarked(after, 1024).await?;
            let Some((last, _)) = entries.last() else { return Ok(failed) };
            after = *last;
            let idle = entries.into_iter().filter(|(sequence, _)| self.lock().insert(*sequence));
            let outcomes = stream::iter(idle.collect::<Vec<_>>()).map(|(sequence, entry)| async move {
                let outcome = self.0.producer.publish(&entry).await;
                self.settle(sequence, outcome).await
            });
            let outcomes = outcomes.buffered(BACKLOG_WIDTH);
            failed += outcomes.filter(|published| std::future::ready(!published)).count().await;
        }
    }

    /// Gives what is under way a few seconds, then ends. What is left stays in the outbox.
    pub async fn stop(&self, patience: Duration) {
        if let Err(error) = self.0.producer.flush(patience).await {
            tracing::warn!(%error, "Kafka did not acknowledge everything; the outbox keeps it for the next start");
        }
        self.0.stopping.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(patience, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("some publications were still under way at the end; the outbox keeps them");
        }
        self.0.producer.close().await;
    }
}
