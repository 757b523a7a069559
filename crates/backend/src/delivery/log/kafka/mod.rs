//! The log as a Kafka cluster, and all that is rdkafka's. Nothing outside this module names it.
//!
//! [`Kafka`] connects, keeps the topics there and publishes by its [`producer`]. `reader` reads every partition,
//! `questions` asks where they begin and end, and `health` watches the clients. The reader must find every
//! [`acknowledged`] record, so that the loss of a record is noticed that was never read.

mod acknowledged;
mod health;
mod producer;
mod questions;
mod reader;
mod record;
mod settings;
mod topics;

use std::{sync::Arc, time::Duration};

use domain::Position;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::{Ends, LogError, Outgoing, Read, Start};
use producer::Producer;
pub use producer::Unpublished;
pub use settings::KafkaSettings;
use topics::{Described, Topics};

/// The longest time for one question about the cluster.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);
/// The time between two inspections, which make deleted topics again and read the settings.
const DESCRIBE_EVERY: Duration = Duration::from_secs(10);
const BACKOFF: Duration = Duration::from_millis(100);
const BACKOFF_LIMIT: Duration = Duration::from_secs(2);
/// The time after which a Kafka that is away at the start counts as away.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// The condition of Kafka, as far as the producer has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It was not reached yet.
    Connecting,
    /// The cluster did not acknowledge the last published record.
    Away,
    /// It acknowledges.
    Answers,
}

/// A Kafka cluster. Clones are the same connection to it.
#[derive(Clone)]
pub struct Kafka(Arc<Inner>);

struct Inner {
    settings: KafkaSettings,
    producer: Producer,
    /// `None` until the topics exist, because a record for a missing topic would make the broker choose its settings.
    described: watch::Sender<Option<Described>>,
    condition: watch::Sender<Condition>,
    /// The number of times that a deleted topic was made again. Its former records are gone, even where the new topic
    /// has come to be as long.
    remade: watch::Sender<u64>,
}

impl Kafka {
    /// The cluster of these settings. It connects by [`Kafka::keep_connected`].
    ///
    /// # Errors
    /// [`LogError`] if the settings make no sense.
    pub fn new(settings: KafkaSettings) -> Result<Self, LogError> {
        let producer = Producer::new(settings.clone())?;
        let described = watch::Sender::new(None);
        let condition = watch::Sender::new(Condition::Connecting);
        let remade = watch::Sender::new(0);
        Ok(Self(Arc::new(Inner { settings, producer, described, condition, remade })))
    }

    /// Makes the topics and connects as soon as Kafka is there, and keeps the topics there and the producer usable.
    pub async fn keep_connected(self) {
        tokio::join!(self.keep_topics(), self.0.producer.stay_usable());
    }

    async fn keep_topics(&self) {
        let connected = self.describe_until_it_succeeds(None);
        tokio::pin!(connected);
        let topics = match timeout(CONNECT_LIMIT, &mut connected).await {
            Ok(topics) => topics,
            Err(_) => {
                self.set_condition(Condition::Away);
                connected.await
            }
        };
        self.set_condition(Condition::Answers);
        let mut topics = Some(topics);
        loop {
            tokio::time::sleep(DESCRIBE_EVERY).await;
            topics = Some(self.describe_until_it_succeeds(topics).await);
        }
    }

