//! Reads the log as it grows, and applies it to the tables. One process does so at a time.

use std::time::Duration;

use domain::{Millis, event::OPEN_FOR};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::{
    Statistics,
    apply::{Page, apply},
    history,
    lease::{Lease, Work},
    pace::Pace,
    positions::{self, FILE},
    settle::settle,
    store::{StatisticsError, Tables},
};
use crate::{
    clock::{self, Steadiness},
    database::DatabaseError,
    delivery::{
        log::{Log, Positions, Read, Record, Start},
        outbox::Sequence,
    },
    readiness::{RoleState, StateSender},
};

/// The most records that share a transaction.
const PAGE: u64 = 1_000;
/// The time for which the right to read holds without being renewed, in milliseconds.
const HOLDS: i64 = 15_000;
const RENEW_EVERY: Duration = Duration::from_secs(4);
/// The time after which a process without the right asks for it again.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// The pause after a failure.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest time for applying a page.
const PATIENCE: Duration = Duration::from_secs(60);
/// So much more of the log must be read before calls are settled again, in milliseconds.
const SETTLE_AFTER: Millis = OPEN_FOR / 24;

/// Reads for the statistics until it is dropped.
pub(crate) struct Consumer {
    pub(crate) statistics: Statistics,
    pub(crate) log: Log,
    pub(crate) state: StateSender,
    /// It names this process among those that ask for the right to read.
    pub(crate) token: String,
}

/// Why a reading ends without a failure.
enum End {
    /// Another process reads.
    Elsewhere,
    /// The log was made again, so all of it is to be read.
    Remade,
}

