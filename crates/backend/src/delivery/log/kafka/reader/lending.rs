//! The partitions that are read beside those of the start: of borrowed lines, and of topics that have grown.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{Line, event::LOOK_BACK, topic};
use rdkafka::{Offset, TopicPartitionList, consumer::Consumer};
use tokio::task::JoinHandle;

use super::{Answer, Reader};
use crate::{
    clock,
    delivery::log::{
        LogError, Partition, Start,
        kafka::{questions::Range, record::Progress},
        selection::counts,
    },
};

impl Reader {
    /// Takes in which partitions there are. Returns whether a topic has another number of them than before.
    pub(super) fn learn(&mut self, all: &[Partition]) -> bool {
        let is_first = self.counts.is_empty();
        self.counts = counts(all);
        let has_changed = self.selection.learn(all);
        if let Some(topic) = self.selection.undivided().filter(|_| is_first || has_changed) {
            tracing::warn!(
                topic,
                "the partitions are no multiple of the shards, so this node reads more of them than its lines need"
            );
        }
        has_changed
    }

    /// Asks where the partitions begin that a node with a shard should read and does not. `None` if there are none.
    pub(super) fn ask_for_more(&self, start: &Start) -> Option<JoinHandle<Result<Answer, LogError>>> {
        if self.selection.is_whole() {
            return None;
        }
        let lines = self.selection.newly_borrowed();
        // Their records of these lines were left out before, so they are read again.
        let mut partitions = self.selection.of_lines(&lines);
        let of_topic = |(topic, count): (&String, &i32)| {
            (0..*count).map(|number| (topic.clone(), number)).collect::<Vec<Partition>>()
        };
        let all = self.counts.iter().flat_map(of_topic);
        partitions.extend(all.filter(|one| self.selection.wants(one) && !self.progress.contains_key(one)));
        if partitions.is_empty() {
            return None;
        }
        let start = match start {
            // The process may have been started weeks ago.
            Start::Since(since) => Start::Since((*since).max(clock::now() - LOOK_BACK)),
            Start::Behind(positions) => Start::Behind(positions.clone()),
        };
        let questions = Arc::clone(&self.questions);
        Some(tokio::task::spawn_blocking(move || {
            questions.ranges(partitions, &start).map(|ranges| Answer::Ranges(lines, ranges))
        }))
    }

    /// Reads these partitions from there, also those that are read already.
    pub(super) fn read_more(&mut self, lines: BTreeSet<Line>, ranges: Vec<Range>) -> Result<(), LogError> {
        let (mut left, mut entered) = (TopicPartitionList::new(), TopicPartitionList::new());
        for Range { partition: (topic, number), start, .. } in &ranges {
            entered.add_partition_offset(topic, *number, Offset::Offset(*start))?;
            if self.progress.contains_key(&(topic.clone(), *number)) {
                left.add_partition(topic, *number);
            }
        }
        if left.count() > 0 {
            self.consumer.incremental_unassign(&left)?;
            for Range { partition, .. } in &ranges {
                self.progress.remove(partition);
            }
        }
        self.consumer.incremental_assign(&entered)?;
        for Range { partition, start, end } in ranges {
            self.progress.insert(partition, Progress::new(start, end));
        }
        if !lines.is_empty() {
            tracing::info!(
                lines = lines.len(),
                "reading the lines of calls that were escalated to this node's"
            );
        }
        self.selection.add(lines);
        self.show_partitions();
        Ok(())
    }

    /// Reads no more what only lines needed that were given back.
    pub(super) fn leave_returned(&mut self) {
        if !self.selection.drop_returned() {
            return;
        }
        let unwanted: Vec<Partition> =
            self.progress.keys().filter(|one| !self.selection.wants(one)).cloned().collect();
        let mut list = TopicPartitionList::new();
        for (topic, number) in &unwanted {
            list.add_partition(topic, *number);
        }
        if let Err(error) = self.consumer.incremental_unassign(&list) {
            // They are read on, and what comes of them is left out.
            tracing::debug!(%error, "partitions that are not needed any more are still read");
            return;
        }
        for partition in unwanted {
            self.progress.remove(&partition);
        }
        self.show_partitions();
    }

    /// Shows how many partitions of each topic are read.
    pub(super) fn show_partitions(&self) {
        let mut read: BTreeMap<&str, u32> = topic::ALL.iter().map(|topic| (topic.name, 0)).collect();
        for (topic, _) in self.progress.keys() {
            *read.entry(topic.as_str()).or_default() += 1;
        }
        for (topic, count) in read {
            metrics::gauge!("iutsai_partitions_read", "topic" => topic.to_owned()).set(f64::from(count));
        }
    }
}
