//! Reads every partition of every topic, from where a rebuild must begin, for ever. No shared group: each
//! node needs every record. When the log turns out to be shorter than what was read of it (a broker lost its disk, a
//! topic was made anew), reading begins again.

use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};

use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    message::{BorrowedMessage, Headers},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};
use uuid::Uuid;
use wire::{Millis, Position, topic};

use super::{
    KafkaSettings, LogError,
    acknowledged::Acknowledged,
    health::{self, Health, Watcher},
    partition::{Ends, Partition},
    producer::REPUBLISHED,
    questions::{Looked, Questions},
    topics,
};

/// How often the topics are looked at, for new partitions and for lost records.
const METADATA_EVERY: Duration = Duration::from_secs(10);
/// So long a broker keeps a question for records that finds none; it answers as soon as there is one.
const FETCH_WAIT_MS: &str = "500";
/// Back from an error; librdkafka reconnects by itself meanwhile.
const ERROR_PAUSE: Duration = Duration::from_millis(200);

/// A record as it stands in the log.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its topic.
    pub topic: String,
    /// Where it stands there.
    pub position: Position,
    /// Its `id` header, which records of the original service lack.
    pub id: Option<Uuid>,
    /// Its value; `None` for a tombstone.
    pub value: Option<Vec<u8>>,
    /// It was published again to refill a broker: no news.
    pub republished: bool,
}

/// What the reader tells.
#[derive(Debug)]
pub enum Read {
    /// It is about to begin, or to begin again, and waits for an answer.
    Opening(oneshot::Sender<()>),
    /// Everything since this time follows.
    Begun(Millis),
    /// The next record of some partition.
    Record(Record),
    /// The accepts' topic has this many partitions.
    Partitions(i32),
    /// Everything that was in the log when reading began has been told: what stood before these ends.
    CaughtUp(Ends),
    /// How the reading is doing.
    Health(Health),
}

/// Reads for ever, from `look_back` ago, and sends what it reads to `to`; ends when nobody listens any more.
///
/// What was `acknowledged` must be there, also if it was not read yet.
pub async fn run(
    settings: KafkaSettings,
    look_back: Millis,
    acknowledged: Arc<Acknowledged>,
    to: mpsc::Sender<Read>,
) {
    loop {
        let (prepared, answer) = oneshot::channel();
        // That nobody answers is seen below: then nobody listens any more.
        if to.send(Read::Opening(prepared)).await.is_err() || answer.await.is_err() {
            return;
        }
        let since = crate::clock::now() - look_back;
        match Reader::open(&settings, since, acknowledged.clone()).await {
            Ok(reader) => match reader.run(since, &to).await {
                Stop::Unheard => return,
                Stop::Shorter(topic, partition) => {
                    acknowledged.forget(&(topic.clone(), partition));
                    tracing::warn!(
                        topic,
                        partition,
                        "the log has become shorter: it is read from its beginning"
                    );
                }
                Stop::Forsaken => {
                    tracing::error!(
                        "the Kafka client that reads has forgotten every broker: a new one begins again"
                    );
                }
            },
            Err(error) => {
                tracing::warn!(%error, "the log cannot be read yet; trying on");
                // A topic may have been deleted.
                if let Err(error) = topics::create_missing(&settings).await {
                    tracing::debug!(%error, "the topics cannot be looked at");
                }
            }
        }
        if to.is_closed() {
            return;
        }
        tokio::time::sleep(ERROR_PAUSE * 5).await;
    }
}

/// Why reading ends.
enum Stop {
    /// Nobody listens any more.
    Unheard,
    /// This partition ends before what was read of it, or acknowledged in it.
    Shorter(String, i32),
    /// The client will never connect again.
    Forsaken,
}

impl From<mpsc::error::SendError<Read>> for Stop {
    fn from(_: mpsc::error::SendError<Read>) -> Self {
        Self::Unheard
    }
}