    async fn describe_until_it_succeeds(&self, mut topics: Option<Topics>) -> Topics {
        let mut backoff = BACKOFF;
        let mut failed = false;
        loop {
            let usable = topics.take().map_or_else(|| Topics::new(&self.0.settings), Ok);
            let described = match usable {
                Ok(usable) => self.describe(&usable).await.map(|()| usable),
                Err(error) => Err(error),
            };
            match described {
                Ok(usable) => return usable,
                // The next attempt has a new client, because this one may have forgotten every broker.
                Err(error) if !failed => tracing::warn!(%error, "the topics cannot be read, retrying"),
                Err(_) => {}
            }
            failed = true;
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_LIMIT);
        }
    }

    async fn describe(&self, topics: &Topics) -> Result<(), LogError> {
        let created = topics.create_missing(self.0.settings.partitions).await?;
        let described = topics.describe().await?;
        if self.0.described.borrow().is_none() {
            self.0.producer.connect().await?;
        } else if created {
            self.0.remade.send_modify(|times| *times += 1);
        }
        self.0.described.send_replace(Some(described));
        Ok(())
    }

    /// The cluster's id, as soon as the topics exist.
    pub async fn cluster(&self) -> Arc<str> {
        let mut described = self.0.described.subscribe();
        let known = described.wait_for(Option::is_some).await.expect("the sender is held by self");
        known.as_ref().expect("it was waited for").cluster.clone()
    }

    /// Returns whether Kafka's acknowledgement alone makes a record of `topic` durable, as last read.
    #[must_use]
    pub fn is_durable(&self, topic: &str) -> bool {
        self.0.described.borrow().as_ref().is_some_and(|described| described.durable.contains(topic))
    }

    /// Returns whether there is a topic of which that is so.
    #[must_use]
    pub fn has_durable_topics(&self) -> bool {
        self.0.described.borrow().as_ref().is_some_and(|described| !described.durable.is_empty())
    }

    /// Publishes one record, as soon as the topics exist, and returns where the log has it. Gives up after ten seconds
    /// without an acknowledgement.
    ///
    /// # Errors
    /// [`Unpublished`] if Kafka did not acknowledge it.
    pub async fn publish(&self, outgoing: Outgoing<'_>) -> Result<Position, Unpublished> {
        self.cluster().await;
        let outcome = self.0.producer.publish(outgoing).await;
        match &outcome {
            Ok(_) => self.set_condition(Condition::Answers),
            Err(Unpublished::Unknown(_)) => self.set_condition(Condition::Away),
            Err(Unpublished::Refused(_)) => {}
        }
        outcome
    }

    /// Publishes a record that is not worth keeping.
    ///
    /// # Errors
    /// [`LogError`] if Kafka did not acknowledge it.
    pub async fn publish_once(&self, outgoing: Outgoing<'_>) -> Result<Position, LogError> {
        self.publish(outgoing).await.map_err(|error| match error {
            Unpublished::Unknown(error) | Unpublished::Refused(error) => error,
        })
    }

    /// As [`super::Log::follow`].
    pub(super) async fn follow(&self, start: Start, to: mpsc::Sender<Read>) {
        tokio::select! {
            _ = self.cluster() => {}
            () = to.closed() => return,
        }
        let acknowledged = self.0.producer.acknowledged();
        reader::run(self.0.settings.clone(), start, acknowledged, self.0.remade.subscribe(), to).await;
    }

    /// As [`super::Log::ends`].
    pub(super) async fn ends(&self) -> Result<Ends, LogError> {
        self.cluster().await;
        questions::ends(self.0.settings.clone()).await
    }

    /// Returns how Kafka is doing.
    #[must_use]
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.0.condition.subscribe()
    }

    fn set_condition(&self, now: Condition) {
        self.0.condition.send_if_modified(|known| std::mem::replace(known, now) != now);
    }

    /// Waits until all that was handed to the producer is acknowledged or given up, `patience` at most.
    ///
    /// # Errors
    /// [`LogError`] if something is still under way then.
    pub async fn flush(&self, patience: Duration) -> Result<(), LogError> {
        self.0.producer.flush(patience).await
    }

    /// Ends the producer's connections.
    pub async fn close(&self) {
        self.0.producer.close().await;
    }
}

impl From<rdkafka::error::KafkaError> for LogError {
    fn from(error: rdkafka::error::KafkaError) -> Self {
        Self(format!("Kafka: {error}"))
    }
}
