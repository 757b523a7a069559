//! From the log to the hub: one reader per node, every partition, and the rebuild before anybody relies on it.

use std::time::Duration;

use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use wire::{Millis, Position, Seen, record, topic};

use crate::{
    clock,
    dead_letters::DeadLetters,
    handover::{Handover, is_late},
    hub::{Arrival, Hub},
    log::{
        KafkaSettings,
        health::Health,
        partition::Ends,
        reader::{self, Read, Record},
    },
    outbox::{Outbox, Sequence},
    readiness::{RoleState, Tell},
    reconcile::Sighted,
    relay::Relay,
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
    /// What the log may not have yet.
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
}

/// How far a rebuild has come, and how the reading is doing.
struct Progress {
    rebuilt: bool,
    overdue: bool,
    /// Since when records have been waiting, or the log has been away.
    behind_since: Option<Instant>,
    health: Health,
    /// What this reading has come upon; `None` once it was compared.
    sighted: Option<Sighted>,
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
        let late = tokio::time::sleep(REBUILD_PATIENCE);
        tokio::pin!(late);
        let health = Health::new();
        let mut progress =
            Progress { rebuilt: false, overdue: false, behind_since: None, health, sighted: None };
        loop {
            tokio::select! {
                read = arriving.recv() => match read {
                    Some(read) => self.take_read(read, &mut progress).await,
                    None => break,
                },
                () = &mut late, if !progress.rebuilt && !progress.overdue => {
                    // What this node itself has promised is told even if the log is away.
                    self.take_unpublished().await;
                    progress.overdue = true;
                }
            }
            self.state.set(progress.state());
        }
        self.state.set(RoleState::Failed("reading the log ended: restart the server".into()));
    }

    async fn take_read(&self, read: Read, progress: &mut Progress) {
        match read {
            Read::Opening(prepared) => {
                progress.sighted = match Sighted::list(&self.outbox).await {
                    Ok(sighted) => Some(sighted),
                    Err(error) => {
                        tracing::warn!(%error, "the outbox cannot be compared with the log this time");
                        None
                    }
                };
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
                self.take(&record, !progress.rebuilt);
            }
            Read::Partitions(count) => self.hub.set_partitions(count),
            Read::CaughtUp(ends) => {
                if !progress.rebuilt {
                    self.take_unpublished().await;
                    progress.rebuilt = true;
                }
                self.dead_letters.caught_up();
                if let Some(sighted) = progress.sighted.take() {
                    tokio::spawn(reconcile(sighted, self.outbox.clone(), self.relay.clone(), ends));
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

    /// Puts into the hub what this node promised, or another handed over, and the log may not have.
    async fn take_unpublished(&self) {
        self.handover.take_posted().await;
        let mut after = Sequence(0);
        loop {
            let entries = match self.outbox.unpublished(after, 1024).await {
                Ok(entries) => entries,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read: what it holds is told when it is published");
                    return;
                }
            };
            let Some((last, _)) = entries.last() else { return };
            after = *last;
            for (_, entry) in entries {
                let position = Position { timestamp: entry.at, partition: -1, offset: -1 };
                match record::read(&entry.topic, &entry.value, position) {
                    Ok(event) => {
                        let late = is_late(&event);
                        self.hub.apply(Arrival {
                            event,
                            seen: Seen::Direct,
                            message_id: None,
                            late,
                            replay: false,
                        });
                    }
                    Err(error) => {
                        tracing::error!(%error, id = %entry.origin.id, "an entry of the outbox cannot be read");
                    }
                }
            }
        }
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
        if !self.rebuilt {
            return if self.overdue {
                RoleState::Degraded("Kafka is away or slow: calls of before may be missing".into())
            } else {
                RoleState::Starting("reading the log".into())
            };
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

async fn reconcile(sighted: Sighted, outbox: Outbox, relay: Relay, read: Ends) {
    match sighted.reconcile(&outbox, &relay, &read).await {
        Ok(0) => {}
        Ok(lost) => tracing::warn!(lost, "the log lacked what Kafka had acknowledged: it is published again"),
        Err(error) => {
            tracing::error!(%error, "the outbox could not be compared with the log; the next reading does");
        }
    }
}
