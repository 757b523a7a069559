//! The questions about the log that a reader asks beside its reading, and what follows from the answers.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use domain::Line;
use rdkafka::{Offset, TopicPartitionList, consumer::Consumer};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{Reader, Stop};
use crate::delivery::log::{
    Ends, LogError, Partition, Read,
    kafka::{
        questions::{Inspection, Questions, Range},
        record::Progress,
    },
};

/// The time after which a consumer is replaced that delivers nothing, though there is something. This was seen when its
/// brokers were away one after the other.
const DELIVERS_WITHIN: Duration = Duration::from_secs(5);

/// The result of a question in the background.
pub(super) enum Answer {
    Inspected(Inspection),
    /// No record stands before this end of the partition.
    Empty(Partition, i64),
    /// A record stands at or behind this offset, which is the next to read.
    HasRecords(Partition, i64),
    /// Where the partitions begin that are read from now on because of borrowed lines, or because a topic has grown.
    Ranges(BTreeSet<Line>, Vec<Range>),
}

impl Reader {
    /// Asks for the record at the next offset of a partition from which nothing came since the last statistics although
    /// it goes on. The client never reports a transaction's marker, so its records alone do not show that the end is
    /// reached.
    pub(super) fn ask_where_nothing_comes(
        &mut self,
        ends: &Ends,
    ) -> Option<JoinHandle<Result<Answer, LogError>>> {
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
    pub(super) fn inspect(&self) -> JoinHandle<Result<Answer, LogError>> {
        let next = |(partition, progress): (&Partition, &Progress)| (partition.clone(), progress.next);
        let (questions, mut known) =
            (self.questions.clone(), self.progress.iter().map(next).collect::<Ends>());
        for (partition, end) in self.acknowledged.ends() {
            known.entry(partition).and_modify(|next| *next = end.max(*next));
        }
        tokio::task::spawn_blocking(move || questions.inspect(known).map(Answer::Inspected))
    }

    pub(super) async fn use_answer(
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
pub(super) async fn answered(
    asking: &mut Option<JoinHandle<Result<Answer, LogError>>>,
) -> Result<Answer, LogError> {
    let Some(question) = asking else { return std::future::pending().await };
    let answer = question.await;
    *asking = None;
    answer.unwrap_or_else(|error| Err(LogError::of(&error)))
}
