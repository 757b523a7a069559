//! Reads every partition of every topic, or those of a node's share, without an end. There is no shared group, because
//! each node needs every record of its lines. When the log turns out to be shorter than the part already read (a broker
//! lost its disk, a topic was made anew), reading begins again.

mod answers;
mod lending;

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    sync::Arc,
    time::Duration,
};

use domain::{Line, Millis, Position};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    message::BorrowedMessage,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::Instant,
};

use self::answers::{Answer, answered};
use super::{
    KafkaSettings,
    acknowledged::Acknowledged,
    health::{self, ConsumerHealth, ConsumerWatcher},
    questions::{self, Questions, Range},
    record::{self, Progress},
};
use crate::{
    clock,
    delivery::log::{Ends, Health, LogError, Partition, Read, Record, Start, selection::Selection},
};

/// The time between two inspections of the topics for new partitions and for lost records.
const INSPECT_EVERY: Duration = Duration::from_secs(10);
/// The time, in milliseconds, for which a broker keeps a fetch that finds no record. It answers as soon as there is
/// one.
const FETCH_WAIT_MS: &str = "500";
/// The pause after an error; librdkafka reconnects meanwhile.
const ERROR_PAUSE: Duration = Duration::from_millis(200);
/// The pause before reading begins again.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// Reads from `start` on, and sends what it reads to `to`. Ends when that is closed.
///
/// Every `acknowledged` record must be there, also if it was not read yet. `remade` changes when a topic was made
/// again.
pub(super) async fn run(
    settings: KafkaSettings,
    start: Start,
    acknowledged: Arc<Acknowledged>,
    mut remade: watch::Receiver<u64>,
    to: mpsc::Sender<Read>,
) {
    let mut failed = false;
    loop {
        remade.mark_unchanged();
        let (prepared, answer) = oneshot::channel();
        // A receiver that is gone does not answer either.
        if to.send(Read::Opening(prepared)).await.is_err() || answer.await.is_err() {
            return;
        }
        match Reader::open(&settings, &start, acknowledged.clone()).await {
            Ok(reader) => {
                failed = false;
                let stop = tokio::select! {
                    stop = reader.run(&start, &to) => stop,
                    Ok(()) = remade.changed() => Stop::Remade,
                };
                match stop {
                    Stop::NoReader => return,
                    Stop::Shorter((topic, partition)) => {
                        acknowledged.forget(&(topic.clone(), partition));
                        tracing::warn!(topic, partition, "the log has become shorter, reading it again");
                    }
                    Stop::Stuck((topic, partition)) => {
                        tracing::error!(topic, partition, "the consumer delivers nothing, replacing it");
                    }
                    Stop::Remade => {
                        acknowledged.forget_all();
                        tracing::warn!("a topic was made again, reading the log again");
                    }
                    Stop::Forsaken => {
                        tracing::error!("the consumer has forgotten every broker, replacing it");
                    }
                }
            }
            Err(error) if !failed => {
                failed = true;
                tracing::warn!(%error, "the log cannot be read yet, retrying");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(RESTART_PAUSE) => {}
            () = to.closed() => return,
        }
    }
}

/// Why reading ends.
enum Stop {
    /// The receiver is closed.
    NoReader,
    /// This partition ends before what was read of it, or acknowledged in it.
    Shorter(Partition),
    /// A topic was made again.
    Remade,
    /// The consumer does not deliver records that stand in this partition.
    Stuck(Partition),
    /// The client will never connect again.
    Forsaken,
}

impl From<mpsc::error::SendError<Read>> for Stop {
    fn from(_: mpsc::error::SendError<Read>) -> Self {
        Self::NoReader
    }
}

struct Reader {
    consumer: Arc<StreamConsumer<ConsumerWatcher>>,
    questions: Arc<Questions>,
    health: watch::Receiver<ConsumerHealth>,
    acknowledged: Arc<Acknowledged>,
    settings: KafkaSettings,
    selection: Selection,
    /// The number of partitions that each topic has.
    counts: BTreeMap<String, i32>,
    /// Changes with the lines that are borrowed.
    borrowed: watch::Receiver<BTreeMap<Line, Instant>>,
    progress: HashMap<Partition, Progress>,
    /// The ends of the partitions at the last inspection. They are kept here, because the consumer itself may be
    /// mistaken.
    ends: Ends,
    /// When the consumer delivered a record last.
    delivered_at: Instant,
}

impl Reader {
    async fn open(
        settings: &KafkaSettings,
        start: &Start,
        acknowledged: Arc<Acknowledged>,
    ) -> Result<Self, LogError> {
        let (sender, health) = watch::channel(ConsumerHealth::default());
        let consumer: StreamConsumer<ConsumerWatcher> = settings
            .consumer()
            .set("fetch.wait.max.ms", FETCH_WAIT_MS)
            .set("fetch.error.backoff.ms", "50")
            .set("statistics.interval.ms", health::CONSUMER_EVERY_MS)
            .create_with_context(ConsumerWatcher(sender))?;
        let mut reader = Self {
            consumer: Arc::new(consumer),
            questions: Arc::new(Questions::new(settings)?),
            health,
            acknowledged,
            settings: settings.clone(),
            selection: Selection::new(settings.share.clone()),
            counts: BTreeMap::new(),
            borrowed: settings.share.borrowed(),
            progress: HashMap::new(),
            ends: Ends::new(),
            delivered_at: Instant::now(),
        };
        reader.assign(start.clone()).await?;
        Ok(reader)
    }

    async fn assign(&mut self, start: Start) -> Result<(), LogError> {
        let questions = self.questions.clone();
        let all = tokio::task::spawn_blocking(move || questions.partitions()).await;
        let all = all.map_err(|error| LogError::of(&error))??;
        self.learn(&all);
        self.selection.add(self.selection.newly_borrowed());
        let wanted: Vec<Partition> =
            all.into_iter().filter(|partition| self.selection.wants(partition)).collect();
        let questions = self.questions.clone();
        let ranges = tokio::task::spawn_blocking(move || questions.ranges(wanted, &start)).await;
        let mut list = TopicPartitionList::new();
        for Range { partition, start, end } in ranges.map_err(|error| LogError::of(&error))?? {
            list.add_partition_offset(&partition.0, partition.1, Offset::Offset(start))?;
            self.progress.insert(partition, Progress::new(start, end));
        }
        self.consumer.assign(&list)?;
        self.show_partitions();
        Ok(())
    }

    async fn run(mut self, start: &Start, to: &mpsc::Sender<Read>) -> Stop {
        let stop = match self.read_on(start, to).await {
            Ok(never) => match never {},
            Err(stop) => stop,
        };
        questions::end(self.consumer);
        stop
    }

    async fn read_on(&mut self, start: &Start, to: &mpsc::Sender<Read>) -> Result<Infallible, Stop> {
        let since = if let Start::Since(since) = start { *since } else { Millis::MIN };
        to.send(Read::Begun(since)).await?;
        self.send_partitions(to).await?;
        let mut behind = true;
        let mut asking: Option<JoinHandle<Result<Answer, LogError>>> = None;
        let mut inspect = tokio::time::interval(INSPECT_EVERY);
        inspect.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        inspect.reset();
        let consumer = self.consumer.clone();
        loop {
            if behind && self.progress.values().all(|progress| progress.next >= progress.end) {
                behind = false;
                to.send(Read::CaughtUp(self.ends_at_start())).await?;
            }
            tokio::select! {
                message = consumer.recv() => match message {
                    Ok(message) => {
                        let record = self.decode(&message)?;
                        to.send(Read::Record(record)).await?;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "reading the log failed, retrying");
                        tokio::time::sleep(ERROR_PAUSE).await;
                    }
                },
                _ = inspect.tick(), if asking.is_none() => asking = Some(self.inspect()),
                answer = answered(&mut asking) => {
                    let was_inspection = matches!(answer, Ok(Answer::Inspected(_)));
                    self.use_answer(answer, to).await?;
                    if was_inspection {
                        // A consumer that is stuck may emit no statistics either.
                        let ends = self.health.borrow().ends.clone();
                        asking = self.ask_for_more(start).or_else(|| self.ask_where_nothing_comes(&ends));
                    }
                }
                Ok(()) = self.borrowed.changed(), if asking.is_none() => {
                    self.leave_returned();
                    asking = self.ask_for_more(start);
                }
                Ok(()) = self.health.changed() => {
                    let health = self.health.borrow_and_update().clone();
                    if health.forsaken {
                        return Err(Stop::Forsaken);
                    }
                    to.send(Read::Health(self.measure(&health))).await?;
                    if asking.is_none() {
                        let more = self.ask_for_more(start);
                        asking = more.or_else(|| self.ask_where_nothing_comes(&health.ends));
                    }
                }
                () = to.closed() => return Err(Stop::NoReader),
            }
        }
    }

    fn ends_at_start(&self) -> Ends {
        self.progress.iter().map(|(partition, progress)| (partition.clone(), progress.end)).collect()
    }

    fn measure(&self, health: &ConsumerHealth) -> Health {
        let lag = |(partition, end): (&Partition, &i64)| {
            self.progress.get(partition).map_or(0, |progress| (end - progress.next).max(0))
        };
        Health { connected: health.connected, lag: health.ends.iter().map(lag).sum() }
    }

    /// The record of a message, which moves its partition's progress.
    fn decode(&mut self, message: &BorrowedMessage<'_>) -> Result<Record, Stop> {
        let partition = (message.topic().to_owned(), message.partition());
        let offset = message.offset();
        let timestamp = message.timestamp().to_millis().unwrap_or_default();
        let position = Position { timestamp, partition: partition.1, offset };
        self.delivered_at = Instant::now();
        let (time, stood_before) = match self.progress.get_mut(&partition) {
            Some(progress) if offset < progress.next => return Err(Stop::Shorter(partition)),
            Some(progress) => (progress.advance(position), offset < progress.end),
            None => (position.time(), false),
        };
        Ok(record::of(message, position, time.unwrap_or_else(clock::now), stood_before))
    }

    async fn send_partitions(&self, to: &mpsc::Sender<Read>) -> Result<(), Stop> {
        Ok(to.send(Read::Partitions(self.counts.clone())).await?)
    }
}