struct Reader {
    consumer: Arc<StreamConsumer<Watcher>>,
    questions: Arc<Questions>,
    health: watch::Receiver<Health>,
    acknowledged: Arc<Acknowledged>,
    settings: KafkaSettings,
    /// What is read, with the offset behind the last record that was.
    assigned: HashMap<Partition, i64>,
    /// What must have been read before all that was there at the start is told: the last offset.
    missing: HashMap<Partition, i64>,
    /// Where the partitions ended at the start.
    ends: Ends,
}

impl Reader {
    async fn open(
        settings: &KafkaSettings,
        since: Millis,
        acknowledged: Arc<Acknowledged>,
    ) -> Result<Self, LogError> {
        let (tell, health) = watch::channel(Health::new());
        let consumer: StreamConsumer<Watcher> = settings
            .client()
            // librdkafka wants a name; nothing is ever committed under it.
            .set("group.id", "iutsai-reader")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("fetch.wait.max.ms", FETCH_WAIT_MS)
            .set("fetch.error.backoff.ms", "50")
            .set("statistics.interval.ms", health::EVERY_MS)
            .create_with_context(Watcher(tell))?;
        let mut reader = Self {
            consumer: Arc::new(consumer),
            questions: Arc::new(Questions::new(settings)?),
            health,
            acknowledged,
            settings: settings.clone(),
            assigned: HashMap::new(),
            missing: HashMap::new(),
            ends: HashMap::new(),
        };
        reader.begin(since).await?;
        Ok(reader)
    }

    /// Starts every partition at the first record of `since` or later.
    async fn begin(&mut self, since: Millis) -> Result<(), LogError> {
        let questions = self.questions.clone();
        let begun = tokio::task::spawn_blocking(move || questions.begin(since)).await;
        let mut list = TopicPartitionList::new();
        for (key, start, high) in begun.map_err(|error| LogError::of(&error))?? {
            list.add_partition_offset(&key.0, key.1, Offset::Offset(start))?;
            if start < high {
                self.missing.insert(key.clone(), high - 1);
            }
            self.ends.insert(key.clone(), high);
            self.assigned.insert(key, start);
        }
        self.consumer.assign(&list)?;
        Ok(())
    }

    async fn run(mut self, since: Millis, to: &mpsc::Sender<Read>) -> Stop {
        match self.read_on(since, to).await {
            Ok(never) => match never {},
            Err(stop) => stop,
        }
    }

    async fn read_on(&mut self, since: Millis, to: &mpsc::Sender<Read>) -> Result<Infallible, Stop> {
        to.send(Read::Begun(since)).await?;
        self.tell_partitions(to).await?;
        let mut behind = true;
        let mut looking: Option<JoinHandle<Result<Looked, LogError>>> = None;
        let mut look = tokio::time::interval(METADATA_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        look.reset();
        let consumer = self.consumer.clone();
        loop {
            if behind && self.missing.is_empty() {
                behind = false;
                to.send(Read::CaughtUp(std::mem::take(&mut self.ends))).await?;
            }
            tokio::select! {
                message = consumer.recv() => match message {
                    Ok(message) => {
                        let record = record(&message);
                        self.note(&record)?;
                        to.send(Read::Record(record)).await?;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "reading the log failed; trying on");
                        tokio::time::sleep(ERROR_PAUSE).await;
                    }
                },
                _ = look.tick(), if looking.is_none() => looking = Some(self.look()),
                looked = seen(&mut looking) => self.take_in(looked, to).await?,
                Ok(()) = self.health.changed() => {
                    let health = *self.health.borrow_and_update();
                    if health.forsaken {
                        return Err(Stop::Forsaken);
                    }
                    to.send(Read::Health(health)).await?;
                }
                () = to.closed() => return Err(Stop::Unheard),
            }
        }
    }

