//! From the log to the hub: one reader per node, every partition, and the rebuild before anybody relies on it.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wire::{Event, Millis, Seen, record};

use crate::{
    clock,
    hub::{Arrival, Hub},
    log::{
        KafkaSettings,
        reader::{self, Read, Record},
    },
    outbox::{Outbox, Sequence},
    readiness::{RoleState, Tell},
    relay::Relay,
};

/// A rebuild reads so far back: an open call is a day old at most, and one that ended in the last day was
/// open for a day before. An hour more for clocks.
const LOOK_BACK: Millis = 49 * 60 * 60 * 1000;
/// What comes so long after it happened is no news.
const LATE_AFTER: Millis = 10 * 60 * 1000;
/// A rebuild that takes longer than this goes on beside the service.
const REBUILD_PATIENCE: Duration = Duration::from_secs(10);
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// Reads the log into the hub until it is cancelled.
pub struct Fanout {
    /// Where events go.
    pub hub: Hub,
    /// What the log may not have yet.
    pub outbox: Outbox,
    /// Knows when the topics exist.
    pub relay: Relay,
    /// Where the log is.
    pub kafka: KafkaSettings,
    /// Whether the fan-out can be relied on.
    pub state: Tell,
}

impl Fanout {
    /// Rebuilds, then tells whatever happens.
    pub async fn run(self, stopping: CancellationToken) {
        let (records, arriving) = mpsc::channel(1024);
        let (relay, kafka) = (self.relay.clone(), self.kafka.clone());
        let reading = tokio::spawn(async move {
            tokio::select! {
                () = relay.topics_exist() => reader::run(kafka, clock::now() - LOOK_BACK, records).await,
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
        let mut rebuilding = true;
        loop {
            tokio::select! {
                read = arriving.recv() => match read {
                    Some(Read::Record(record)) => self.take(record, rebuilding),
                    Some(Read::Partitions(count)) => self.hub.set_partitions(count),
                    Some(Read::CaughtUp) => {
                        self.take_unpublished().await;
                        rebuilding = false;
                        self.state.set(RoleState::Ready);
                    }
                    None => break,
                },
                () = &mut late, if rebuilding && !self.state.get().works() => {
                    // What this node itself has promised is told even if the log is away.
                    self.take_unpublished().await;
                    self.state.set(RoleState::Degraded("Kafka is away or slow: calls of before may be missing".into()));
                }
            }
        }
        self.state.set(RoleState::Failed("reading the log ended: restart the server".into()));
    }

    fn take(&self, record: Record, replay: bool) {
        let Record { topic, position, value, republished } = record;
        metrics::counter!("iutsai_records_read_total", "topic" => topic.clone()).increment(1);
        let Some(value) = value else {
            metrics::counter!("iutsai_records_unreadable_total", "reason" => "tombstone").increment(1);
            return;
        };
        let event = match record::read(&topic, &value, position) {
            Ok(event) => event,
            Err(error) => {
                metrics::counter!("iutsai_records_unreadable_total", "reason" => "value").increment(1);
                let (partition, offset) = (position.partition, position.offset);
                tracing::warn!(topic, partition, offset, %error, "a record cannot be read; the next ones are");
                return;
            }
        };
        let late = republished || is_late(&event);
        let message_id = Some(format!("{topic}-{}-{}", position.partition, position.offset));
        self.hub.apply(Arrival { event, seen: Seen::Log(position), message_id, late, replay });
    }

    /// Puts into the hub what this node promised and the log may not have.
    async fn take_unpublished(&self) {
        let mut after = Sequence(0);
        loop {
            let entries = match self.outbox.unmarked(after, 1024).await {
                Ok(entries) => entries,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read: what it holds is told when it is published");
                    return;
                }
            };
            let Some((last, _)) = entries.last() else { return };
            after = *last;
            for (_, entry) in entries {
                let position = wire::Position { timestamp: entry.at, partition: -1, offset: -1 };
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

fn is_late(event: &Event) -> bool {
    event.at().is_some_and(|at| clock::now() - at > LATE_AFTER)
}
