//! The uses of a person's location, and the choices of the person about them.
//!
//! The uses are recorded apart from the locations. [`uses`] writes who was shown the location of a call, and
//! [`located`] whose call it was, which it reads from the outbox. [`held`] is what the person sees of it, and [`acts`]
//! pauses, withdraws and leaves. None of them is in the way of a press.

mod acts;
mod held;
mod located;
mod uses;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{AlertId, CallKey, House, Line, Millis, event::LOOK_BACK};
use sqlx::Row;

use crate::{
    calls::hub::Hub,
    clock,
    database::{self, Database, stored::name},
    delivery::{
        handover::Handover,
        outbox::{Outbox, OutboxError},
    },
    people::{
        PeopleError, from_database,
        location_use::{LocationUse, LocationUses},
    },
    readiness::Readiness,
};
pub use held::{Consent, Held, Record, Shown};
use located::Followed;
pub(crate) use uses::Recorder;

/// The time between two readings of what the accounts have chosen, and of the outbox.
const SYNC_EVERY: Duration = Duration::from_secs(2);
/// The number of rounds after which withdrawn locations are destroyed again, because the log may have brought one back.
const DESTROY_EVERY: u32 = 15;
/// The most calls whose locations one commit of the outbox destroys.
const AT_ONCE: usize = 100;

/// Why what a person's location was used for cannot be read or changed now.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    /// The database.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
}

from_database!(PrivacyError);

impl From<database::stored::Unreadable> for PrivacyError {
    fn from(error: database::stored::Unreadable) -> Self {
        Self::People(error.into())
    }
}

/// The uses of locations, and the choices about them. Clones are the same.
#[derive(Clone)]
pub struct Privacy {
    database: Database,
    outbox: Outbox,
    hub: Hub,
    handover: Handover,
    choices: LocationUses,
    followed: Arc<Followed>,
    /// This process has destroyed what was withdrawn before it started.
    has_destroyed: Arc<AtomicBool>,
}

impl Privacy {
    /// Over these parts.
    #[must_use]
    pub(crate) fn new(
        database: Database,
        outbox: Outbox,
        hub: Hub,
        handover: Handover,
        choices: LocationUses,
    ) -> Self {
        let (followed, has_destroyed) = (Arc::default(), Arc::default());
        Self { database, outbox, hub, handover, choices, followed, has_destroyed }
    }

    /// Returns whether the person of an account keeps the location back, by this node's copy of the choices.
    #[must_use]
    pub fn keeps_location_back(&self, account: &str) -> bool {
        self.choices.of(account) != LocationUse::Allowed
    }

    /// Follows the choices of the accounts and the calls of the outbox, and destroys withdrawn locations, until it is
    /// dropped.
    pub(crate) async fn run(self, readiness: Readiness) {
        let mut rounds = 0_u32;
        loop {
            let changed = self.choices.sync().await.unwrap_or_else(|error| {
                tracing::debug!(%error, "the choices about locations stay those known from before");
                false
            });
            // A start reads the same entries into the hub, and would bring back what is destroyed meanwhile.
            if readiness.has_started() {
                if let Err(error) = self.follow().await {
                    tracing::debug!(%error, "whose locations went out is recorded later");
                }
                if changed || rounds.is_multiple_of(DESTROY_EVERY) {
                    self.try_to_destroy().await;
                }
                rounds = rounds.wrapping_add(1);
            }
            tokio::time::sleep(SYNC_EVERY).await;
        }
    }

    /// Destroys withdrawn locations now. If it fails, [`Privacy::run`] does it later.
    async fn try_to_destroy(&self) {
        if let Err(error) = self.destroy().await {
            metrics::counter!("iutsai_location_failures_total").increment(1);
            tracing::warn!(%error, "withdrawn locations are not destroyed yet, retrying");
        }
    }

    /// Destroys the locations of callers and helpers who have withdrawn or left, in everything that this node keeps.
    async fn destroy(&self) -> Result<(), PrivacyError> {
        // Withdrawals from before the start are handled once; later the log can bring back only what a rebuild reads.
        let since = if self.has_destroyed.load(Ordering::Relaxed) { clock::now() - LOOK_BACK } else { 0 };
        let calls = self.withdrawn(since).await?;
        for call in &calls {
            self.hub.forget_location(call);
        }
        for some in calls.chunks(AT_ONCE) {
            self.outbox.forget_locations(some.to_vec()).await?;
        }
        if !calls.is_empty() {
            self.handover.forget_locations(&calls.into_iter().collect::<BTreeSet<_>>()).await?;
        }
        self.has_destroyed.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Returns the flats, with the calls' ids, whose people have withdrawn or left after `since`.
    async fn withdrawn(&self, since: Millis) -> Result<Vec<CallKey>, PrivacyError> {
        let list = sqlx::query("SELECT line, house, alert FROM located_calls WHERE withdrawn_at > $1")
            .bind(since)
            .fetch_all(self.database.pool());
        let rows = database::answer(list).await?;
        rows.iter().map(read_call).collect()
    }
}

/// Reads the call of a row.
fn read_call(row: &sqlx::any::AnyRow) -> Result<CallKey, PrivacyError> {
    let id: String = row.try_get("alert")?;
    let id = id
        .parse::<AlertId>()
        .map_err(|_| database::stored::Unreadable(format!("the id of a call ({id})")))?;
    let (line, house) = (name(row.try_get("line")?, Line::new)?, name(row.try_get("house")?, House::new)?);
    Ok(CallKey { line, house, id })
}
