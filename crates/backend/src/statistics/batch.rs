//! Counts the whole log again, beside live reading. It counts into tables of its own, page by page, so that a run that
//! was interrupted goes on where it was. At the end both are compared, and the new count replaces the live one.

mod compare;
mod cover;
mod replace;
mod source;

use std::time::Duration;

use domain::{Millis, event::OPEN_FOR, topic};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Run, Statistics, Verified,
    apply::{Page, apply},
    history,
    lease::{Lease, Work},
    positions,
    settle::settle,
    store::{self, StatisticsError, Tables, execute},
};
use crate::clock;
use replace::{clear, replace};
use source::Reading;
pub use source::Source;

/// The names under which the tables keep the last run, the last comparison, and a run that has not ended.
pub(super) const RUN: &str = "batch";
pub(super) const VERIFIED: &str = "verified";
const UNFINISHED: &str = "unfinished";

/// The time for which the right to run holds without being renewed, in milliseconds.
const HOLDS: i64 = 120_000;
/// Live reading goes on beside a run. So often the run reads on until both have read the same.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);
/// So much more of the log must be read before calls are settled again, in milliseconds.
const SETTLE_AFTER: Millis = OPEN_FOR / 24;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Another process runs it.
    #[error(
        "another run of the batch is under way: wait until it has ended, two minutes at most if it was killed"
    )]
    Busy,
    /// Calls of before the log's head are lost.
    #[error(
        "the log begins at {from} (milliseconds since 1970) because older records were deleted, and the history does \
         not have {missing} of the calls of before: nothing was changed. Restore the statistics from a backup"
    )]
    Uncovered {
        /// Where the log begins.
        from: Millis,
        /// The number of calls, as far as is known.
        missing: String,
    },
    /// A part of it cannot be used.
    #[error(transparent)]
    Failed(#[from] StatisticsError),
}

impl From<sqlx::Error> for BatchError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// The kind of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// It begins anew instead of going on with a run that was interrupted.
    pub rebuild: bool,
    /// Only calls that began in this period, from its first instant until right before another, are replaced.
    pub period: Option<(Millis, Millis)>,
    /// It only compares, and replaces nothing.
    pub only_compare: bool,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Records that were read.
    pub records: u64,
    /// The time of the last of them.
    pub until: Millis,
}

/// The results of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The number of calls that it counted.
    pub calls: u64,
    /// Their comparison with the live count.
    pub verified: Verified,
    /// Calls of which the log has words that came after they were settled. They count as the same.
    pub late: u64,
    /// Live reading was as far as the run.
    pub same_positions: bool,
}

/// A run that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Unfinished {
    begun: Millis,
    /// The time of the log's first record of a call or a word.
    head: Option<Millis>,
    /// Calls of before were deleted from the log; 0 if none were.
    deleted_before: Millis,
}

/// A run of the batch.
struct Batch<'a> {
    statistics: &'a Statistics,
    source: &'a Source,
    lease: Lease,
    progress: &'a (dyn Fn(Progress) + Send + Sync),
    done: Progress,
    settled_until: Millis,
}

