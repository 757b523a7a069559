//! Reads every partition of every topic, from where a rebuild must begin, for ever. No shared group: each
//! node needs every record.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    message::{BorrowedMessage, Headers},
};
use tokio::sync::mpsc;
use wire::{Millis, Position, topic};

use super::{KafkaSettings, LogError, METADATA_TIMEOUT};

/// How often the topics are looked at for new partitions.
const METADATA_EVERY: Duration = Duration::from_secs(10);
/// Back from an error; librdkafka reconnects by itself meanwhile.
const ERROR_PAUSE: Duration = Duration::from_millis(200);

/// A partition of a topic.
pub type Partition = (String, i32);

/// A record as it stands in the log.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its topic.
    pub topic: String,
    /// Where it stands there.
    pub position: Position,
    /// Its value; `None` for a tombstone.
    pub value: Option<Vec<u8>>,
    /// It was published again to refill a broker: no news.
    pub republished: bool,
}

/// What the reader tells.
#[derive(Debug)]
pub enum Read {
    /// The next record of some partition.
    Record(Record),
    /// The accepts' topic has this many partitions.
    Partitions(i32),
    /// Everything that was in the log when reading began has been told.
    CaughtUp,
}

/// Reads for ever and sends what it reads to `to`; ends when nobody listens any more.
pub async fn run(settings: KafkaSettings, since: Millis, to: mpsc::Sender<Read>) {
    loop {
        match Reader::open(&settings, since).await {
            Ok(reader) => {
                if reader.run(&to).await.is_err() {
                    return;
                }
            }
            Err(error) => tracing::warn!(%error, "the log cannot be read yet; trying on"),
        }
        if to.is_closed() {
            return;
        }
        tokio::time::sleep(ERROR_PAUSE * 5).await;
    }
}

/// Nobody listens any more.
struct Unheard;

struct Reader {
    consumer: Arc<StreamConsumer>,
    embedded: bool,
    assigned: HashSet<Partition>,
    /// What must have been read before all that was there at the start is told: the last offset.
    missing: HashMap<Partition, i64>,
}

