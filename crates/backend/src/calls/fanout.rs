//! From the log to the hub: one reader per node, every partition, and the rebuild before anybody relies on it.

use std::time::Duration;

use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use wire::{Millis, Seen, record, topic};

use crate::{
    calls::hub::{Arrival, Hub},
    clock,
    delivery::dead_letters::DeadLetters,
    delivery::handover::{Handover, is_late},
    delivery::log::{
        KafkaSettings,
        health::Health,
        reader::{self, Read, Record},
    },
    delivery::outbox::Outbox,
    delivery::promised,
    delivery::reconcile::Sighted,
    delivery::relay::Relay,
    readiness::{RoleState, Tell},
};

/// A rebuild reads so far back: an open call is a day old at most, and one that ended in the last day was
/// open for a day before. An hour more for clocks.
const LOOK_BACK: Millis = 49 * 60 * 60 * 1000;
/// A rebuild that takes longer than this goes on beside the service.
const REBUILD_PATIENCE: Duration = Duration::from_secs(10);
/// Records that wait so long make the fan-out less than ready.
const LAG_PATIENCE: Duration = Duration::from_secs(1);
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// Reads the log into the hub until it is cancelled.
pub(crate) struct Fanout {
    /// Where events go.
    pub(crate) hub: Hub,
    /// What this node has promised, whether the log has it or not.
    pub(crate) outbox: Outbox,
    /// Knows when the topics exist, and publishes again what the log has lost.
    pub(crate) relay: Relay,
    /// What other processes handed over.
    pub(crate) handover: Handover,
    /// What cannot be read.
    pub(crate) dead_letters: DeadLetters,
    /// Where the log is.
    pub(crate) kafka: KafkaSettings,
    /// Whether the fan-out can be relied on.
    pub(crate) state: Tell,
    /// Whether the hub was told what was promised before the start.
    pub(crate) promised: watch::Sender<bool>,
}

/// How far a rebuild has come, and how the reading is doing.
struct Progress {
    since: Instant,
    /// Read for the rebuild.
    records: u64,
    /// What the log had at the start was told.
    rebuilt: bool,
    /// What this node has promised was, and what others handed over.
    told: bool,
    overdue: bool,
    /// Since when records have been waiting, or the log has been away.
    behind_since: Option<Instant>,
    health: Health,
    /// What this reading has come upon; `None` once it was compared.
    sighted: Option<Sighted>,
    /// Ends the comparing of what an earlier reading came upon.
    reconciling: Option<DropGuard>,
}

