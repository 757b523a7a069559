//! Moves events from the log to the hub. A rebuild comes before anybody relies on the hub, then each appended event.
//! [`replay`] applies those that the outbox has at a start, and [`lanes`] those that were taken here or handed over. Where
//! the lines are divided, [`part`] decides which of them are applied.

mod lanes;
mod part;
mod progress;
mod replay;

use std::time::Duration;

use domain::{Event, event::LOOK_BACK, record, topic};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::hub::{Arrival, Hub};
use crate::{
    clock,
    delivery::{
        dead_letters::DeadLetters,
        handover::Handover,
        log::{Log, Read, Record, Share, Start},
        outbox::Outbox,
        reconcile::Comparison,
        relay::Relay,
    },
    readiness::{RoleState, StateSender},
};
pub(crate) use lanes::drain;
pub(crate) use part::complete_borrowed;
use progress::Progress;

/// A rebuild that takes longer than this goes on beside the service.
const REBUILD_PATIENCE: Duration = Duration::from_secs(10);
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// Reads the log into the hub until it is cancelled.
pub(crate) struct Fanout {
    /// Where events go.
    pub(crate) hub: Hub,
    /// The log to read.
    pub(crate) log: Log,
    /// Holds everything that this node has acknowledged, whether the log has it or not.
    pub(crate) outbox: Outbox,
    /// Publishes again what Kafka has lost; `None` without Kafka.
    pub(crate) relay: Option<Relay>,
    /// Brings the events that other processes handed over.
    pub(crate) handover: Handover,
    /// Keeps records that cannot be read.
    pub(crate) dead_letters: DeadLetters,
    /// The lines whose events are applied.
    pub(crate) share: Share,
    /// The role's state.
    pub(crate) state: StateSender,
    /// True once the hub knows the events that were acknowledged here before the start.
    pub(crate) promised: watch::Sender<bool>,
}

impl Fanout {
    /// Rebuilds, then applies whatever is appended.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let (records, arriving) = mpsc::channel(1024);
        let (log, is_followed) = (self.log.clone(), self.log.is_read_back());
        let reading = is_followed.then(|| {
            tokio::spawn(async move { log.follow(Start::Since(clock::now() - LOOK_BACK), records).await })
        });
        tokio::select! {
            () = self.apply_all(arriving) => {}
            () = self.forget_now_and_then() => {}
            () = stopping.cancelled() => {}
        }
        if let Some(reading) = reading
            && let Err(error) = reading.await
        {
            tracing::error!(%error, "reading the log ended");
        }
    }

    async fn apply_all(&self, arriving: mpsc::Receiver<Read>) {
        if self.log.is_read_back() {
            self.apply_read_back(arriving).await;
        } else {
            self.rebuild().await;
        }
        self.state.set(RoleState::Failed("reading the log ended: restart the server".into()));
    }

    async fn apply_read_back(&self, mut arriving: mpsc::Receiver<Read>) {
        let promised = self.replay_promised();
        let late = tokio::time::sleep(REBUILD_PATIENCE);
        tokio::pin!(promised, late);
        let mut progress = Progress::new();
        loop {
            tokio::select! {
                read = arriving.recv() => match read {
                    Some(read) => {
                        // Only the end of a rebuild changes the state, and not each record of it.
                        let is_part = !progress.rebuilt && matches!(read, Read::Record(_));
                        self.apply_read(read, &mut progress).await;
                        if is_part {
                            continue;
                        }
                    }
                    None => return,
                },
                () = &mut promised, if !progress.has_promised => progress.has_promised = true,
                () = &mut late, if !progress.overdue => progress.overdue = true,
            }
            self.state.set(progress.state());
        }
    }

    /// Applies the events that this node acknowledged before the start and those that others handed over.
    async fn replay_promised(&self) {
        if self.replay_outbox().await.is_none() {
            return std::future::pending().await;
        }
        self.handover.queue_posted().await;
        self.promised.send_replace(true);
    }

    async fn apply_read(&self, read: Read, progress: &mut Progress) {
        match read {
            Read::Opening(prepared) => {
                // This reading repeats the comparison of an earlier one.
                progress.reconciling = None;
                progress.comparison = match &self.relay {
                    Some(relay) => {
                        let is_part = self.share.own().is_some();
                        Some(Comparison::begin(&self.outbox, relay, is_part).await)
                    }
                    None => None,
                };
                // A reader that does not wait for the answer any more has ended.
                let _ = prepared.send(());
            }
            Read::Begun(since) => {
                progress.since = since;
                if let Some(comparison) = &mut progress.comparison {
                    comparison.covers(since);
                }
            }
            Read::Record(record) => {
                if let Some(comparison) = &mut progress.comparison {
                    comparison.add(&record);
                }
                progress.records += u64::from(!progress.rebuilt);
                if record.time >= progress.since {
                    self.apply_logged(&record, progress);
                }
            }
            Read::Partitions(partitions) => {
                self.hub.set_partitions(partitions.get(topic::ACCEPT).copied().unwrap_or(1));
                progress.partitions = partitions;
            }
            Read::CaughtUp(ends) => {
                if !progress.rebuilt {
                    self.handover.queue_posted().await;
                    progress.rebuilt = true;
                    progress.report_rebuilt();
                }
                self.dead_letters.caught_up();
                if let Some((comparison, relay)) = progress.comparison.take().zip(self.relay.clone()) {
                    let ended = CancellationToken::new();
                    progress.reconciling = Some(ended.clone().drop_guard());
                    tokio::spawn(comparison.reconcile(self.outbox.clone(), relay, ends, ended));
                }
            }
            Read::Health(health) => progress.update(health),
        }
    }

    /// Returns the event that a record holds, if it is one of a call and can be read.
    fn event_of(&self, record: &Record) -> Option<Event> {
        metrics::counter!("iutsai_records_read_total", "topic" => record.topic.clone()).increment(1);
        if record.topic == topic::DEAD_LETTER {
            self.dead_letters.written(record);
        }
        if !holds_events(&record.topic) {
            return None;
        }
        let Some(value) = &record.value else {
            self.dead_letters.unreadable(record, "tombstone", "it has no value");
            return None;
        };
        let read = record::read_at(&record.topic, value, record.position, record.time);
        read.inspect_err(|error| self.dead_letters.unreadable(record, "value", &error.to_string())).ok()
    }

    /// Applies the event of a record, as part of a rebuild (`replay`) or as news. `behind` is how long this reader was not
    /// caught up.
    fn apply(&self, record: &Record, event: Event, replay: bool, behind: Duration) {
        let arrival = if replay {
            Arrival::replayed(event, Some(record.position))
        } else {
            // A record without an age is another program's, and new.
            let arrival = Arrival::logged(event, record.position).traced(record.traceparent.as_deref());
            arrival.aged(record.age.unwrap_or_default() + behind)
        };
        self.hub.apply(arrival.quiet(record.republished));
    }

    async fn forget_now_and_then(&self) {
        let mut ticks = tokio::time::interval(FORGET_EVERY);
        loop {
            ticks.tick().await;
            self.hub.forget(clock::now() - LOOK_BACK);
            self.share.give_back(|line| self.hub.is_needed(line, |line| self.share.serves(line)));
        }
    }
}

/// Returns whether the records of a topic hold events of calls. History is the statistics' own, and a silent call went to
/// the hub of the node that wrote it.
fn holds_events(topic: &str) -> bool {
    !matches!(topic, topic::DEAD_LETTER | topic::HISTORY | topic::CANARY)
}