    /// Begins to look for new partitions and for lost records, beside the reading.
    fn look(&self) -> JoinHandle<Result<Looked, LogError>> {
        let (questions, mut known) = (self.questions.clone(), self.assigned.clone());
        for (partition, end) in self.acknowledged.ends() {
            known.entry(partition).and_modify(|next| *next = end.max(*next));
        }
        tokio::task::spawn_blocking(move || questions.look(known))
    }

    async fn take_in(
        &mut self,
        looked: Result<Looked, LogError>,
        to: &mpsc::Sender<Read>,
    ) -> Result<(), Stop> {
        match looked {
            Ok(Looked { shorter: Some((topic, partition)), .. }) => Err(Stop::Shorter(topic, partition)),
            Ok(Looked { partitions, .. }) => match self.add_new(partitions) {
                Ok(true) => self.tell_partitions(to).await,
                Ok(false) => Ok(()),
                Err(error) => {
                    tracing::warn!(%error, "a new partition cannot be read yet");
                    Ok(())
                }
            },
            Err(error) => {
                tracing::warn!(%error, "the topics could not be looked at");
                // The client may be one that never connects again.
                match Questions::new(&self.settings) {
                    Ok(questions) => self.questions = Arc::new(questions),
                    Err(error) => tracing::warn!(%error, "there is no new client to ask Kafka with"),
                }
                Ok(())
            }
        }
    }

    fn note(&mut self, record: &Record) -> Result<(), Stop> {
        let partition = (record.topic.clone(), record.position.partition);
        let offset = record.position.offset;
        if self.missing.get(&partition).is_some_and(|last| offset >= *last) {
            self.missing.remove(&partition);
        }
        match self.assigned.get_mut(&partition) {
            Some(next) if offset < *next => Err(Stop::Shorter(partition.0, partition.1)),
            Some(next) => {
                *next = offset + 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    async fn tell_partitions(&self, to: &mpsc::Sender<Read>) -> Result<(), Stop> {
        let accepts = self.assigned.keys().filter(|(topic, _)| topic == topic::ACCEPT).count();
        let accepts = i32::try_from(accepts).unwrap_or(i32::MAX);
        Ok(to.send(Read::Partitions(accepts)).await?)
    }

    /// New partitions are read from their beginning: nothing in them has been told yet. Whether there are any.
    fn add_new(&mut self, partitions: Vec<Partition>) -> Result<bool, LogError> {
        let mut list = TopicPartitionList::new();
        let new: Vec<Partition> =
            partitions.into_iter().filter(|partition| !self.assigned.contains_key(partition)).collect();
        for (topic, partition) in &new {
            tracing::info!(topic, partition, "reading a new partition");
            list.add_partition_offset(topic, *partition, Offset::Offset(0))?;
        }
        if new.is_empty() {
            return Ok(false);
        }
        self.consumer.incremental_assign(&list)?;
        self.assigned.extend(new.into_iter().map(|partition| (partition, 0)));
        Ok(true)
    }
}

/// The outcome of a look that is under way; never, while there is none.
async fn seen(looking: &mut Option<JoinHandle<Result<Looked, LogError>>>) -> Result<Looked, LogError> {
    let Some(look) = looking else { return std::future::pending().await };
    let looked = look.await;
    *looking = None;
    looked.unwrap_or_else(|error| Err(LogError::of(&error)))
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = || message.headers().into_iter().flat_map(|headers| headers.iter());
    let id = headers().find(|header| header.key == "id").and_then(|header| header.value);
    let republished = headers().any(|header| header.key == REPUBLISHED);
    Record {
        topic: message.topic().to_owned(),
        position: Position {
            timestamp: message.timestamp().to_millis().unwrap_or_default(),
            partition: message.partition(),
            offset: message.offset(),
        },
        id: id.and_then(|id| std::str::from_utf8(id).ok()?.parse().ok()),
        value: message.payload().map(<[u8]>::to_vec),
        republished,
    }
}
