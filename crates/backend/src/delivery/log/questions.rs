//! What the reader asks Kafka: which partitions there are, and where they begin and end. A broker answers a connection's
//! requests in order, and those that fetch records wait there for half a second: so questions have a client of their own.

use std::collections::HashMap;

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};
use wire::{Millis, topic};

use super::{KafkaSettings, LogError, METADATA_TIMEOUT, partition::Partition};

/// Asks, and waits for each answer: not for a task of a runtime.
pub(super) struct Questions {
    client: BaseConsumer,
    /// A slower broker whose log is short.
    embedded: bool,
}

/// What a look at the topics showed.
pub(super) struct Looked {
    /// All there are.
    pub(super) partitions: Vec<Partition>,
    /// It ends before what is known of it.
    pub(super) shorter: Option<Partition>,
}

impl Questions {
    /// Connects when it is asked first.
    pub(super) fn new(settings: &KafkaSettings) -> Result<Self, LogError> {
        Ok(Self { client: settings.client().create()?, embedded: settings.embedded })
    }

    /// Per partition, the first record of `since` or later, and the end.
    pub(super) fn begin(&self, since: Millis) -> Result<Vec<(Partition, i64, i64)>, LogError> {
        let mut begun = Vec::new();
        for (topic, partition) in self.partitions()? {
            let (low, high) = self.client.fetch_watermarks(&topic, partition, METADATA_TIMEOUT)?;
            // The embedded broker is not asked for a time: its log is short, and reading all of it is surely right.
            let start =
                if self.embedded { low } else { self.start(&topic, partition, since)?.clamp(low, high) };
            begun.push(((topic, partition), start, high));
        }
        Ok(begun)
    }

    /// Looks at all partitions; `known` are the ends that they must have at least.
    pub(super) fn look(&self, known: HashMap<Partition, i64>) -> Result<Looked, LogError> {
        let partitions = self.partitions()?;
        for (partition, least) in known {
            let (_, end) = self.client.fetch_watermarks(&partition.0, partition.1, METADATA_TIMEOUT)?;
            if end < least {
                return Ok(Looked { partitions, shorter: Some(partition) });
            }
        }
        Ok(Looked { partitions, shorter: None })
    }

    /// Every partition of every topic of the service.
    fn partitions(&self) -> Result<Vec<Partition>, LogError> {
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

    /// The offset of the first record of `since` or later; beyond the end if there is none.
    fn start(&self, topic: &str, partition: i32, since: Millis) -> Result<i64, LogError> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(since))?;
        let found = self.client.offsets_for_times(list, METADATA_TIMEOUT)?;
        let found = found.find_partition(topic, partition).map(|found| found.offset());
        match found {
            Some(Offset::Offset(offset)) => Ok(offset),
            Some(Offset::End) => Ok(i64::MAX),
            other => Err(LogError(format!("{topic}-{partition}: no offset for a time, but {other:?}"))),
        }
    }
}
