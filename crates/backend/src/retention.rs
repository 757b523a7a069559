//! Deletes what is older than its clock allows. Everything that grows old is deleted by the one pass here.
//!
//! | clock | what it bounds |
//! |---|---|
//! | a day, fixed | the coordinates of a call, as the words of the consent promise |
//! | [`Clocks::calls`] | the records of calls in the outbox |
//! | [`Clocks::location_uses`] | the record of who was shown a location |
//! | [`Clocks::access_log`] | the record of what the office saw, administrators among those who were shown a location |

use std::time::Duration;

use domain::{Millis, event::OPEN_FOR, topic};
use tokio::time::Instant;

use crate::{
    clock::{self, Steadiness},
    database::{self, Database, DatabaseError},
    delivery::{
        handover::Handover,
        outbox::{Outbox, OutboxError, Sequence},
    },
    statistics::Statistics,
};

/// The time between two passes. It is short, because few entries go at once.
const PASS_EVERY: Duration = Duration::from_secs(30);

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
    /// The record of what the office saw.
    pub access_log: Duration,
}

impl Default for Clocks {
    fn default() -> Self {
        Self { calls: 30 * DAY, location_uses: 200 * DAY, access_log: 400 * DAY }
    }
}

/// The times up to which coordinates were taken out of everything.
#[derive(Default)]
pub(crate) struct Done {
    outbox: Millis,
    handover: Millis,
}

/// Deletes what is old. With Kafka only acknowledged entries go, and only locations, which are personal data, go before
/// the others.
pub(crate) struct Retention {
    pub(crate) outbox: Outbox,
    /// Kafka is the log, and keeps calls for itself.
    pub(crate) is_read_back: bool,
    pub(crate) handover: Handover,
    /// Where the outbox is the log, entries that are not counted yet stay longer.
    pub(crate) statistics: Option<Statistics>,
    pub(crate) database: Database,
    pub(crate) clocks: Clocks,
    pub(crate) done: Done,
}

impl Retention {
    /// Deletes until it is dropped, while the wall clock can be believed.
    pub(crate) async fn run(mut self) {
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
    }

    /// Takes the coordinates out of the calls that were received from `since` on and before `before`.
    async fn forget_coordinates(&self, since: Millis, before: Millis) -> Result<(), OutboxError> {
        for topic in [topic::ALERT, topic::DRILL] {
            while self.outbox.forget_coordinates(topic, since, before).await? > 0 {}
        }
        Ok(())
    }

    /// Deletes entries of the outbox, those of a topic after its retention if that is shorter.
    async fn forget_calls(&self, now: Millis) -> Result<(), OutboxError> {
        let keep = millis(self.clocks.calls);
        for topic in topic::ALL {
            let is_short = !self.is_read_back || topic.name == topic::LOCATION;
            let kept = if is_short { topic.retention.min(keep) } else { keep };
            for (before, below) in forgettable(topic.name, now, kept, self.statistics.as_ref()) {
                self.outbox.forget(topic.name, before, below, self.is_read_back).await?;
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
/// second. Entries that are not counted yet stay for twice the time. Locations are personal data and count for nothing,
/// so they never wait.
fn forgettable(
    topic: &str,
    now: Millis,
    kept: Millis,
    statistics: Option<&Statistics>,
) -> Vec<(Millis, Sequence)> {
    let all = Sequence(Millis::MAX);
    match statistics.filter(|_| topic != topic::LOCATION) {
        // The last entry that was read must be found again after a restart.
        Some(statistics) => {
            vec![(now - kept, statistics.read()), (now - kept.saturating_mul(2), all)]
        }
        None => vec![(now - kept, all)],
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests;
