//! Publishes records: idempotent, acknowledged by every in-sync replica, without lingering.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rdkafka::{
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord, Producer as _},
};
use wire::Position;

use super::{KafkaSettings, LogError, METADATA_TIMEOUT};
use crate::outbox::Entry;

/// What the original Spring consumer needs on every record: with fewer it fails on the record for ever.
const SPRING_TYPES: [(&str, &str); 3] = [
    ("__TypeId__", "java.util.HashMap"),
    ("__ContentTypeId__", "java.lang.Object"),
    ("__KeyTypeId__", "java.lang.Object"),
];

/// Publishes entries of the outbox.
pub struct Producer {
    settings: KafkaSettings,
    /// `None` once it is closed.
    current: Mutex<Option<FutureProducer>>,
}

impl Producer {
    /// A producer; it connects by itself, whenever Kafka is there.
    ///
    /// # Errors
    /// [`LogError`] if the settings make no sense to librdkafka.
    pub fn new(settings: KafkaSettings) -> Result<Self, LogError> {
        let current = Mutex::new(Some(create(&settings)?));
        Ok(Self { settings, current })
    }

    /// Publishes one entry and tells where it stands in the log. Tries for ten seconds.
    ///
    /// # Errors
    /// [`LogError`] if Kafka did not acknowledge it; it may be in the log all the same.
    pub async fn publish(&self, entry: &Entry) -> Result<Position, LogError> {
        let producer = self.current()?;
        let record = FutureRecord::to(&entry.topic)
            .key(&entry.line)
            .payload(&entry.value)
            .timestamp(entry.at)
            .headers(headers(entry));
        match producer.send(record, Duration::ZERO).await {
            Ok(delivery) => {
                Ok(Position { timestamp: entry.at, partition: delivery.partition, offset: delivery.offset })
            }
            Err((error, _)) => {
                self.replace_if_fatal(&producer)?;
                Err(error.into())
            }
        }
    }

    /// Connects, so that the first call does not wait for it: metadata, and with it the producer's id.
    ///
    /// # Errors
    /// [`LogError`] if Kafka did not answer.
    pub async fn warm(&self) -> Result<(), LogError> {
        let producer = self.current()?;
        let metadata = move || producer.client().fetch_metadata(Some(wire::topic::ALERT), METADATA_TIMEOUT);
        let fetched = tokio::task::spawn_blocking(move || metadata().map(|_| ())).await;
        Ok(fetched.map_err(|error| LogError(error.to_string()))??)
    }

    /// Waits until all that was handed over is acknowledged or given up, `wait` at most.
    ///
    /// # Errors
    /// [`LogError`] if something is still under way then.
    pub async fn flush(&self, wait: Duration) -> Result<(), LogError> {
        let producer = self.current()?;
        let flushed = tokio::task::spawn_blocking(move || producer.flush(wait)).await;
        Ok(flushed.map_err(|error| LogError(error.to_string()))??)
    }

    /// Ends the connections: whoever stops Kafka next would make them fail.
    pub async fn close(&self) {
        let producer = self.lock().take();
        // librdkafka waits for its threads.
        if let Err(error) = tokio::task::spawn_blocking(move || drop(producer)).await {
            tracing::warn!(%error, "the Kafka producer did not end in order");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<FutureProducer>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Result<FutureProducer, LogError> {
        self.lock().clone().ok_or_else(|| LogError("the producer is closed".into()))
    }

    /// An idempotent producer that met a fatal error refuses everything from then on (librdkafka, "Fatal
    /// producer errors"): only a new one helps.
    fn replace_if_fatal(&self, failed: &FutureProducer) -> Result<(), LogError> {
        let Some((code, reason)) = failed.client().fatal_error() else { return Ok(()) };
        let mut current = self.lock();
        if current.as_ref().is_some_and(|current| current.client().fatal_error().is_some()) {
            tracing::error!(%code, reason, "the Kafka producer failed for good: a new one takes over");
            *current = Some(create(&self.settings)?);
        }
        Ok(())
    }
}

fn create(settings: &KafkaSettings) -> Result<FutureProducer, LogError> {
    let producer = settings
        .client()
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "0")
        .set("request.timeout.ms", "3000")
        .set("message.timeout.ms", "10000")
        // Java's partitioner, so that the original service's records of a line meet ours.
        .set("partitioner", "murmur2_random")
        .create()?;
    Ok(producer)
}

fn headers(entry: &Entry) -> OwnedHeaders {
    let id = entry.origin.id.to_string();
    let headers = OwnedHeaders::new().insert(Header { key: "id", value: Some(&id) });
    SPRING_TYPES
        .into_iter()
        .fold(headers, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}
