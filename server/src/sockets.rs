//! The open sockets, with their number, their owners, and their closing.
//!
//! There are two pools of places, so that neither strangers nor one resident can occupy those of others. A socket is a
//! stranger's until the upgrade or CONNECT has shown a session. Within each pool, the owner of the most makes room
//! first.

mod alarms;
mod closing;
mod full;
mod places;

use std::{
    future::{Future, poll_fn},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use backend::people::sessions::{Session, SessionChange, SessionId, Sessions};
use domain::Resident;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::task::TaskTracker;

use self::{
    alarms::Alarms,
    closing::Closing,
    places::{Number, Owner, Places, Room},
};
use crate::budgets::{Network, count_refused};

pub(crate) use self::{alarms::TICK, closing::Reason, full::Full};

/// The strangers' part of all places, and its bounds. Few are needed, because a stranger's socket is closed or a
/// resident's within seconds.
const STRANGERS_PART: usize = 8;
const STRANGERS_AT_LEAST: usize = 4;
const STRANGERS_AT_MOST: usize = 256;

/// The open sockets. Clones share them.
#[derive(Clone)]
pub struct Sockets(Arc<Inner>);

struct Inner {
    tasks: TaskTracker,
    is_stopping: AtomicBool,
    alarms: Alarms,
    places: Mutex<Places>,
    numbers: AtomicU64,
}

/// A socket's place among those that may be open. Dropping it gives it back.
pub struct Place {
    sockets: Sockets,
    number: Number,
    /// `None` where there was no place for it.
    keeper: Option<Keeper>,
    closing: Closing,
}

/// Whose a place is.
enum Keeper {
    Stranger(Network),
    Resident(SessionId, Arc<Resident>),
}

impl Sockets {
    /// Room for `limit` sockets, those of strangers among them.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let strangers = (limit / STRANGERS_PART).clamp(STRANGERS_AT_LEAST, STRANGERS_AT_MOST);
        let room = Room { strangers, residents: limit.saturating_sub(strangers) };
        Self(Arc::new(Inner {
            tasks: TaskTracker::new(),
            is_stopping: AtomicBool::new(false),
            alarms: Alarms::new(),
            places: Mutex::new(Places::new(room)),
            numbers: AtomicU64::new(0),
        }))
    }

    /// Gives a place to one more socket. It is a resident's where the upgrade has shown a session, else a stranger's.
    /// Another socket may be closed for it.
    ///
    /// # Errors
    /// Why there is none.
    pub fn enter(&self, network: Network, session: Option<&Session>) -> Result<Place, Full> {
        let mut place = Place {
            sockets: self.clone(),
            number: self.0.numbers.fetch_add(1, Ordering::Relaxed),
            keeper: None,
            closing: Closing::default(),
        };
        match session {
            Some(session) => place.belongs_to(session)?,
            None => {
                place.enter(|places, place| {
                    places.add_stranger(place.number, network, place.closing.clone(), Instant::now())
                })?;
                place.keeper = Some(Keeper::Stranger(network));
            }
        }
        Ok(place)
    }

    /// Returns how many are open.
    #[must_use]
    pub fn open(&self) -> usize {
        let open = self.places().open();
        open.strangers + open.residents
    }

    /// Returns how many of those that are open are strangers'.
    #[must_use]
    pub fn open_of_strangers(&self) -> usize {
        self.places().open().strangers
    }

    /// A socket's task, which [`Self::stop`] waits for.
    pub fn track<F: Future>(&self, task: F) -> impl Future<Output = F::Output> + use<F> {
        self.0.tasks.track_future(task)
    }

    /// Closes every socket and waits for them, but no longer than `patience`. Returns how many were left.
    pub async fn stop(&self, patience: Duration) -> usize {
        // Those that enter from now on find it, and all others have their places, or are closing.
        self.0.is_stopping.store(true, Ordering::SeqCst);
        let open = self.places().all();
        open.iter().for_each(|closing| closing.close(Reason::Stopping));
        self.0.tasks.close();
        // A socket that is too slow to close loses the connection with the process.
        let _ = tokio::time::timeout(patience, self.0.tasks.wait()).await;
        self.0.tasks.len()
    }

    /// Rings the alarms of the sockets; never returns.
    pub async fn ring_alarms(self) {
        self.0.alarms.run().await;
    }

    /// Closes the sockets of every session that ends or whose account changes; never returns.
    pub async fn close_changed(self, sessions: Sessions) {
        let mut changes = sessions.watch_changes();
        loop {
            match changes.recv().await {
                Ok(SessionChange::Ended(session)) => self.close(Reason::SessionEnded, |id| *id == session),
                Ok(SessionChange::Account(session)) => {
                    self.close(Reason::AccountChanged, |id| *id == session);
                }
                // The missed changes are not known, so all connect again, and only the ended cannot.
                Err(RecvError::Lagged(_)) => self.close(Reason::AccountChanged, |_| true),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn close(&self, reason: Reason, which: impl Fn(&SessionId) -> bool) {
        let closing = self.places().of(which);
        closing.iter().for_each(|closing| closing.close(reason));
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// From now on this socket is the session's, and closes with it. Another socket may be closed for it.
    ///
    /// # Errors
    /// Why there is no place for it, which it has lost then.
    pub fn belongs_to(&mut self, session: &Session) -> Result<(), Full> {
        let owner = Owner::from(&*session.resident);
        if let Some(Keeper::Resident(known, resident)) = &self.keeper
            && *known == session.id
            && Owner::from(&**resident) == owner
        {
            return Ok(());
        }
        self.leave();
        self.enter(|places, place| {
            places.add_resident(place.number, &session.id, &owner, place.closing.clone(), Instant::now())
        })?;
        self.keeper = Some(Keeper::Resident(session.id.clone(), session.resident.clone()));
        Ok(())
    }

    /// Returns why the socket is to close; `None` if it is not.
    #[must_use]
    pub fn closing(&self) -> Option<Reason> {
        self.closing.reason()
    }

    /// Wakes the task that waits for the closing at this time or up to a [`TICK`] later.
    pub fn set_alarm(&self, at: tokio::time::Instant) {
        self.sockets.0.alarms.set(at, &self.closing);
    }

    /// Returns whether an alarm has rung since the last call.
    #[must_use]
    pub fn take_alarm(&self) -> bool {
        self.closing.take_ring()
    }

    /// Waits until the socket is to close, and returns why. The task that asked last wakes then.
    pub fn poll_closing(&self, context: &Context<'_>) -> Poll<Reason> {
        self.closing.poll(context)
    }

    /// Waits until the socket is to close.
    pub async fn closed(&self) {
        poll_fn(|context| self.poll_closing(context).map(drop)).await;
    }

    fn enter(
        &self,
        add: impl FnOnce(&mut Places, &Self) -> Result<Option<Closing>, Full>,
    ) -> Result<(), Full> {
        let added = add(&mut self.sockets.places(), self);
        let displaced = added.inspect_err(|full| count_refused(full.budget()))?;
        if let Some(displaced) = displaced {
            metrics::counter!("iutsai_sockets_displaced_total").increment(1);
            displaced.close(Reason::Displaced);
        }
        if self.sockets.0.is_stopping.load(Ordering::SeqCst) {
            self.closing.close(Reason::Stopping);
        }
        Ok(())
    }

    fn leave(&mut self) {
        // A socket that has made room for another has no place any more.
        match self.keeper.take() {
            Some(Keeper::Stranger(network)) => self.sockets.places().remove_stranger(self.number, network),
            Some(Keeper::Resident(_, resident)) => {
                self.sockets.places().remove_resident(self.number, &Owner::from(&*resident))
            }
            None => None,
        };
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
        self.closing.forget_task();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn network() -> Network {
        std::net::IpAddr::from(Ipv4Addr::LOCALHOST).into()
    }

    #[tokio::test]
    async fn a_place_is_given_back() {
        let sockets = Sockets::new(100);
        let places: Vec<_> = (0..12).map(|_| sockets.enter(network(), None)).collect();
        assert!(places.iter().all(Result::is_ok));
        assert_eq!((sockets.open(), sockets.open_of_strangers()), (12, 12));
        assert_eq!(sockets.enter(network(), None).err(), Some(Full::Strangers));
        drop(places);
        assert!(sockets.enter(network(), None).is_ok());
        assert_eq!(sockets.open(), 0);
    }

    #[tokio::test]
    async fn a_stop_closes_every_socket() {
        let sockets = Sockets::new(100);
        let place = sockets.enter(network(), None).expect("there is room");
        assert_eq!(place.closing(), None);
        let (stopped, ()) = tokio::join!(sockets.stop(Duration::from_secs(1)), place.closed());
        assert_eq!((stopped, place.closing()), (0, Some(Reason::Stopping)));
        let late = sockets.enter(network(), None).expect("there is room");
        assert_eq!(late.closing(), Some(Reason::Stopping));
    }
}
