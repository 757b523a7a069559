//! The log as the batch reads it, from beside the server or within, page by page, to the end that it has.

use std::{collections::HashSet, path::Path, time::Duration};

use domain::{Millis, topic};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    clock,
    delivery::{
        log::{
            Ends, Kafka, KafkaSettings, Log, LogError, Partition, Positions, Read, Record, Start,
            record_of_entry,
        },
        outbox::{LogId, Pages, Sequence},
    },
    statistics::{
        positions::{self, Places},
        store::StatisticsError,
    },
};

/// The most records of a page that is read from Kafka.
const PAGE: usize = 1_000;
/// The longest time for Kafka's first answer.
const ANSWER: Duration = Duration::from_secs(30);
/// The time without a record after which the right to run is renewed.
const QUIET: Duration = Duration::from_secs(20);

/// A log to count.
pub enum Source {
    /// An outbox that is the log.
    File(Pages, LogId),
    /// A Kafka cluster.
    Cluster(Kafka),
}

/// Where a reading begins.
pub(super) enum Begin {
    /// Behind this entry.
    Entry(Sequence),
    /// At these offsets.
    Offsets(Positions),
}

/// Records to count.
#[derive(Default)]
pub(super) struct Records {
    pub(super) records: Vec<Record>,
    /// Calls of before were deleted from the log, as far as these records show it.
    pub(super) deleted_before: Millis,
}

/// A reading to the end of the log.
pub(super) enum Reading {
    /// The outbox's file.
    File { pages: Pages, log: String, after: Sequence },
    /// A cluster.
    Cluster { reader: Reader, cluster: String },
}

/// A reading of a cluster.
pub(super) struct Reader {
    records: mpsc::Receiver<Read>,
    has_begun: bool,
    caught_up: bool,
    /// Partitions of which the first record is known.
    known: HashSet<Partition>,
}

impl Source {
    /// Opens the outbox in `directory` for reading only, beside the server that may be writing it.
    ///
    /// # Errors
    /// [`StatisticsError`] if there is none of this version.
    pub async fn beside(directory: &Path) -> Result<Self, StatisticsError> {
        let (pages, log) = Pages::open_beside(directory).await?;
        Ok(Self::File(pages, log))
    }

    /// Connects to a cluster.
    ///
    /// # Errors
    /// [`StatisticsError`] if it does not answer.
    pub async fn cluster(settings: KafkaSettings) -> Result<Self, StatisticsError> {
        let kafka = Kafka::new(settings)?;
        tokio::spawn(kafka.clone().keep_connected());
        let answered = timeout(ANSWER, kafka.cluster()).await;
        answered.map_err(|_| LogError::because(&format!("Kafka did not answer within {ANSWER:?}")))?;
        Ok(Self::Cluster(kafka))
    }

    /// The log of a running server.
    ///
    /// # Errors
    /// [`StatisticsError`] while the outbox is not open.
    pub(crate) fn of(log: &Log) -> Result<Self, StatisticsError> {
        Ok(match log {
            Log::Local(outbox) => Self::File(outbox.pages()?, outbox.log()?),
            Log::Kafka(kafka) => Self::Cluster(kafka.clone()),
        })
    }

    /// Returns where the log begins.
    pub(super) fn beginning(&self) -> Begin {
        match self {
            Self::File(..) => Begin::Entry(Sequence(i64::MIN)),
            Self::Cluster(_) => Begin::Offsets(Positions::Kafka([].into())),
        }
    }

    /// Returns where a reading goes on that was interrupted; `None` if it was of another log.
    pub(super) async fn go_on(&self, places: &Places) -> Result<Option<Begin>, StatisticsError> {
        match self {
            Self::File(pages, id) => {
                let Some(Positions::Local { log, sequence, event }) = positions::in_file(places) else {
                    return Ok(None);
                };
                let last = pages.at(sequence).await?.map(|entry| entry.origin.id);
                Ok((log == *id && last == Some(event)).then_some(Begin::Entry(sequence)))
            }
            Self::Cluster(kafka) => {
                let cluster = kafka.cluster().await;
                let ends = Log::Kafka(kafka.clone()).ends().await?;
                Ok(positions::in_cluster(places, &cluster, &ends).map(Begin::Offsets))
            }
        }
    }