impl Consumer {
    /// Reads until it is dropped. It waits for a database or a log that is away, because uncounted records stay in the
    /// log.
    pub(crate) async fn run(self) {
        let (mut from_start, mut failed) = (false, false);
        loop {
            let pause = match self.read(from_start).await {
                Ok(End::Elsewhere) => {
                    (from_start, failed) = (false, false);
                    self.state.set(RoleState::Ready);
                    self.statistics.0.behind.send_replace(None);
                    ASK_EVERY
                }
                Ok(End::Remade) => {
                    from_start = true;
                    PAUSE
                }
                Err(StatisticsError::TakenOver) => {
                    tracing::info!(
                        "the statistics were rebuilt or are read elsewhere, reading their state again"
                    );
                    ASK_EVERY
                }
                Err(error) => {
                    if !failed {
                        tracing::warn!(%error, "the log is not counted for now, retrying");
                    }
                    failed = true;
                    self.state.set(RoleState::Degraded(format!("calls are not counted for now: {error}")));
                    PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Reads on from where the tables are, or with `from_start` from the beginning of a cluster.
    async fn read(&self, from_start: bool) -> Result<End, StatisticsError> {
        let tables = &self.statistics.0.tables;
        tables.prepare().await?;
        let Some(lease) = Lease::take(tables, Work::Live, &self.token, HOLDS).await? else {
            return Ok(End::Elsewhere);
        };
        self.state.set(RoleState::Degraded("the log is being counted".into()));
        let (log, start) = self.start(&lease, from_start).await?;
        let (sender, mut records) = mpsc::channel(1_024);
        // It ends when nobody receives any more.
        tokio::spawn({
            let log = self.log.clone();
            async move { log.follow(start, sender).await }
        });
        let (mut session, mut pace) = (Session::new(self, lease, log), Pace::default());
        let mut renew = tokio::time::interval(RENEW_EVERY);
        renew.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let mut page = Page::default();
            tokio::select! {
                read = records.recv() => {
                    let Some(read) = read else { return Ok(End::Elsewhere) };
                    if session.add(&mut page, read) {
                        return Ok(End::Remade);
                    }
                    if session.caught_up {
                        sleep_until(pace.collects_until(Instant::now())).await;
                    }
                }
                _ = renew.tick() => session.publish_history().await?,
            }
            while page.len() < PAGE
                && let Ok(read) = records.try_recv()
            {
                if session.add(&mut page, read) {
                    return Ok(End::Remade);
                }
            }
            let written = timeout(PATIENCE, session.write(&page)).await;
            written.unwrap_or_else(|_| Err(DatabaseError::late(PATIENCE).into()))?;
            if page.len() > 0 {
                pace.written(Instant::now(), page.len() >= PAGE);
            }
            session.show(&page, records.len());
        }
    }

    /// Returns the log's id, and where to read on.
    async fn start(&self, lease: &Lease, from_start: bool) -> Result<(String, Start), StatisticsError> {
        let is_file = matches!(self.log, Log::Local(_));
        let mut transaction = lease.begin(&self.statistics.0.tables).await?;
        positions::keep_kind(&mut transaction, Tables::Live, is_file).await?;
        let places = positions::load(&mut transaction, Tables::Live).await?;
        transaction.commit().await?;
        match &self.log {
            Log::Local(outbox) => {
                // A file that is another one, or older, is read from its beginning.
                let found = positions::in_file(&places);
                if let Some(Positions::Local { sequence, .. }) = &found {
                    self.statistics.0.read.send_replace(*sequence);
                }
                let start = found.map_or(Start::Since(Millis::MIN), Start::Behind);
                Ok((outbox.log()?.0.to_string(), start))
            }
            Log::Kafka(kafka) => {
                self.state.set(RoleState::Degraded("waiting for Kafka".into()));
                let cluster = kafka.cluster().await;
                self.state.set(RoleState::Degraded("the log is being counted".into()));
                let ends = self.log.ends().await?;
                let found = positions::in_cluster(&places, &cluster, &ends).filter(|_| !from_start);
                let start = found.unwrap_or_else(|| {
                    metrics::counter!("iutsai_statistics_read_from_start_total").increment(1);
                    tracing::warn!("the log is not the one that was counted before: all of it is counted");
                    Positions::Kafka([].into())
                });
                Ok((cluster.to_string(), Start::Behind(start)))
            }
        }
    }
}

/// A reading that has the right to write.
struct Session<'a> {
    consumer: &'a Consumer,
    lease: Lease,
    /// The id of the file or the cluster.
    log: String,
    has_begun: bool,
    caught_up: bool,
    /// Up to where the log is read, as a time.
    read_until: Millis,
    /// Up to where calls are settled, as a time.
    settled_until: Millis,
    /// The number of Kafka's records that were not read.
    lag: i64,
    steadiness: Steadiness,
}

impl<'a> Session<'a> {
    fn new(consumer: &'a Consumer, lease: Lease, log: String) -> Self {
        Self {
            consumer,
            lease,
            log,
            has_begun: false,
            caught_up: false,
            read_until: 0,
            settled_until: 0,
            lag: 0,
            steadiness: Steadiness::new(clock::now(), Instant::now()),
        }
    }

    /// Adds what was read to a page; returns true if the log was made again.
    fn add(&mut self, page: &mut Page, read: Read) -> bool {
        match read {
            Read::Opening(prepared) => {
                // A reader that does not wait for the answer any more has ended.
                let _ = prepared.send(());
                return self.has_begun;
            }
            Read::Begun(_) => self.has_begun = true,
            Read::Record(record) => self.add_record(page, &record),
            Read::CaughtUp(_) => self.caught_up = true,
            Read::Health(health) => self.lag = health.lag,
            Read::Partitions(_) => {}
        }
        false
    }

    fn add_record(&mut self, page: &mut Page, record: &Record) {
        // A record of the future must not settle the calls of the present.
        self.read_until = self.read_until.max(record.time.min(clock::now()));
        page.add(record);
        let is_file = matches!(self.consumer.log, Log::Local(_));
        if let Some((partition, place)) = positions::behind(record, is_file, &self.log) {
            page.places.insert(partition, place);
        }
    }

    /// Writes a page, which may be empty, and settles what is due.
    async fn write(&mut self, page: &Page) -> Result<(), StatisticsError> {
        let horizon = self.horizon();
        let settles = horizon > self.settled_until.saturating_add(SETTLE_AFTER);
        let mut transaction = self.lease.begin(&self.consumer.statistics.0.tables).await?;
        apply(&mut transaction, Tables::Live, page).await?;
        if settles {
            settle(&mut transaction, Tables::Live, horizon).await?;
        }
        transaction.commit().await?;
        if settles {
            self.settled_until = horizon;
        }
        Ok(())
    }

    /// Copies calls that are over to Kafka, where others can read them.
    async fn publish_history(&self) -> Result<(), StatisticsError> {
        match &self.consumer.log {
            Log::Kafka(_) if self.caught_up => {
                history::publish(&self.consumer.statistics.0.tables, &self.consumer.log).await
            }
            Log::Kafka(_) | Log::Local(_) => Ok(()),
        }
    }

    /// The time up to which everything is read. Before the end, only a file is in the order of time. A clock that was
    /// set ahead must settle nothing.
    fn horizon(&mut self) -> Millis {
        let now = clock::now();
        let is_steady = self.steadiness.is_steady(now, Instant::now());
        match (self.caught_up, &self.consumer.log) {
            (true, _) if is_steady => now,
            (true, _) | (false, Log::Local(_)) => self.read_until,
            (false, Log::Kafka(_)) => 0,
        }
    }

    /// Shows how far the reading is. `waiting` records are read and not written.
    fn show(&self, page: &Page, waiting: usize) {
        let statistics = &self.consumer.statistics.0;
        let behind = u64::try_from(self.lag).unwrap_or_default().max(waiting as u64);
        statistics.behind.send_replace(Some(behind));
        metrics::gauge!("iutsai_statistics_lag_records").set(behind as f64);
        metrics::counter!("iutsai_statistics_records_total").increment(page.len());
        for ((topic, partition), place) in &page.places {
            if topic == FILE {
                statistics.read.send_replace(Sequence(place.next - 1));
            }
            let (topic, partition) = (topic.clone(), partition.to_string());
            metrics::gauge!("iutsai_statistics_position", "topic" => topic, "partition" => partition)
                .set(place.next as f64);
        }
        let state = if self.caught_up {
            RoleState::Ready
        } else {
            RoleState::Degraded("the log is being counted".into())
        };
        self.consumer.state.set(state);
    }
}
