//! The statistics of this process, with their state as the page shows it.

use app::pages::statistics::{State as Condition, Verified};
use backend::statistics::{Health, Statistics};

use crate::state::AppState;

/// Returns the statistics, if this process has them.
pub(super) fn statistics(state: &AppState) -> Option<Statistics> {
    state.settings.roles.statistics.then(|| state.backend.statistics.clone())
}

/// Returns the state of the statistics, if they know it.
pub(super) async fn condition(statistics: &Statistics) -> Option<Condition> {
    match statistics.health().await {
        Ok(health) => Some(as_shown(health)),
        Err(error) => {
            tracing::warn!(%error, "the state of the statistics is not known");
            None
        }
    }
}

/// Returns the state of the statistics, as the page shows it.
fn as_shown(health: Health) -> Condition {
    let Health { last_batch, last_verification, behind, has_demo } = health;
    let verified = last_verification.map(|run| Verified {
        at: run.at,
        compared: run.compared,
        different: run.different,
    });
    Condition { last_batch: last_batch.map(|run| run.at), verified, behind, has_demo }
}
