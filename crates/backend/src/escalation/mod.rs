//! Alarms more people about a call that nobody comes to, by the rules that the office has chosen.
//!
//! `domain::escalation` decides which step is due. Here [`store`] keeps the choice of the office in the shared
//! database, and [`runner`] writes the steps. Every node that folds calls does that, without a leader. A step's id is
//! made from what it is, so the fold drops the doubles, and a step is written even if the node that took the call is
//! gone. A node without the producer role writes it by its own outbox, which every node has.

mod runner;
mod store;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    Line,
    escalation::{Place, Rules, Settings},
};
use parking_lot::Mutex;
use tokio::{sync::Notify, time::sleep};

use crate::{
    audit::By,
    calls::{Calls, hub::Hub},
    database::Database,
    delivery::log::Share,
    people::{PeopleError, accounts::Accounts},
    reach::Reach,
    readiness::Readiness,
};
use runner::Runner;
use store::Store;

/// The time between two readings of the rules. Every node has a change within ten seconds.
const READ_EVERY: Duration = Duration::from_secs(5);

/// The other nodes that take steps.
#[derive(Clone, Debug)]
pub(crate) struct Others {
    /// The lines for whose calls this node takes steps. It may know the calls of other lines in part only.
    pub(crate) share: Share,
    /// There are other nodes.
    pub(crate) are_there: bool,
}

/// The rules of the complex, and what follows from them. Clones are the same.
#[derive(Clone)]
pub struct Escalation(Arc<Inner>);

struct Inner {
    store: Store,
    accounts: Accounts,
    reach: Reach,
    known: Mutex<Known>,
    changed: Notify,
}

/// The rules as last read.
#[derive(Clone, Default, PartialEq, Eq)]
struct Known {
    settings: Settings,
    lines: BTreeMap<Line, Place>,
}

impl Escalation {
    /// Keeps the rules in `database`; `accounts` know the lines, and `reach` who can be alarmed there.
    pub(crate) fn new(database: Database, accounts: Accounts, reach: Reach) -> Self {
        let (known, changed) = (Mutex::default(), Notify::new());
        Self(Arc::new(Inner { store: Store::new(database), accounts, reach, known, changed }))
    }

    /// Returns the choice of the office.
    ///
    /// # Errors
    /// The database's.
    pub async fn settings(&self) -> Result<Settings, PeopleError> {
        self.0.store.read().await
    }

    /// Keeps another choice of the office, and records who made it. This node goes by it at once, and every other one
    /// within ten seconds.
    ///
    /// # Errors
    /// The database's; it is not known then whether it was kept.
    pub async fn set(&self, settings: &Settings, by: &By) -> Result<(), PeopleError> {
        self.0.store.write(settings, by).await?;
        self.0.known.lock().settings = settings.clone();
        self.0.changed.notify_one();
        Ok(())
    }

    /// Takes the steps that are due, until it is dropped, as `others` do.
    pub(crate) async fn run(self, calls: Calls, hub: Hub, readiness: Readiness, others: Others) {
        // Without the rules, a call of before the start would alarm by the defaults.
        self.read().await;
        let runner = Runner::new(self.clone(), calls, hub, others);
        tokio::select! {
            () = runner.run(readiness) => {}
            () = self.keep_reading() => {}
        }
    }

    async fn keep_reading(&self) {
        loop {
            sleep(READ_EVERY).await;
            self.read().await;
        }
    }

    /// Reads the rules. Where the database does not answer, those of before stay.
    async fn read(&self) {
        match self.read_all().await {
            Ok(known) => {
                let mut last = self.0.known.lock();
                if *last != known {
                    *last = known;
                    self.0.changed.notify_one();
                }
            }
            Err(error) => tracing::debug!(%error, "the rules of escalation stay those of before"),
        }
    }

    async fn read_all(&self) -> Result<Known, PeopleError> {
        Ok(Known { settings: self.0.store.read().await?, lines: self.0.accounts.places().await? })
    }

    /// Returns the rules with what is known now of who can be alarmed.
    fn rules(&self) -> Rules {
        let Known { settings, lines } = self.0.known.lock().clone();
        Rules { settings, lines, reachable: self.0.reach.flats() }
    }

    /// Waits until the rules are others than before.
    async fn changed(&self) {
        self.0.changed.notified().await;
    }
}
