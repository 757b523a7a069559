//! Publishes records. The producer is idempotent, waits for every in-sync replica, and does not linger.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{Position, header};
use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord, Producer as _},
};
use tokio::{sync::watch, time::timeout};

use super::{
    KafkaSettings, METADATA_TIMEOUT,
    acknowledged::Acknowledged,
    health::{self, ProducerHealth, ProducerWatcher},
};
use crate::{
    clock,
    delivery::log::{LogError, Outgoing},
};

/// The pause before another client is made, where one could not be made or does not connect yet.
const REPLACE_PAUSE: Duration = Duration::from_secs(1);

/// Why Kafka did not acknowledge a record.
#[derive(Clone, Debug)]
pub enum Unpublished {
    /// It may be in the log all the same, and must be published again.
    Unknown(LogError),
    /// Kafka never accepts this record, so publishing it again does not help.
    Refused(LogError),
}

impl From<LogError> for Unpublished {
    fn from(error: LogError) -> Self {
        Self::Unknown(error)
    }
}

type Current = (FutureProducer<ProducerWatcher>, watch::Receiver<ProducerHealth>);

/// Publishes records.
pub(super) struct Producer {
    settings: KafkaSettings,
    /// `None` once it is closed.
    current: Mutex<Option<Current>>,
    acknowledged: Arc<Acknowledged>,
}

impl Producer {
    /// A producer, which connects whenever Kafka is there.
    ///
    /// # Errors
    /// [`LogError`] if the settings make no sense to librdkafka.
    pub(super) fn new(settings: KafkaSettings) -> Result<Self, LogError> {
        let current = Mutex::new(Some(create(&settings)?));
        Ok(Self { settings, current, acknowledged: Arc::default() })
    }

    /// Publishes one record and returns where it stands in the log. Gives up after ten seconds.
    ///
    /// # Errors
    /// [`Unpublished`] if Kafka did not acknowledge it.
    pub(super) async fn publish(&self, outgoing: Outgoing<'_>) -> Result<Position, Unpublished> {
        let producer = self.current()?;
        // Kafka refuses timestamps that lie ahead, as they do after a clock was wrong and is set right.
        let timestamp = outgoing.timestamp.min(clock::now());
        let record = FutureRecord::to(outgoing.topic)
            .key(outgoing.key)
            .payload(outgoing.value)
            .timestamp(timestamp)
            .headers(headers(&outgoing));
        match producer.send(record, Duration::ZERO).await {
            Ok(delivery) => {
                let (partition, offset) = (delivery.partition, delivery.offset);
                let position = Position { timestamp, partition, offset };
                self.acknowledged.record(outgoing.topic, position);
                Ok(position)
            }
            Err((error, _)) => {
                self.replace_if_fatal(&producer)?;
                let refused = is_refusal(&error);
                let error = LogError::from(error);
                Err(if refused { Unpublished::Refused(error) } else { Unpublished::Unknown(error) })
            }
        }
    }

    /// Returns what Kafka has acknowledged so far.
    pub(super) fn acknowledged(&self) -> Arc<Acknowledged> {
        self.acknowledged.clone()
    }

    /// Fetches metadata and the producer's id, so that the first call does not wait for them.
    ///
    /// # Errors
    /// [`LogError`] if Kafka did not answer.
    pub(super) async fn connect(&self) -> Result<(), LogError> {
        let (producer, mut condition) = self.current_with_condition()?;
        let metadata = move || producer.client().fetch_metadata(Some(domain::topic::ALERT), METADATA_TIMEOUT);
        let fetched = tokio::task::spawn_blocking(move || metadata().map(|_| ())).await;
        fetched.map_err(|error| LogError(error.to_string()))??;
        match timeout(METADATA_TIMEOUT, condition.wait_for(|condition| condition.identified)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(LogError("the brokers assigned no producer id in time".into())),
        }
    }

    /// Replaces the client whenever it will never connect again, until it is closed.
    pub(super) async fn stay_usable(&self) {
        while let Ok((_, mut condition)) = self.current_with_condition() {
            // An error is the end of that client, because another one has replaced it.
            if condition.wait_for(|condition| condition.forsaken).await.is_err() {
                continue;
            }
            tracing::error!("the Kafka producer has forgotten every broker, replacing it");
            let created = self.replace(|_, condition| condition.borrow().forsaken);
            let connected = match created {
                Ok(()) => self.connect().await,
                Err(error) => Err(error),
            };
            if let Err(error) = connected {
                tracing::warn!(%error, "the new Kafka producer is not connected yet");
                // One that could not be made leaves the old one, which is noticed again at once.
                tokio::time::sleep(REPLACE_PAUSE).await;
            }
        }
    }

