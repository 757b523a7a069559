//! Deletes old entries, and takes coordinates out of calls that are over, while the service runs.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use domain::{Millis, event::OPEN_FOR, topic};
use tokio::time::Instant;

use super::RETRY_AFTER;
use crate::{
    clock::{self, Steadiness},
    delivery::{
        handover::Handover,
        outbox::{Outbox, OutboxError, Sequence},
        relay::Relay,
    },
    statistics::Statistics,
};

/// The time between two deletions of old entries. It is short, because few go at once.
const FORGET_EVERY: Duration = Duration::from_secs(30);
/// The directory in which earlier versions kept the log of a broker that they embedded.
const FORMER_BROKER: &str = "broker";

/// Deletes old entries from the outbox, those of a topic after its retention if that is shorter. With Kafka only
/// acknowledged entries go, and only locations, which are personal data, and silent calls go before the others.
/// Handed-over rows go by the same clock.
pub(super) struct Retention {
    pub(super) outbox: Outbox,
    pub(super) relay: Option<Relay>,
    pub(super) handover: Handover,
    /// The reader whose progress keeps entries, where the outbox is the log.
    pub(super) statistics: Option<Statistics>,
    pub(super) keep: Duration,
    pub(super) data_dir: PathBuf,
}

impl Retention {
    /// Runs for as long as the service.
    pub(super) async fn run(self) {
        let Self { outbox, relay, handover, statistics, keep, data_dir } = self;
        let keep = millis(keep);
        forget_former_broker(&outbox, &data_dir.join(FORMER_BROKER)).await;
        if let Some(relay) = &relay {
            // Before, marks of another cluster would count.
            while let Err(error) = relay.adopt_marks().await {
                tracing::warn!(%error, "old entries stay in the outbox for now");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
        // Coordinates were taken out of everything that was stored before this.
        let (mut without_coordinates, mut handed_over) = (0, 0);
        let mut steadiness = Steadiness::new(clock::now(), Instant::now());
        loop {
            tokio::time::sleep(FORGET_EVERY).await;
            let now = clock::now();
            if !steadiness.is_steady(now, Instant::now()) {
                continue;
            }
            let a_day_ago = now - OPEN_FOR;
            match forget_coordinates(&outbox, without_coordinates, a_day_ago).await {
                Ok(()) => without_coordinates = a_day_ago,
                Err(error) => tracing::warn!(%error, "coordinates stay in the outbox for now"),
            }
            match handover.forget(handed_over, now).await {
                Ok(done) => handed_over = done,
                Err(error) => tracing::warn!(%error, "old hand-overs stay in the database for now"),
            }
            for topic in topic::ALL {
                let is_short = relay.is_none() || topic::is_passing(topic.name);
                let kept = if is_short { topic.retention.min(keep) } else { keep };
                for (before, below) in forgettable(topic.name, now, kept, statistics.as_ref()) {
                    let forgotten = outbox.forget(topic.name, before, below, relay.is_some()).await;
                    if let Err(error) = forgotten {
                        tracing::warn!(%error, "old entries stay in the outbox for now");
                    }
                }
            }
        }
    }
}

/// Returns which entries of a topic are deleted. They were stored before the first value with a smaller number than the
/// second. Entries that are not counted yet stay for twice the time. Locations and silent
/// calls of the service count for nothing, so they never wait.
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

/// Takes the coordinates out of the calls that were received from `since` on and before `before`.
async fn forget_coordinates(outbox: &Outbox, since: Millis, before: Millis) -> Result<(), OutboxError> {
    for topic in [topic::ALERT, topic::DRILL] {
        while outbox.forget_coordinates(topic, since, before).await? > 0 {}
    }
    Ok(())
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
mod tests {
    use super::*;
    use crate::{database::Database, statistics::Iana};

    #[tokio::test]
    async fn uncounted_entries_stay_for_twice_the_time_and_locations_do_not() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = Database::connect_later("sqlite::memory:").unwrap();
        let zone = Iana::named("Asia/Seoul").unwrap();
        let statistics = Statistics::open(directory.path(), accounts, zone).unwrap();
        let (now, kept, all) = (1_000, 100, Sequence(Millis::MAX));
        let of = |topic, statistics| forgettable(topic, now, kept, statistics);
        assert_eq!(of(topic::ALERT, Some(&statistics)), [(900, Sequence(0)), (800, all)]);
        assert_eq!(of(topic::LOCATION, Some(&statistics)), [(900, all)]);
        assert_eq!(of(topic::CANARY, Some(&statistics)), [(900, all)]);
        assert_eq!(of(topic::ALERT, None), [(900, all)]);
    }
}
