//! Records that wait to be written beside the work that they are about.

use std::{collections::VecDeque, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{Audit, Record};
use crate::database::DatabaseError;

/// The most records that wait. It is more than an hour of a busy complex while the database is away.
const MOST: usize = 10_000;
/// The records that one transaction writes.
const TOGETHER: usize = 100;
/// The time after which refused sign-ins are written.
const FOLD_EVERY: Duration = Duration::from_secs(60);
/// The pause after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Waiting {
    records: Mutex<VecDeque<Record>>,
    more: Notify,
}

impl Waiting {
    pub(super) fn push(&self, record: Record) {
        let mut records = self.records.lock();
        if records.len() >= MOST {
            drop(records);
            metrics::counter!("iutsai_audit_lost_total").increment(1);
            tracing::error!(?record, "too many records wait for the database, the audit has lost one");
            return;
        }
        records.push_back(record);
        drop(records);
        self.more.notify_one();
    }

    fn first(&self) -> Vec<Record> {
        self.records.lock().iter().take(TOGETHER).cloned().collect()
    }

    fn written(&self, count: usize) {
        drop(self.records.lock().drain(..count));
    }
}

impl Audit {
    /// Writes what waits, until it is stopped; then writes the rest. A record is written once, since this is the only
    /// writer of what waits.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let mut fold_at = Instant::now() + FOLD_EVERY;
        let mut has_failed = false;
        loop {
            let is_over = tokio::select! {
                () = stopping.cancelled() => true,
                () = self.waiting.more.notified() => false,
                () = sleep_until(fold_at) => false,
            };
            let is_due = is_over || Instant::now() >= fold_at;
            if is_due {
                fold_at = Instant::now() + FOLD_EVERY;
            }
            match self.write_waiting(is_due).await {
                Ok(()) => has_failed = false,
                Err(error) if is_over => {
                    tracing::error!(%error, "the last records of the audit are not written");
                }
                Err(error) => {
                    if !has_failed {
                        tracing::warn!(%error, "records of the audit wait for the database");
                    }
                    has_failed = true;
                    stopping.run_until_cancelled(tokio::time::sleep(RETRY_AFTER)).await;
                    self.waiting.more.notify_one();
                }
            }
            if is_over {
                return;
            }
        }
    }

    /// Writes the records that wait, with the refused sign-ins if `with_refusals`.
    ///
    /// # Errors
    /// The database's; what is not written waits on.
    pub async fn write_waiting(&self, with_refusals: bool) -> Result<(), DatabaseError> {
        let folded = if with_refusals { self.refusals.fold(&self.database).await } else { Ok(Vec::new()) };
        let outcome = folded.map(|records| records.into_iter().for_each(|record| self.waiting.push(record)));
        loop {
            let records = self.waiting.first();
            if records.is_empty() {
                return outcome;
            }
            self.record_all(&records).await?;
            self.waiting.written(records.len());
        }
    }
}