impl Fanout {
    /// Rebuilds, then tells whatever happens.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let (records, arriving) = mpsc::channel(1024);
        let (relay, kafka) = (self.relay.clone(), self.kafka.clone());
        let reading = tokio::spawn(async move {
            tokio::select! {
                () = relay.topics_exist() => {
                    reader::run(kafka, LOOK_BACK, relay.acknowledged(), records).await;
                }
                () = records.closed() => {}
            }
        });
        tokio::select! {
            () = self.take_all(arriving) => {}
            () = self.forget_now_and_then() => {}
            () = stopping.cancelled() => {}
        }
        // It ends when nobody listens: its connections must be gone before the embedded broker is.
        if let Err(error) = reading.await {
            tracing::error!(%error, "reading the log ended");
        }
    }

    async fn take_all(&self, mut arriving: mpsc::Receiver<Read>) {
        let promised = async {
            promised::tell(&self.outbox, &self.hub, clock::now() - LOOK_BACK).await;
            self.handover.take_posted().await;
            self.promised.send_replace(true);
        };
        let late = tokio::time::sleep(REBUILD_PATIENCE);
        tokio::pin!(promised, late);
        let mut progress = Progress::new();
        loop {
            tokio::select! {
                read = arriving.recv() => match read {
                    Some(read) => self.take_read(read, &mut progress).await,
                    None => break,
                },
                () = &mut promised, if !progress.told => progress.told = true,
                () = &mut late, if !progress.overdue => progress.overdue = true,
            }
            self.state.set(progress.state());
        }
        self.state.set(RoleState::Failed("reading the log ended: restart the server".into()));
    }

    async fn take_read(&self, read: Read, progress: &mut Progress) {
        match read {
            Read::Opening(prepared) => {
                // What an earlier reading was to find out, this one does.
                progress.reconciling = None;
                progress.sighted = Some(Sighted::list(&self.outbox).await);
                // Who does not wait for it any more has ended.
                let _ = prepared.send(());
            }
            Read::Begun(since) => {
                if let Some(sighted) = &mut progress.sighted {
                    sighted.begin(since);
                }
            }
            Read::Record(record) => {
                if let Some(sighted) = &mut progress.sighted {
                    sighted.note(&record);
                }
                progress.records += u64::from(!progress.rebuilt);
                self.take(&record, !progress.rebuilt);
            }
            Read::Partitions(count) => self.hub.set_partitions(count),
            Read::CaughtUp(ends) => {
                if !progress.rebuilt {
                    self.handover.take_posted().await;
                    progress.rebuilt = true;
                    progress.tell_rebuilt();
                }
                self.dead_letters.caught_up();
                if let Some(sighted) = progress.sighted.take() {
                    let ended = CancellationToken::new();
                    progress.reconciling = Some(ended.clone().drop_guard());
                    tokio::spawn(sighted.reconcile(self.outbox.clone(), self.relay.clone(), ends, ended));
                }
            }
            Read::Health(health) => progress.note(health),
        }
    }

    fn take(&self, record: &Record, replay: bool) {
        metrics::counter!("iutsai_records_read_total", "topic" => record.topic.clone()).increment(1);
        if record.topic == topic::DEAD_LETTER {
            return self.dead_letters.written(record);
        }
        let Some(value) = &record.value else {
            return self.dead_letters.unreadable(record, "tombstone", "it has no value");
        };
        let event = match record::read(&record.topic, value, record.position) {
            Ok(event) => event,
            Err(error) => return self.dead_letters.unreadable(record, "value", &error.to_string()),
        };
        let late = record.republished || is_late(&event);
        let position = record.position;
        let message_id = Some(format!("{}-{}-{}", record.topic, position.partition, position.offset));
        self.hub.apply(Arrival { event, seen: Seen::Log(position), message_id, late, replay });
    }

    async fn forget_now_and_then(&self) {
        let mut ticks = tokio::time::interval(FORGET_EVERY);
        loop {
            ticks.tick().await;
            self.hub.forget(clock::now() - LOOK_BACK);
        }
    }
}

impl Progress {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            records: 0,
            rebuilt: false,
            told: false,
            overdue: false,
            behind_since: None,
            health: Health::new(),
            sighted: None,
            reconciling: None,
        }
    }

    fn tell_rebuilt(&self) {
        let (records, took) = (self.records, self.since.elapsed());
        tracing::info!(records, ms = took.as_millis(), "the log is read");
        metrics::gauge!("iutsai_rebuild_records").set(records as f64);
        metrics::gauge!("iutsai_rebuild_seconds").set(took.as_secs_f64());
    }

    fn note(&mut self, health: Health) {
        self.health = health;
        let is_behind = !health.connected || health.lag > 0;
        self.behind_since = if is_behind { self.behind_since.or_else(|| Some(Instant::now())) } else { None };
        metrics::gauge!("iutsai_consumer_lag_records").set(health.lag as f64);
        metrics::gauge!("iutsai_consumer_lag_seconds").set(self.behind_for().as_secs_f64());
    }

    fn behind_for(&self) -> Duration {
        self.behind_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn state(&self) -> RoleState {
        match (self.rebuilt, self.told) {
            (true, true) => {}
            _ if !self.overdue => return RoleState::Starting("reading the log".into()),
            (false, _) => {
                return RoleState::Degraded("Kafka is away or slow: calls of before may be missing".into());
            }
            (true, false) => {
                return RoleState::Degraded(
                    "the outbox cannot be read: calls of before may be missing".into(),
                );
            }
        }
        if self.behind_for() <= LAG_PATIENCE {
            RoleState::Ready
        } else if self.health.connected {
            RoleState::Degraded("the log is read too slowly: calls are handed over past it".into())
        } else {
            RoleState::Degraded("Kafka is away: calls are handed over past it".into())
        }
    }
}