impl Reader {
    async fn open(settings: &KafkaSettings, since: Millis) -> Result<Self, LogError> {
        let consumer: StreamConsumer = settings
            .client()
            // librdkafka wants a name; nothing is ever committed under it.
            .set("group.id", "iutsai-reader")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("fetch.wait.max.ms", if settings.embedded { "10" } else { "500" })
            .set("fetch.error.backoff.ms", "50")
            .create()?;
        let mut reader = Self {
            consumer: Arc::new(consumer),
            embedded: settings.embedded,
            assigned: HashSet::new(),
            missing: HashMap::new(),
        };
        let partitions = reader.partitions().await?;
        reader.begin(partitions, since).await?;
        Ok(reader)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&StreamConsumer) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let consumer = self.consumer.clone();
        let answered = tokio::task::spawn_blocking(move || ask(&consumer)).await;
        answered.map_err(|error| LogError(error.to_string()))?
    }

    async fn partitions(&self) -> Result<Vec<Partition>, LogError> {
        self.blocking(|consumer| {
            let mut partitions = Vec::new();
            for topic in topic::ALL {
                let metadata = consumer.fetch_metadata(Some(topic.name), METADATA_TIMEOUT)?;
                for found in metadata.topics().iter().filter(|found| found.name() == topic.name) {
                    if let Some(error) = found.error() {
                        return Err(LogError(format!("the topic {}: {error:?}", topic.name)));
                    }
                    partitions.extend(found.partitions().iter().map(|p| (topic.name.to_owned(), p.id())));
                }
            }
            Ok(partitions)
        })
        .await
    }

    /// Starts every partition at the first record of `since` or later.
    async fn begin(&mut self, partitions: Vec<Partition>, since: Millis) -> Result<(), LogError> {
        let wanted = partitions.clone();
        // The embedded broker is not asked for a time: its log is short, and reading all of it is surely right.
        let embedded = self.embedded;
        let (list, missing) = self
            .blocking(move |consumer| {
                let mut list = TopicPartitionList::new();
                let mut missing = HashMap::new();
                for (topic, partition) in wanted {
                    let (low, high) = consumer.fetch_watermarks(&topic, partition, METADATA_TIMEOUT)?;
                    let start = if embedded {
                        low
                    } else {
                        start(consumer, &topic, partition, since)?.clamp(low, high)
                    };
                    list.add_partition_offset(&topic, partition, Offset::Offset(start))?;
                    if start < high {
                        missing.insert((topic, partition), high - 1);
                    }
                }
                Ok((list, missing))
            })
            .await?;
        self.consumer.assign(&list)?;
        self.assigned = partitions.into_iter().collect();
        self.missing = missing;
        Ok(())
    }

    async fn run(mut self, to: &mpsc::Sender<Read>) -> Result<(), Unheard> {
        self.tell_partitions(to).await?;
        let mut behind = true;
        let mut look = tokio::time::interval(METADATA_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        look.reset();
        let consumer = self.consumer.clone();
        loop {
            if behind && self.missing.is_empty() {
                behind = false;
                to.send(Read::CaughtUp).await.map_err(|_| Unheard)?;
            }
            tokio::select! {
                message = consumer.recv() => match message {
                    Ok(message) => {
                        let record = record(&message);
                        self.note(&record);
                        to.send(Read::Record(record)).await.map_err(|_| Unheard)?;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "reading the log failed; trying on");
                        tokio::time::sleep(ERROR_PAUSE).await;
                    }
                },
                _ = look.tick() => match self.add_new_partitions().await {
                    Ok(true) => self.tell_partitions(to).await?,
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, "the topics could not be looked at"),
                },
                () = to.closed() => return Err(Unheard),
            }
        }
    }

    fn note(&mut self, record: &Record) {
        if self.missing.is_empty() {
            return;
        }
        let partition = (record.topic.clone(), record.position.partition);
        if self.missing.get(&partition).is_some_and(|last| record.position.offset >= *last) {
            self.missing.remove(&partition);
        }
    }

    async fn tell_partitions(&self, to: &mpsc::Sender<Read>) -> Result<(), Unheard> {
        let accepts = self.assigned.iter().filter(|(topic, _)| topic == topic::ACCEPT).count();
        let accepts = i32::try_from(accepts).unwrap_or(i32::MAX);
        to.send(Read::Partitions(accepts)).await.map_err(|_| Unheard)
    }

    /// New partitions are read from their beginning: nothing in them has been told yet.
    async fn add_new_partitions(&mut self) -> Result<bool, LogError> {
        let mut list = TopicPartitionList::new();
        for (topic, partition) in self.partitions().await? {
            if self.assigned.insert((topic.clone(), partition)) {
                tracing::info!(topic, partition, "reading a new partition");
                list.add_partition_offset(&topic, partition, Offset::Offset(0))?;
            }
        }
        if list.count() == 0 {
            return Ok(false);
        }
        self.consumer.incremental_assign(&list)?;
        Ok(true)
    }
}

/// The offset of the first record of `since` or later; beyond the end if there is none.
fn start(consumer: &StreamConsumer, topic: &str, partition: i32, since: Millis) -> Result<i64, LogError> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(since))?;
    let found = consumer.offsets_for_times(list, METADATA_TIMEOUT)?;
    let found = found.find_partition(topic, partition).map(|found| found.offset());
    match found {
        Some(Offset::Offset(offset)) => Ok(offset),
        Some(Offset::End) => Ok(i64::MAX),
        other => Err(LogError(format!("{topic}-{partition}: no offset for a time, but {other:?}"))),
    }
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let republished = message.headers().is_some_and(|all| all.iter().any(|one| one.key == "republished"));
    Record {
        topic: message.topic().to_owned(),
        position: Position {
            timestamp: message.timestamp().to_millis().unwrap_or_default(),
            partition: message.partition(),
            offset: message.offset(),
        },
        value: message.payload().map(<[u8]>::to_vec),
        republished,
    }
}
