//! Deletes what is older than its clock allows. Everything that grows old is deleted by the one pass here.
//!
//! | clock | what it bounds |
//! |---|---|
//! | a day, fixed | the coordinates of a call, as the words of the consent promise, and silent calls of the service |
//! | [`Clocks::calls`] | the records of calls in the outbox |
//! | [`Clocks::location_uses`] | the record of who was shown a location |
//! | [`Clocks::access_log`] | the audit of acts, and administrators among those who were shown a location |

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use domain::{Millis, event::OPEN_FOR, topic};
use tokio::time::Instant;

use crate::{
    audit::Audit,
    clock::{self, Steadiness},
    database::{self, Database, DatabaseError},
    delivery::{
        handover::Handover,
        outbox::{Outbox, OutboxError, Sequence},
        relay::Relay,
    },
    statistics::Statistics,
};

/// The time between two passes. It is short, because few entries go at once.
const PASS_EVERY: Duration = Duration::from_secs(30);
/// The time between two removals from the audit, each of which is a record there.
const PRUNE_EVERY: Duration = DAY;
/// The pause after a failure before the first pass.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// The directory in which earlier versions kept the log of a broker that they embedded.
const FORMER_BROKER: &str = "broker";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Uses by administrators are part of the access log, and kept as long as that.
const OF_RESIDENTS: &str = "DELETE FROM location_uses WHERE at < $1 AND viewer_role <> 'administrator'";
const OF_THE_OFFICE: &str = "DELETE FROM location_uses WHERE at < $1 AND viewer_role = 'administrator'";
/// Whose location went out with a call is needed as long as a use of it is recorded.
const OF_CALLS: &str = "DELETE FROM located_calls WHERE at < $1 AND NOT EXISTS (SELECT 1 FROM location_uses
     WHERE location_uses.line = located_calls.line AND location_uses.house = located_calls.house
     AND location_uses.alert = located_calls.alert)";
/// After this time no node has anything of a withdrawn location any more.
const OF_WITHDRAWN: &str = "DELETE FROM located_calls WHERE withdrawn_at > 0 AND withdrawn_at < $1";

/// The times for which things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The records of calls in the outbox that the log has.
    pub calls: Duration,
    /// The record of who was shown a location.
    pub location_uses: Duration,
    /// The record of what the office saw and did. The audit keeps the last 365 days whatever this is.
    pub access_log: Duration,
}

impl Default for Clocks {
    fn default() -> Self {
        Self { calls: 30 * DAY, location_uses: 200 * DAY, access_log: 400 * DAY }
    }
}

/// The results of the passes so far.
#[derive(Default)]
pub(crate) struct Done {
    /// Coordinates were taken out of everything in the outbox from before this time.
    outbox: Millis,
    /// Coordinates were taken out of every hand-over from before this time.
    handover: Millis,
    /// When the audit was last pruned.
    audit: Millis,
}

/// Deletes what is old. With Kafka only acknowledged entries go, and only locations, which are personal data, and silent
/// calls go before the others.
pub(crate) struct Retention {
    pub(crate) outbox: Outbox,
    /// Publishes to Kafka, which then keeps calls for itself; `None` where the outbox is the log.
    pub(crate) relay: Option<Relay>,
    pub(crate) handover: Handover,
    /// Where the outbox is the log, entries that are not counted yet stay longer.
    pub(crate) statistics: Option<Statistics>,
    pub(crate) database: Database,
    pub(crate) audit: Audit,
    pub(crate) clocks: Clocks,
    pub(crate) done: Done,
}

