//! Runs the batch by its schedule. A run that was missed is caught up.

use std::time::Duration;

use super::{
    Run, Statistics,
    batch::{self, BatchError, Source, Wanted},
    schedule::Schedule,
    store::{self, StatisticsError},
};
use crate::{clock, delivery::log::Log};

/// The time between two checks whether a run is due.
const ASK_EVERY: Duration = Duration::from_secs(20);
/// So often a run that goes on is logged, in records.
const REPORT_EVERY: u64 = 100_000;

/// Runs the batch whenever it is due, until it is dropped.
pub(crate) async fn run(statistics: Statistics, log: Log, schedule: Schedule) {
    let started = clock::now();
    loop {
        tokio::time::sleep(ASK_EVERY).await;
        let last = match last(&statistics).await {
            Ok(last) => last.map_or(started, |run| run.at),
            // The consumer reports that the database is away.
            Err(error) => {
                tracing::debug!(%error, "the last run of the batch is not known now");
                continue;
            }
        };
        if schedule.after(last).is_some_and(|due| due <= clock::now()) {
            run_once(&statistics, &log).await;
        }
    }
}

async fn last(statistics: &Statistics) -> Result<Option<Run>, StatisticsError> {
    let mut connection = statistics.connect().await?;
    store::run(&mut connection, batch::RUN).await
}

async fn run_once(statistics: &Statistics, log: &Log) {
    let began = clock::now();
    let progress = |done: batch::Progress| {
        if done.records % REPORT_EVERY < 1_000 && done.records >= REPORT_EVERY {
            tracing::info!(records = done.records, "the batch counts the log");
        }
    };
    let outcome = match Source::of(log) {
        Ok(source) => batch::run(statistics, &source, Wanted::default(), &progress).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => {}
        Err(BatchError::Busy) => tracing::debug!("another process runs the batch"),
        Err(error) => {
            metrics::counter!("iutsai_statistics_batch_failures_total").increment(1);
            tracing::error!(%error, "the batch failed, its next run is by the schedule");
            if let Err(error) = batch::keep_failure(statistics, began, &error).await {
                tracing::warn!(%error, "that the batch failed cannot be stored");
            }
        }
    }
}