    /// Waits until all that was handed over is acknowledged or given up, `wait` at most.
    ///
    /// # Errors
    /// [`LogError`] if something is still under way then.
    pub(super) async fn flush(&self, wait: Duration) -> Result<(), LogError> {
        let producer = self.current()?;
        let flushed = tokio::task::spawn_blocking(move || producer.flush(wait)).await;
        Ok(flushed.map_err(|error| LogError(error.to_string()))??)
    }

    /// Ends the connections.
    pub(super) async fn close(&self) {
        let producer = self.lock().take();
        // librdkafka waits for its threads.
        if let Err(error) = tokio::task::spawn_blocking(move || drop(producer)).await {
            tracing::warn!(%error, "the Kafka producer did not end in order");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Result<FutureProducer<ProducerWatcher>, LogError> {
        self.current_with_condition().map(|(producer, _)| producer)
    }

    fn current_with_condition(&self) -> Result<Current, LogError> {
        self.lock().clone().ok_or_else(|| LogError("the producer is closed".into()))
    }

    /// Replaces the client after a fatal error, from which on an idempotent producer refuses everything (librdkafka,
    /// "Fatal producer errors").
    fn replace_if_fatal(&self, failed: &FutureProducer<ProducerWatcher>) -> Result<(), LogError> {
        let Some((code, reason)) = failed.client().fatal_error() else { return Ok(()) };
        tracing::error!(%code, reason, "the Kafka producer failed finally, replacing it");
        self.replace(|producer, _| producer.client().fatal_error().is_some())
    }

    /// Makes a new client, unless the present one is not, or no longer, `useless`.
    fn replace(
        &self,
        useless: impl FnOnce(&FutureProducer<ProducerWatcher>, &watch::Receiver<ProducerHealth>) -> bool,
    ) -> Result<(), LogError> {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|(producer, condition)| useless(producer, condition)) {
            *current = Some(create(&self.settings)?);
        }
        Ok(())
    }
}

fn create(settings: &KafkaSettings) -> Result<Current, LogError> {
    let (sender, condition) = watch::channel(ProducerHealth::default());
    let producer = settings
        .client()
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "0")
        .set("request.timeout.ms", "3000")
        .set("message.timeout.ms", "10000")
        .set("topic.metadata.refresh.interval.ms", "10000")
        // Java's partitioner, so that the original service's records of a line meet ours.
        .set("partitioner", "murmur2_random")
        .set("statistics.interval.ms", health::PRODUCER_EVERY_MS)
        .create_with_context(ProducerWatcher(sender))?;
    Ok((producer, condition))
}

/// Returns whether no later attempt can succeed, because the record itself is at fault. InvalidRecord is not among
/// these errors, because a broker also answers it for a timestamp that lies more than an hour ahead of its clock
/// (`message.timestamp.after.max.ms`), until either clock is right.
fn is_refusal(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{InvalidMessageSize, MessageSizeTooLarge, PolicyViolation};
    let refusals = [MessageSizeTooLarge, InvalidMessageSize, PolicyViolation];
    error.rdkafka_error_code().is_some_and(|code| refusals.contains(&code))
}

fn headers(outgoing: &Outgoing<'_>) -> OwnedHeaders {
    let mut headers = OwnedHeaders::new();
    if let Some(id) = outgoing.id {
        headers = headers.insert(Header { key: header::ID, value: Some(&id.to_string()) });
    }
    let age = outgoing.age.as_millis().to_string();
    headers = headers.insert(Header { key: header::AGE, value: Some(&age) });
    if let Some(traceparent) = outgoing.traceparent {
        headers = headers.insert(Header { key: header::TRACEPARENT, value: Some(traceparent) });
    }
    if outgoing.republished {
        headers = headers.insert(Header { key: header::REPUBLISHED, value: Some(header::YES) });
    }
    header::TYPE_IDS
        .into_iter()
        .fold(headers, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}