    pub(super) async fn read(&self, from: Begin) -> Result<Reading, StatisticsError> {
        match (self, from) {
            (Self::File(pages, id), Begin::Entry(after)) => {
                Ok(Reading::File { pages: pages.clone(), log: id.0.to_string(), after })
            }
            (Self::Cluster(kafka), Begin::Offsets(start)) => {
                let (sender, records) = mpsc::channel(1_024);
                let cluster = kafka.cluster().await.to_string();
                let known = match &start {
                    Positions::Kafka(places) => places.keys().cloned().collect(),
                    Positions::Local { .. } => HashSet::new(),
                };
                let log = Log::Kafka(kafka.clone());
                tokio::spawn(async move { log.follow(Start::Behind(start), sender).await });
                let reader = Reader { records, has_begun: false, caught_up: false, known };
                Ok(Reading::Cluster { reader, cluster })
            }
            _ => Err(StatisticsError::Stored("positions of another kind of log".into())),
        }
    }
}

impl Reading {
    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Returns the id of the file or the cluster.
    pub(super) fn log(&self) -> &str {
        match self {
            Self::File { log, .. } => log,
            Self::Cluster { cluster, .. } => cluster,
        }
    }

    /// Returns the next records; `None` at the end. While Kafka is quiet they may be none.
    pub(super) async fn next_page(&mut self) -> Result<Option<Records>, StatisticsError> {
        match self {
            Self::File { pages, after, .. } => {
                let page = pages.records(*after).await?;
                let Some(last) = page.last() else { return Ok(None) };
                *after = last.sequence;
                let records = page.into_iter().map(record_of_entry).collect();
                Ok(Some(Records { records, deleted_before: 0 }))
            }
            Self::Cluster { reader, .. } if reader.caught_up => Ok(None),
            Self::Cluster { reader, .. } => reader.next_page().await.map(Some),
        }
    }

    /// Returns the time before which calls may have been deleted from a file.
    pub(super) async fn deleted_before(&self) -> Result<Millis, StatisticsError> {
        match self {
            Self::File { pages, .. } => Ok(pages.deleted_before().await?),
            Self::Cluster { .. } => Ok(0),
        }
    }
}

impl Reader {
    async fn next_page(&mut self) -> Result<Records, StatisticsError> {
        let mut page = Records::default();
        while page.records.len() < PAGE && !self.caught_up {
            let read = match timeout(QUIET, self.records.recv()).await {
                Ok(Some(read)) => read,
                Ok(None) => return Err(LogError::because("reading ended before the end of the log").into()),
                Err(_) => return Ok(page),
            };
            match read {
                Read::Opening(prepared) => {
                    if self.has_begun {
                        return Err(LogError::because("the log was made again while it was read").into());
                    }
                    // A reader that does not wait for the answer any more has ended.
                    let _ = prepared.send(());
                }
                Read::Begun(_) => self.has_begun = true,
                Read::Record(record) => {
                    page.deleted_before = page.deleted_before.max(self.deleted_before(&record));
                    page.records.push(record);
                }
                Read::CaughtUp(ends) => {
                    self.caught_up = true;
                    page.deleted_before = page.deleted_before.max(self.deleted_at_all(&ends));
                }
                Read::Partitions(_) | Read::Health(_) => {}
            }
        }
        Ok(page)
    }

    /// Returns the time of a record if it is the first of a partition of calls from which earlier ones were deleted,
    /// else 0.
    fn deleted_before(&mut self, record: &Record) -> Millis {
        let is_first = self.known.insert((record.topic.clone(), record.position.partition));
        if is_first && has_calls(&record.topic) && record.position.offset > 0 { record.time } else { 0 }
    }

    /// Returns the time before which calls were deleted where a partition of calls has no record any more.
    fn deleted_at_all(&self, ends: &Ends) -> Millis {
        let is_deleted = |(partition, end): (&Partition, &i64)| {
            has_calls(&partition.0) && *end > 0 && !self.known.contains(partition)
        };
        let retention = topic::retention(topic::ALERT).unwrap_or_default();
        if ends.iter().any(is_deleted) { clock::now() - retention } else { 0 }
    }
}

fn has_calls(name: &str) -> bool {
    topic::OF_ALERTS.contains(&name)
}
