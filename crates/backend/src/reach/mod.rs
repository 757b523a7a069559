//! The households that a call could alarm right now, before anybody calls. They are those with a page that is connected
//! and would sound, and those with a device whose push has worked of late.
//!
//! Each node renews its own part in a [`table`] of the shared database; [`known`] has the last reading of all parts,
//! and [`listeners`] the pages that follow the number of their line.

mod known;
mod listeners;
mod table;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use domain::{House, Line};
use parking_lot::Mutex;
use stomp::Version;
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until, timeout},
};
use uuid::Uuid;

pub use self::known::Flats;
use self::{
    known::Known,
    listeners::{Listeners, Page},
    table::Table,
};
use crate::{
    calls::hub::Queue,
    database::{Database, DatabaseError},
    push::{Push, PushError},
};

/// The time between two renewals.
const RENEW_EVERY: Duration = Duration::from_secs(10);
/// The shortest time between two rounds, however many houses come and go.
const TOGETHER: Duration = Duration::from_secs(1);
/// The time that the removal of this node's rows may take when it ends.
const LEAVING: Duration = Duration::from_secs(1);

/// Knows which households a call could alarm now. Clones are the same.
#[derive(Clone)]
pub struct Reach(Arc<Inner>);

struct Inner {
    table: Table,
    push: Push,
    /// The sockets of this node that would sound, counted by flat.
    armed: Mutex<BTreeMap<Line, BTreeMap<House, usize>>>,
    /// Locked before `listeners` where both are needed.
    known: Mutex<Known>,
    listeners: Mutex<Listeners>,
    changed: Notify,
}

/// Counts a socket that would sound, until it is dropped.
pub struct Armed {
    reach: Reach,
    line: Line,
    house: House,
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.reach.disarm(&self.line, &self.house);
    }
}

/// Keeps a page informed, until it is dropped.
pub struct Listening {
    reach: Reach,
    line: Line,
    number: u64,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.reach.0.listeners.lock().remove(&self.line, self.number);
    }
}

/// Whom no call can alarm, as the office sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// The households that a call could alarm now; `None` while that is not known.
    pub reachable: Option<Flats>,
    /// The number of devices that have shown no push for 30 days, by their owner's line, or without one for people
    /// without a flat; `None` while that is not known.
    pub silent: Option<BTreeMap<Option<Line>, u64>>,
}

/// Why a reading failed.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error(transparent)]
    Nodes(#[from] DatabaseError),
    #[error(transparent)]
    Push(#[from] PushError),
}

impl Reach {
    /// Reads and renews the table in `database`, and counts the devices of `push`.
    pub(crate) fn new(database: Database, push: Push) -> Self {
        Self(Arc::new(Inner {
            table: Table::new(database, Uuid::now_v7().to_string()),
            push,
            armed: Mutex::default(),
            known: Mutex::default(),
            listeners: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    /// Counts a socket of this flat as one that would sound.
    #[must_use]
    pub fn arm(&self, line: &Line, house: &House) -> Armed {
        let mut armed = self.0.armed.lock();
        let sockets = armed.entry(line.clone()).or_default().entry(house.clone()).or_default();
        *sockets += 1;
        if *sockets == 1 {
            self.0.changed.notify_one();
        }
        Armed { reach: self.clone(), line: line.clone(), house: house.clone() }
    }

    fn disarm(&self, line: &Line, house: &House) {
        let mut armed = self.0.armed.lock();
        let Some(houses) = armed.get_mut(line) else { return };
        if let Some(sockets) = houses.get_mut(house) {
            *sockets -= 1;
            if *sockets == 0 {
                houses.remove(house);
                self.0.changed.notify_one();
            }
        }
        if houses.is_empty() {
            armed.remove(line);
        }
    }

    /// Hands the number of a line to `queue`, now and whenever it changes. `house` is the listener's own, which does
    /// not count, and `id` the client's name for the subscription.
    #[must_use]
    pub fn listen(
        &self,
        line: &Line,
        house: Option<House>,
        (id, version): (Arc<str>, Version),
        queue: Queue,
    ) -> Listening {
        let page = Page { house, id, version, queue, shown: None };
        let known = self.0.known.lock();
        let number = self.0.listeners.lock().add(line, page, &known, Instant::now());
        Listening { reach: self.clone(), line: line.clone(), number }
    }

    /// Returns how many households of a line a call could alarm now besides `own`; `None` while that is not known.
    #[must_use]
    pub fn neighbours(&self, line: &Line, own: Option<&House>) -> Option<u32> {
        self.0.known.lock().neighbours(line, own, Instant::now())
    }

    /// Returns the households that a call could alarm now; `None` while that is not known.
    pub(crate) fn flats(&self) -> Option<Flats> {
        self.0.known.lock().flats(Instant::now()).cloned()
    }

    /// Returns whom no call can alarm.
    pub async fn overview(&self) -> Overview {
        let reachable = self.flats();
        let silent = self.0.push.silent().await;
        let silent =
            silent.inspect_err(|error| tracing::warn!(%error, "silent devices are not counted")).ok();
        Overview { reachable, silent }
    }

    /// Renews this node's part and reads those of all, until it is dropped.
    pub(crate) async fn run(self) {
        let mut written = None;
        loop {
            let began = Instant::now();
            let due = self.round(&mut written).await;
            sleep(TOGETHER).await;
            let renewal = began + RENEW_EVERY;
            tokio::select! {
                () = sleep_until(due.map_or(renewal, |due| due.min(renewal))) => {}
                () = self.0.changed.notified() => {}
            }
        }
    }

    /// Renews, reads, and publishes what has changed; returns when a line may get a change that has to wait. `written`
    /// is what this node's rows hold, if that is known.
    async fn round(&self, written: &mut Option<Flats>) -> Option<Instant> {
        let own = self.own();
        match self.0.table.renew(&own, written.as_ref()).await {
            Ok(()) => *written = Some(own.clone()),
            Err(error) => {
                *written = None;
                tracing::debug!(%error, "other nodes do not learn now whom this one reaches, retrying");
            }
        }
        let began = Instant::now();
        match self.read(own).await {
            Ok(flats) => self.0.known.lock().replace(flats, began),
            Err(error) => tracing::debug!(%error, "whom a call could alarm is not known now, retrying"),
        }
        let (known, now) = (self.0.known.lock(), Instant::now());
        let households = known.flats(now).map(|flats| flats.values().map(BTreeSet::len).sum::<usize>());
        metrics::gauge!("iutsai_reachable_households")
            .set(households.map_or(f64::NAN, |households| households as f64));
        self.0.listeners.lock().publish(&known, now)
    }

    /// Returns the flats with a socket here that would sound.
    fn own(&self) -> Flats {
        let armed = self.0.armed.lock();
        armed.iter().map(|(line, houses)| (line.clone(), houses.keys().cloned().collect())).collect()
    }

    /// Adds to the flats of this node those of all others, and those with a device for push.
    async fn read(&self, own: Flats) -> Result<Flats, Unread> {
        let mut flats = own;
        for (line, houses) in self.0.table.of_others().await? {
            flats.entry(line).or_default().extend(houses);
        }
        for (line, house) in self.0.push.reachable().await? {
            flats.entry(line).or_default().insert(house);
        }
        Ok(flats)
    }

    /// Takes this node's part back, because it ends.
    pub(crate) async fn leave(&self) {
        let left = timeout(LEAVING, self.0.table.leave()).await;
        if let Ok(Err(error)) = left {
            tracing::debug!(%error, "the houses of this node count for another half minute");
        }
    }
}