/// Counts the log again, compares, and replaces what was read live unless it only compares.
///
/// # Errors
/// [`BatchError`]. Nothing that pages show was changed then.
pub async fn run(
    statistics: &Statistics,
    source: &Source,
    wanted: Wanted,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Outcome, BatchError> {
    let tables = &statistics.0.tables;
    tables.prepare().await.map_err(StatisticsError::from)?;
    let token = Uuid::now_v7().to_string();
    let lease = Lease::take(tables, Work::Batch, &token, HOLDS).await?.ok_or(BatchError::Busy)?;
    let (done, settled_until) = (Progress::default(), 0);
    let mut batch = Batch { statistics, source, lease, progress, done, settled_until };
    let outcome = batch.run(wanted).await;
    if let Err(error) = Lease::give_back(tables, Work::Batch, &token).await {
        tracing::warn!(%error, "the next run of the batch has to wait for two minutes");
    }
    outcome
}

impl Batch<'_> {
    async fn run(&mut self, wanted: Wanted) -> Result<Outcome, BatchError> {
        let began = clock::now();
        let mut anew = wanted.rebuild || wanted.only_compare;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let unfinished = self.count(anew).await?;
            anew = false;
            let tables = &self.statistics.0.tables;
            let mut transaction = self.lease.begin(tables).await?;
            // Live reading waits until this transaction ends.
            let lock = "UPDATE statistics_lease SET generation = generation WHERE id = 1".to_owned();
            execute(&mut transaction, lock, &[]).await?;
            cover::cover(&mut transaction, &unfinished).await?;
            let (outcome, is_moving) = compare::compare(&mut transaction).await?;
            if outcome.verified.different > 0 && is_moving && attempt < ATTEMPTS {
                transaction.commit().await?;
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            store::keep_run(&mut transaction, VERIFIED, outcome.verified.at, &outcome.verified).await?;
            if !wanted.only_compare {
                replace(&mut transaction, wanted.period).await?;
                let run = Run { at: began, took: clock::now() - began, calls: outcome.calls, failed: None };
                store::keep_run(&mut transaction, RUN, began, &run).await?;
            }
            clear(&mut transaction).await?;
            transaction.commit().await?;
            report(&outcome, began, wanted.only_compare);
            return Ok(outcome);
        }
    }

    /// Reads the log to its end into the run's own tables.
    async fn count(&mut self, anew: bool) -> Result<Unfinished, BatchError> {
        let mut transaction = self.lease.begin(&self.statistics.0.tables).await?;
        let known: Option<Unfinished> = store::run(&mut transaction, UNFINISHED).await?;
        let places = positions::load(&mut transaction, Tables::Shadow).await?;
        // Nobody waits while Kafka is asked.
        transaction.commit().await?;
        let going_on = match known.filter(|_| !anew) {
            Some(unfinished) => self.source.go_on(&places).await?.map(|start| (unfinished, start)),
            None => None,
        };
        let mut transaction = self.lease.begin(&self.statistics.0.tables).await?;
        let (mut unfinished, start) = match going_on {
            Some(going_on) => going_on,
            None => {
                clear(&mut transaction).await?;
                let begun = clock::now();
                (Unfinished { begun, head: None, deleted_before: 0 }, self.source.beginning())
            }
        };
        store::keep_run(&mut transaction, UNFINISHED, unfinished.begun, &unfinished).await?;
        transaction.commit().await?;
        let mut reading = self.source.read(start).await?;
        while let Some(page) = reading.next_page().await? {
            self.write(page, &mut unfinished, &reading).await?;
        }
        unfinished.deleted_before = unfinished.deleted_before.max(reading.deleted_before().await?);
        Ok(unfinished)
    }

    /// Writes a page, which is empty where the log had nothing for a while.
    async fn write(
        &mut self,
        page: source::Records,
        unfinished: &mut Unfinished,
        reading: &Reading,
    ) -> Result<(), BatchError> {
        let mut applied = Page::default();
        for record in &page.records {
            applied.add(record);
            let until = record.time.min(clock::now());
            self.done.until = self.done.until.max(until);
            // The other topics are kept for other times.
            let name = record.topic.as_str();
            if topic::OF_ALERTS.contains(&name) || [topic::ACCEPT, topic::STATUS].contains(&name) {
                unfinished.head = Some(unfinished.head.map_or(until, |head| head.min(until)));
            }
            if let Some((partition, place)) = positions::behind(record, reading.is_file(), reading.log()) {
                applied.places.insert(partition, place);
            }
        }
        unfinished.deleted_before = unfinished.deleted_before.max(page.deleted_before);
        self.done.records += page.records.len() as u64;
        let mut transaction = self.lease.begin(&self.statistics.0.tables).await?;
        apply(&mut transaction, Tables::Shadow, &applied).await?;
        for record in &page.records {
            history::restore(&mut transaction, record).await?;
        }
        // Only a file is in the order of time.
        if reading.is_file() && self.done.until > self.settled_until.saturating_add(SETTLE_AFTER) {
            settle(&mut transaction, Tables::Shadow, self.done.until).await?;
            self.settled_until = self.done.until;
        }
        store::keep_run(&mut transaction, UNFINISHED, unfinished.begun, unfinished).await?;
        transaction.commit().await?;
        (self.progress)(self.done);
        Ok(())
    }
}

fn report(outcome: &Outcome, began: Millis, only_compare: bool) {
    let Verified { compared, different, .. } = outcome.verified;
    metrics::gauge!("iutsai_statistics_differences").set(different as f64);
    if !only_compare {
        metrics::gauge!("iutsai_statistics_last_batch_timestamp_seconds").set(began as f64 / 1000.0);
    }
    if different > 0 {
        tracing::error!(compared, different, "what was counted live differs from what a batch counted");
    } else {
        tracing::info!(compared, late = outcome.late, "what was counted live is what a batch counted");
    }
}

/// Keeps that a run failed, for the page and for the schedule.
///
/// # Errors
/// [`StatisticsError`] if it cannot be kept.
pub(super) async fn keep_failure(
    statistics: &Statistics,
    began: Millis,
    error: &BatchError,
) -> Result<(), StatisticsError> {
    let failed = Some(error.to_string());
    let run = Run { at: began, took: clock::now() - began, calls: 0, failed };
    let mut connection = statistics.connect().await?;
    store::keep_run(&mut connection, RUN, began, &run).await
}
