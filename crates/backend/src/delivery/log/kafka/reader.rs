//! Reads every partition of every topic, or those of a node's share, without an end. There is no shared group, because
//! each node needs every record of its lines. When the log turns out to be shorter than the part already read (a broker
//! lost its disk, a topic was made anew), reading begins again.

mod lending;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
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

use super::{
    KafkaSettings,
    acknowledged::Acknowledged,
    health::{self, ConsumerHealth, ConsumerWatcher},
    questions::{self, Inspection, Questions, Range},
    record::{self, Progress},
};
use crate::{
    clock,
    delivery::log::{Ends, Health, LogError, Partition, Read, Record, Start, share::Selection},
};

/// The time between two inspections of the topics for new partitions and for lost records.
const INSPECT_EVERY: Duration = Duration::from_secs(10);
/// The time, in milliseconds, for which a broker keeps a fetch that finds no record. It answers as soon as there is
/// one.
const FETCH_WAIT_MS: &str = "500";
/// The pause after an error; librdkafka reconnects meanwhile.
const ERROR_PAUSE: Duration = Duration::from_millis(200);
/// The time after which a consumer is replaced that delivers nothing, though there is something. This was seen when its
/// brokers were away one after the other.
const DELIVERS_WITHIN: Duration = Duration::from_secs(5);
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

/// The result of a question in the background.
enum Answer {
    Inspected(Inspection),
    /// No record stands before this end of the partition.
    Empty(Partition, i64),
    /// A record stands at or behind this offset, which is the next to read.
    HasRecords(Partition, i64),
    /// Where the partitions begin that are read from now on because of borrowed lines, or because a topic has grown.
    Ranges(BTreeSet<Line>, Vec<Range>),
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

    /// Asks for the record at the next offset of a partition from which nothing came since the last statistics although
    /// it goes on. The client never reports a transaction's marker, so its records alone do not show that the end is
    /// reached.
    fn ask_where_nothing_comes(&mut self, ends: &Ends) -> Option<JoinHandle<Result<Answer, LogError>>> {
        let mut stuck = None;
        for (partition, progress) in &mut self.progress {
            let known = [ends.get(partition), self.ends.get(partition), Some(&progress.end)];
            let end = known.into_iter().flatten().copied().max().unwrap_or(0);
            if progress.next < end && progress.before == progress.next {
                stuck = Some((partition.clone(), progress.next));
            }
            progress.before = progress.next;
        }
        let (partition, from) = stuck?;
        let questions = self.questions.clone();
        Some(tokio::task::spawn_blocking(move || {
            let end = questions.end_without_records(&partition, from)?;
            Ok(match end {
                Some(end) => Answer::Empty(partition, end),
                None => Answer::HasRecords(partition, from),
            })
        }))
    }

    /// Begins to look for new partitions and for lost records, beside the reading.
    fn inspect(&self) -> JoinHandle<Result<Answer, LogError>> {
        let next = |(partition, progress): (&Partition, &Progress)| (partition.clone(), progress.next);
        let (questions, mut known) =
            (self.questions.clone(), self.progress.iter().map(next).collect::<Ends>());
        for (partition, end) in self.acknowledged.ends() {
            known.entry(partition).and_modify(|next| *next = end.max(*next));
        }
        tokio::task::spawn_blocking(move || questions.inspect(known).map(Answer::Inspected))
    }

    async fn use_answer(
        &mut self,
        answer: Result<Answer, LogError>,
        to: &mpsc::Sender<Read>,
    ) -> Result<(), Stop> {
        match answer {
            Ok(Answer::Inspected(Inspection { shorter: Some(partition), .. })) => {
                Err(Stop::Shorter(partition))
            }
            Ok(Answer::Inspected(Inspection { partitions, ends, .. })) => {
                let has_changed = self.learn(&partitions);
                match self.add_new(partitions, ends) {
                    Ok(true) => self.send_partitions(to).await,
                    Ok(false) if has_changed => self.send_partitions(to).await,
                    Ok(false) => Ok(()),
                    Err(error) => {
                        tracing::warn!(%error, "a new partition cannot be read, retrying");
                        Ok(())
                    }
                }
            }
            Ok(Answer::Empty(partition, end)) => {
                if let Some(progress) = self.progress.get_mut(&partition) {
                    progress.next = progress.next.max(end);
                }
                Ok(())
            }
            Ok(Answer::HasRecords(partition, from)) => {
                let waits = self.progress.get(&partition).is_some_and(|progress| progress.next == from);
                match waits && self.delivered_at.elapsed() > DELIVERS_WITHIN {
                    true => Err(Stop::Stuck(partition)),
                    false => Ok(()),
                }
            }
            Ok(Answer::Ranges(lines, ranges)) => {
                if let Err(error) = self.read_more(lines, ranges) {
                    tracing::warn!(%error, "a new partition cannot be read, retrying");
                }
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "the topics cannot be inspected, retrying");
                // The client may be one that never connects again.
                match Questions::new(&self.settings) {
                    Ok(questions) => self.questions = Arc::new(questions),
                    Err(error) => tracing::warn!(%error, "there is no new client to ask Kafka with"),
                }
                Ok(())
            }
        }
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

    /// Reads new partitions from their beginning, because nothing in them was read yet. Returns whether there are any.
    /// A node with a shard asks where they begin, because those that it reads now may be old.
    fn add_new(&mut self, partitions: Vec<Partition>, ends: Ends) -> Result<bool, LogError> {
        self.ends = ends;
        if !self.selection.is_whole() {
            return Ok(false);
        }
        let mut list = TopicPartitionList::new();
        let new: Vec<Partition> =
            partitions.into_iter().filter(|partition| !self.progress.contains_key(partition)).collect();
        for (topic, partition) in &new {
            tracing::info!(topic, partition, "reading a new partition");
            list.add_partition_offset(topic, *partition, Offset::Offset(0))?;
        }
        if new.is_empty() {
            return Ok(false);
        }
        self.consumer.incremental_assign(&list)?;
        self.progress.extend(new.into_iter().map(|partition| (partition, Progress::new(0, 0))));
        self.show_partitions();
        Ok(true)
    }
}

/// The answer to the question under way; never, while there is none.
async fn answered(asking: &mut Option<JoinHandle<Result<Answer, LogError>>>) -> Result<Answer, LogError> {
    let Some(question) = asking else { return std::future::pending().await };
    let answer = question.await;
    *asking = None;
    answer.unwrap_or_else(|error| Err(LogError::of(&error)))
}
