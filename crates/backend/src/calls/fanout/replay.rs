//! Brings the events that this node's own outbox has at a start into the hub. That is the rebuild where the outbox is the
//! log. Otherwise it comes beside the rebuild, because reading Kafka takes long while it is away, and it may have lost
//! acknowledged records.
//!
//! Pages are read while those before them are applied by as many threads as there are cores. Each line belongs to one
//! thread, so that its events keep their order, and each thread waits for no more than a page.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hasher as _},
    num::NonZero,
    panic::{self, AssertUnwindSafe},
    slice,
    sync::Arc,
    thread,
};

use domain::{Event, Millis, Position, event::LOOK_BACK, record, topic};
use tokio::{sync::mpsc, task::JoinSet, time::sleep};

use super::{Fanout, REBUILD_PATIENCE, holds_events, part::has_part_in, progress::Progress};
use crate::{
    calls::hub::{Arrival, Hub},
    clock,
    delivery::{
        dead_letters::DeadLetters,
        log::{self, Record, Share},
        outbox::{Bulk, BulkRecord, Sequence},
    },
    readiness::RoleState,
};

/// The most threads. One that reads keeps no more of them busy.
const MOST_THREADS: usize = 4;
/// Pages that wait for a thread.
const AHEAD: usize = 1;

impl Fanout {
    /// Rebuilds the hub from the outbox, which is the log. Everything later comes from the outbox's writer. Returns only if
    /// that fails.
    pub(super) async fn rebuild(&self) {
        let mut progress = Progress::new();
        let (replaying, late) = (self.replay_outbox(), sleep(REBUILD_PATIENCE));
        tokio::pin!(replaying, late);
        let records = tokio::select! {
            records = &mut replaying => records,
            () = &mut late => {
                progress.overdue = true;
                self.state.set(progress.state());
                replaying.await
            }
        };
        let Some(records) = records else { return };
        progress.records = records;
        progress.report_rebuilt();
        self.dead_letters.caught_up();
        self.promised.send_replace(true);
        self.state.set(RoleState::Ready);
        std::future::pending::<()>().await;
    }

    /// Applies the events that the outbox has now. Returns how many records there were; `None` if a thread has failed.
    pub(super) async fn replay_outbox(&self) -> Option<u64> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
        let since = clock::now() - LOOK_BACK;
        let (mut senders, mut running) = (Vec::new(), JoinSet::new());
        for number in 0..threads {
            let (sender, pages) = mpsc::channel(AHEAD);
            let part = Part {
                hub: self.hub.clone(),
                share: self.share.clone(),
                dead_letters: self.dead_letters.clone(),
                is_log: !self.log.is_read_back(),
                since,
                number: number as u64,
                count: threads as u64,
            };
            running.spawn_blocking(move || part.apply_all(pages));
            senders.push(sender);
        }
        let records = log::send_past(&self.outbox, since, &senders).await;
        drop(senders);
        while let Some(ended) = running.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "calls of before the start are not read: restart the server");
                return None;
            }
        }
        Some(records)
    }
}

/// The lines that one thread applies.
struct Part {
    hub: Hub,
    share: Share,
    dead_letters: DeadLetters,
    /// The outbox is the log, so the places of its records count.
    is_log: bool,
    since: Millis,
    /// The lines are divided into so many parts, of which this is one.
    count: u64,
    number: u64,
}

impl Part {
    /// Applies pages until no more come.
    fn apply_all(&self, mut pages: mpsc::Receiver<Arc<Bulk>>) {
        while let Some(page) = pages.blocking_recv() {
            self.apply(&page);
        }
    }

    fn apply(&self, page: &Bulk) {
        let mut own: Vec<_> = page.records().filter(|record| self.has(record.line)).collect();
        if self.is_log {
            count(&own);
        }
        // It leaves the records of a line in their order.
        own.sort_by_key(|record| record.line);
        self.replay(&own);
    }

    /// Applies records. One that makes the program panic is left out, because it would end each start, and with it hide all
    /// calls behind it.
    fn replay(&self, records: &[BulkRecord<'_>]) {
        let apply = |some: &[BulkRecord<'_>]| {
            self.hub.replay(some.iter().filter_map(|record| self.arrival(record)));
        };
        for record in apply_what_can_be(records, apply) {
            let Sequence(sequence) = record.sequence;
            tracing::error!(sequence, "a record of before the start cannot be applied, going on without it");
        }
    }

    fn has(&self, line: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        hasher.write(line);
        hasher.finish() % self.count == self.number
    }

    fn arrival(&self, record: &BulkRecord<'_>) -> Option<Arrival> {
        let event = self.event_of(record).filter(|event| has_part_in(&self.share, event))?;
        Some(Arrival::replayed(event, self.is_log.then(|| position(record))))
    }

    /// Returns the event that a record holds, if it is one of a call and can be read.
    fn event_of(&self, record: &BulkRecord<'_>) -> Option<Event> {
        // The clock may have been wrong for a while.
        if self.is_log && record.at < self.since {
            return None;
        }
        if record.topic == topic::DEAD_LETTER {
            self.dead_letters.written(&whole(record));
        }
        if !holds_events(record.topic) {
            return None;
        }
        let read = record::read(record.topic, record.value, position(record));
        let unreadable = |reason: String| self.dead_letters.unreadable(&whole(record), "value", &reason);
        read.inspect_err(|error| unreadable(error.to_string())).ok()
    }
}

/// Applies all at once, or one by one where that panics. What was applied already changes nothing then. Returns those that
/// panic alone.
fn apply_what_can_be<T>(all: &[T], apply: impl Fn(&[T])) -> Vec<&T> {
    let can_be = |some: &[T]| panic::catch_unwind(AssertUnwindSafe(|| apply(some))).is_ok();
    if can_be(all) {
        return Vec::new();
    }
    all.iter().filter(|one| !can_be(slice::from_ref(*one))).collect()
}

/// Counts the records of each topic.
fn count(records: &[BulkRecord<'_>]) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for record in records {
        *counts.entry(record.topic).or_default() += 1;
    }
    for (topic, count) in counts {
        metrics::counter!("iutsai_records_read_total", "topic" => topic.to_owned()).increment(count);
    }
}

fn position(record: &BulkRecord<'_>) -> Position {
    log::position(record.sequence, record.at)
}

/// Returns a record as readers of the log have it.
fn whole(record: &BulkRecord<'_>) -> Record {
    Record {
        topic: record.topic.to_owned(),
        position: position(record),
        time: record.at,
        id: None,
        value: Some(record.value.to_vec()),
        republished: false,
        age: None,
        traceparent: None,
        stood_before: false,
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    use super::*;

    #[test]
    fn what_panics_is_left_out_and_everything_else_is_applied() {
        let applied = RefCell::new(BTreeSet::new());
        let apply = |some: &[u32]| {
            for one in some {
                assert_ne!(*one, 3);
                applied.borrow_mut().insert(*one);
            }
        };
        assert_eq!(apply_what_can_be(&[1, 2, 3, 4], apply), [&3]);
        assert_eq!(applied.take(), BTreeSet::from([1, 2, 4]));
        assert_eq!(apply_what_can_be(&[4, 5], apply), [&0; 0]);
        assert_eq!(applied.take(), BTreeSet::from([4, 5]));
    }
}
