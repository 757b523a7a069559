//! The progress of a rebuild, and the role's state that follows from it and from the reader's health.

use std::{collections::BTreeMap, time::Duration};

use domain::Millis;
use tokio::time::Instant;
use tokio_util::sync::DropGuard;

use crate::{
    delivery::{log::Health, reconcile::Comparison},
    readiness::RoleState,
};

/// The delay of records that makes the fan-out less than ready.
const LAG_PATIENCE: Duration = Duration::from_secs(1);

/// The progress of a rebuild, and the health of the reader.
pub(super) struct Progress {
    began: Instant,
    /// Records read for the rebuild.
    pub(super) records: u64,
    /// Everything follows since this time.
    pub(super) since: Millis,
    /// The hub has what the log had at the start.
    pub(super) rebuilt: bool,
    /// The hub has what this node acknowledged before, and what others handed over.
    pub(super) has_promised: bool,
    pub(super) overdue: bool,
    /// Since when records have been waiting, or the log has been away.
    behind_since: Option<Instant>,
    health: Health,
    /// The number of partitions of each topic.
    pub(super) partitions: BTreeMap<String, i32>,
    /// A record was in a partition that is not its line's.
    pub(super) is_misplaced: bool,
    /// The marks and ids of this reading; `None` once they were compared.
    pub(super) comparison: Option<Comparison>,
    /// Ends the comparing of what an earlier reading found.
    pub(super) reconciling: Option<DropGuard>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            records: 0,
            since: Millis::MIN,
            rebuilt: false,
            has_promised: false,
            overdue: false,
            behind_since: None,
            health: Health { connected: true, lag: 0 },
            partitions: BTreeMap::new(),
            is_misplaced: false,
            comparison: None,
            reconciling: None,
        }
    }

    pub(super) fn report_rebuilt(&self) {
        let (records, took) = (self.records, self.began.elapsed());
        tracing::info!(records, ms = took.as_millis(), "the log is read");
        metrics::gauge!("iutsai_rebuild_records").set(records as f64);
        metrics::gauge!("iutsai_rebuild_seconds").set(took.as_secs_f64());
    }

    pub(super) fn update(&mut self, health: Health) {
        self.health = health;
        let is_behind = !health.connected || health.lag > 0;
        self.behind_since = if is_behind { self.behind_since.or_else(|| Some(Instant::now())) } else { None };
        metrics::gauge!("iutsai_consumer_lag_records").set(health.lag as f64);
        metrics::gauge!("iutsai_consumer_lag_seconds").set(self.behind_for().as_secs_f64());
    }

    pub(super) fn behind_for(&self) -> Duration {
        self.behind_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    pub(super) fn state(&self) -> RoleState {
        match (self.rebuilt, self.has_promised) {
            (true, true) => {}
            _ if !self.overdue => return RoleState::Starting("reading the log".into()),
            (false, true) => {
                return RoleState::Degraded("Kafka is away or slow; earlier calls may be missing".into());
            }
            (_, false) => {
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
            RoleState::Degraded("Kafka is away; calls are handed over past it".into())
        }
    }
}
