//! Questions of the reader to Kafka, on the partitions, on their beginnings and ends, and on the record at an offset. A
//! broker answers the requests of a connection in order, and those that fetch records wait there for half a second, so
//! questions have a client of their own.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use domain::{Millis, topic};
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};

use super::{KafkaSettings, METADATA_TIMEOUT, settings::ISOLATION};
use crate::delivery::log::{Ends, LogError, Partition, Positions, Start};

/// The number of records before the first one of a time that are read as well. Kafka cannot know that a record with an
/// unusable timestamp is recent.
const READ_BEFORE: i64 = 1_000;
const POLL: Duration = Duration::from_millis(100);

/// The client for questions. It blocks until each answer, so no task of a runtime may use it.
pub(super) struct Questions {
    /// Without a group, so that it ends at once.
    client: BaseConsumer,
    settings: KafkaSettings,
}

/// Ends a consumer on a thread of its own. With a group it waits until that is left, which can last as long as its
/// brokers are away.
pub(super) fn end<T: Send + 'static>(consumer: T) {
    let ended = std::thread::Builder::new().name("kafka-end".into()).spawn(move || drop(consumer));
    if let Err(error) = ended {
        tracing::warn!(%error, "cannot start a thread to end a consumer");
    }
}

/// The partitions of the topics.
pub(super) struct Inspection {
    /// All partitions.
    pub(super) partitions: Vec<Partition>,
    /// One that ends before what is known of it.
    pub(super) shorter: Option<Partition>,
    /// Where those end that were known.
    pub(super) ends: Ends,
}

/// Where a partition is read from, and where it ends.
pub(super) struct Range {
    pub(super) partition: Partition,
    pub(super) start: i64,
    pub(super) end: i64,
}

/// Where each partition ends.
pub(super) async fn ends(settings: KafkaSettings) -> Result<Ends, LogError> {
    let ends = tokio::task::spawn_blocking(move || {
        let questions = Questions::new(&settings)?;
        let partitions = questions.partitions()?.into_iter();
        partitions.map(|partition| Ok((partition.clone(), questions.watermarks(&partition)?.1))).collect()
    });
    ends.await.map_err(|error| LogError::of(&error))?
}

impl Questions {
    /// Connects when it is asked first.
    pub(super) fn new(settings: &KafkaSettings) -> Result<Self, LogError> {
        let client = settings.client().set("isolation.level", ISOLATION).create()?;
        Ok(Self { client, settings: settings.clone() })
    }

    /// Where each of these partitions is read from, for a reader that begins at `start`.
    pub(super) fn ranges(
        &self,
        partitions: impl IntoIterator<Item = Partition>,
        start: &Start,
    ) -> Result<Vec<Range>, LogError> {
        let range = |partition: Partition| {
            let (low, high) = self.watermarks(&partition)?;
            let start = match start {
                Start::Since(since) => self.first_since(&partition, *since, high)? - READ_BEFORE,
                Start::Behind(Positions::Kafka(read)) => read.get(&partition).copied().unwrap_or(low),
                Start::Behind(Positions::Local { .. }) => low,
            };
            Ok(Range { partition, start: start.clamp(low, high), end: high })
        };
        partitions.into_iter().map(range).collect()
    }

    /// Inspects all partitions; `known` are the ends that they must have at least.
    pub(super) fn inspect(&self, known: HashMap<Partition, i64>) -> Result<Inspection, LogError> {
        let (partitions, mut ends) = (self.partitions()?, Ends::new());
        for (partition, least) in known {
            let end = self.watermarks(&partition)?.1;
            if end < least {
                return Ok(Inspection { partitions, shorter: Some(partition), ends });
            }
            ends.insert(partition, end);
        }
        Ok(Inspection { partitions, shorter: None, ends })
    }

    /// The end of a partition, if no record stands between `from` and it. At an offset can be a transaction's marker, which
    /// no consumer ever receives (Apache Kafka documentation, "Control Batches"), or nothing, after compaction.
    pub(super) fn end_without_records(
        &self,
        partition: &Partition,
        from: i64,
    ) -> Result<Option<i64>, LogError> {
        let (_, end) = self.watermarks(partition)?;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&partition.0, partition.1, Offset::Offset(from))?;
        let consumer: BaseConsumer = self.settings.consumer().set("enable.partition.eof", "true").create()?;
        consumer.assign(&list)?;
        let found = poll_at(&consumer, end);
        self::end(consumer);
        found
    }

    fn watermarks(&self, (topic, partition): &Partition) -> Result<(i64, i64), LogError> {
        Ok(self.client.fetch_watermarks(topic, *partition, METADATA_TIMEOUT)?)
    }

    /// Every partition of every topic of the service.
    pub(super) fn partitions(&self) -> Result<Vec<Partition>, LogError> {
        let mut partitions = Vec::new();
        for topic in topic::ALL {
            let metadata = self.client.fetch_metadata(Some(topic.name), METADATA_TIMEOUT)?;
            for found in metadata.topics().iter().filter(|found| found.name() == topic.name) {
                if let Some(error) = found.error() {
                    return Err(LogError(format!("the topic {}: {error:?}", topic.name)));
                }
                partitions.extend(found.partitions().iter().map(|p| (topic.name.to_owned(), p.id())));
            }
        }
        Ok(partitions)
    }

    /// The offset of the first record of `since` or later; `end` if there is none.
    fn first_since(&self, (topic, partition): &Partition, since: Millis, end: i64) -> Result<i64, LogError> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, *partition, Offset::Offset(since))?;
        let found = self.client.offsets_for_times(list, METADATA_TIMEOUT)?;
        let found = found.find_partition(topic, *partition).map(|found| found.offset());
        match found {
            Some(Offset::Offset(offset)) => Ok(offset),
            Some(Offset::End) => Ok(end),
            other => Err(LogError(format!("{topic}-{partition}: no offset for a time, but {other:?}"))),
        }
    }
}

/// Returns whether the consumer of one partition reaches its `end` before a record.
fn poll_at(consumer: &BaseConsumer, end: i64) -> Result<Option<i64>, LogError> {
    let deadline = Instant::now() + METADATA_TIMEOUT;
    while Instant::now() < deadline {
        match consumer.poll(POLL) {
            Some(Ok(message)) if message.offset() < end => return Ok(None),
            Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => return Ok(Some(end)),
            Some(Err(error)) => return Err(error.into()),
            None => {}
        }
    }
    Err(LogError("neither a record nor the end of the partition was received in time".into()))
}