impl Retention {
    /// Deletes until it is dropped, while the wall clock can be believed.
    pub(crate) async fn run(mut self, data_dir: PathBuf) {
        forget_former_broker(&self.outbox, &data_dir.join(FORMER_BROKER)).await;
        if let Some(relay) = &self.relay {
            // Before, marks of another cluster would count.
            while let Err(error) = relay.adopt_marks().await {
                tracing::warn!(%error, "old entries stay in the outbox for now");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
        let mut steadiness = Steadiness::new(clock::now(), Instant::now());
        loop {
            tokio::time::sleep(PASS_EVERY).await;
            let now = clock::now();
            if steadiness.is_steady(now, Instant::now()) {
                self.pass(now).await;
            }
        }
    }

    /// Deletes what is old at `now`. The next pass does what fails.
    async fn pass(&mut self, now: Millis) {
        let a_day_ago = now - OPEN_FOR;
        match self.forget_coordinates(self.done.outbox, a_day_ago).await {
            Ok(()) => self.done.outbox = a_day_ago,
            Err(error) => tracing::warn!(%error, "coordinates stay in the outbox for now"),
        }
        match self.handover.forget(self.done.handover, now).await {
            Ok(done) => self.done.handover = done,
            Err(error) => tracing::warn!(%error, "old hand-overs stay in the database for now"),
        }
        if let Err(error) = self.forget_calls(now).await {
            tracing::warn!(%error, "old entries stay in the outbox for now");
        }
        if let Err(error) = self.forget_uses(now).await {
            tracing::warn!(%error, "old uses of locations stay in the database for now");
        }
        if now - self.done.audit >= millis(PRUNE_EVERY) {
            match self.audit.prune(now - millis(self.clocks.access_log), now).await {
                Ok(_) => self.done.audit = now,
                Err(error) => tracing::warn!(%error, "old records stay in the audit for now"),
            }
        }
    }

    /// Takes the coordinates out of the calls that were received from `since` on and before `before`.
    async fn forget_coordinates(&self, since: Millis, before: Millis) -> Result<(), OutboxError> {
        for topic in topic::OF_ALERTS {
            while self.outbox.forget_coordinates(topic, since, before).await? > 0 {}
        }
        Ok(())
    }

    /// Deletes entries of the outbox, those of a topic after its retention if that is shorter.
    async fn forget_calls(&self, now: Millis) -> Result<(), OutboxError> {
        let keep = millis(self.clocks.calls);
        for topic in topic::ALL {
            let is_short = self.relay.is_none() || topic::is_passing(topic.name);
            let kept = if is_short { topic.retention.min(keep) } else { keep };
            for (before, below) in forgettable(topic.name, now, kept, self.statistics.as_ref()) {
                self.outbox.forget(topic.name, before, below, self.relay.is_some()).await?;
            }
        }
        Ok(())
    }

    /// Deletes from the record of who was shown locations.
    async fn forget_uses(&self, now: Millis) -> Result<(), DatabaseError> {
        let Clocks { calls, location_uses, access_log } = self.clocks;
        for (statement, kept) in [
            (OF_RESIDENTS, location_uses),
            (OF_THE_OFFICE, access_log),
            (OF_CALLS, location_uses),
            (OF_WITHDRAWN, calls),
        ] {
            let delete = sqlx::query(statement).bind(now.saturating_sub(millis(kept)));
            database::answer(delete.execute(self.database.pool())).await?;
        }
        Ok(())
    }
}

/// Returns which entries of a topic are deleted. They were stored before the first value with a smaller number than the
/// second. Entries that are not counted yet stay for twice the time. Locations and silent calls of the
/// service count for nothing, so they never wait.
fn forgettable(
    topic: &str,
    now: Millis,
    kept: Millis,
    statistics: Option<&Statistics>,
) -> Vec<(Millis, Sequence)> {
    let all = Sequence(Millis::MAX);
    match statistics.filter(|_| !topic::is_passing(topic)) {
        // The last entry that was read must be found again after a restart.
        Some(statistics) => {
            vec![(now - kept, statistics.read()), (now - kept.saturating_mul(2), all)]
        }
        None => vec![(now - kept, all)],
    }
}

/// Marks that name no cluster are of the broker that an earlier version embedded, if its directory is there.
async fn forget_former_broker(outbox: &Outbox, directory: &Path) {
    if !directory.is_dir() {
        return;
    }
    tracing::info!(
        directory = %directory.display(),
        "the log of a broker that an earlier version embedded is left alone and no longer used"
    );
    while let Err(error) = outbox.adopt_marks(None).await {
        tracing::warn!(%error, "the former broker's marks cannot be removed, retrying");
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests;
