//! A bound on how much of one kind of work is done at once, with a short queue that is fair to its holders.
//!
//! Holders take turns, so that who waits alone waits for one of each other holder at most. Where the queue is full, the
//! holder with the most in it loses the last of them to one who has fewer.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use super::{Holder, refused};
use crate::problem::Problem;

/// The bounds of a share.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The number that work at once.
    pub at_once: usize,
    /// The number of further ones that wait.
    pub queue: usize,
    /// The number of both that one holder may have.
    pub of_one: usize,
    /// The longest wait.
    pub patience: Duration,
}

/// A budget of one kind of work. Clones share it.
#[derive(Clone)]
pub struct Share(Arc<Inner>);

struct Inner {
    budget: &'static str,
    bounds: Bounds,
    state: Mutex<State>,
}

/// The right to do the work. Dropping it gives it to the next in the queue.
pub struct Turn(Option<(Share, Holder)>);

#[derive(Default)]
struct State {
    working: usize,
    waiting: usize,
    tickets: u64,
    holders: HashMap<Holder, Part>,
    /// The holders with somebody waiting, in the order of their turns.
    turns: VecDeque<Holder>,
}

/// One holder's part of the work.
#[derive(Default)]
struct Part {
    working: usize,
    /// The oldest first.
    waiting: VecDeque<Waiter>,
}

struct Waiter {
    ticket: u64,
    turn: oneshot::Sender<Turn>,
}

enum Entered {
    Works,
    Waits(u64, oneshot::Receiver<Turn>),
    Refused,
}

/// Leaves the queue when it is dropped, if it is still in it.
struct Leaving<'a> {
    share: &'a Share,
    holder: &'a Holder,
    ticket: u64,
}

impl Share {
    /// The budget of this name.
    #[must_use]
    pub fn new(budget: &'static str, bounds: Bounds) -> Self {
        Self(Arc::new(Inner { budget, bounds, state: Mutex::default() }))
    }

    /// Waits for a turn. Nothing is lost when it is given up.
    ///
    /// # Errors
    /// [`crate::problem::Kind::BUSY`] at once where the queue is full, and later where the turn does not come in time
    /// or another holder's needs the place.
    pub async fn enter(&self, holder: Holder) -> Result<Turn, Problem> {
        let entered = self.lock().enter(&holder, &self.0.bounds);
        match entered {
            Entered::Works => Ok(self.turn(holder)),
            Entered::Waits(ticket, turn) => self.wait(&holder, ticket, turn).await,
            Entered::Refused => Err(refused(self.0.budget)),
        }
    }

    async fn wait(
        &self,
        holder: &Holder,
        ticket: u64,
        turn: oneshot::Receiver<Turn>,
    ) -> Result<Turn, Problem> {
        let _leaving = Leaving { share: self, holder, ticket };
        match timeout(self.0.bounds.patience, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(refused(self.0.budget)),
        }
    }

    fn turn(&self, holder: Holder) -> Turn {
        Turn(Some((self.clone(), holder)))
    }

    /// Ends a holder's work and gives its turn to the next in the queue. A turn is sent without the lock, because one
    /// that nobody receives is dropped there.
    fn pass_on(&self, mut done: Holder) {
        loop {
            let next = self.lock().pass_on(&done);
            let Some((holder, waiter)) = next else { return };
            let Err(mut turn) = waiter.turn.send(self.turn(holder.clone())) else { return };
            // The waiter has gone meanwhile, so its turn ends here.
            turn.0 = None;
            done = holder;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, holder: &Holder, bounds: &Bounds) -> Entered {
        let own = self.holders.get(holder).map_or(0, |part| part.working + part.waiting.len());
        if own >= bounds.of_one {
            return Entered::Refused;
        }
        // Nobody waits as long as another can work.
        if self.working < bounds.at_once {
            self.working += 1;
            self.holders.entry(holder.clone()).or_default().working += 1;
            return Entered::Works;
        }
        if self.waiting >= bounds.queue && !self.make_room(holder) {
            return Entered::Refused;
        }
        let (turn, granted) = oneshot::channel();
        let ticket = self.tickets;
        self.tickets += 1;
        self.waiting += 1;
        let part = self.holders.entry(holder.clone()).or_default();
        if part.waiting.is_empty() {
            self.turns.push_back(holder.clone());
        }
        part.waiting.push_back(Waiter { ticket, turn });
        Entered::Waits(ticket, granted)
    }

    /// Takes the newest waiter of the holder with the most, where `holder` has fewer even with one more.
    fn make_room(&mut self, holder: &Holder) -> bool {
        let own = self.holders.get(holder).map_or(0, |part| part.waiting.len());
        let Some(most) = self.holders.values_mut().max_by_key(|part| part.waiting.len()) else {
            return false;
        };
        if most.waiting.len() < own + 2 {
            return false;
        }
        most.waiting.pop_back();
        self.waiting -= 1;
        true
    }

    fn pass_on(&mut self, done: &Holder) -> Option<(Holder, Waiter)> {
        self.working -= 1;
        if let Some(part) = self.holders.get_mut(done) {
            part.working -= 1;
        }
        self.forget_idle(done);
        let holder = self.turns.pop_front()?;
        let part = self.holders.get_mut(&holder)?;
        let waiter = part.waiting.pop_front()?;
        part.working += 1;
        if !part.waiting.is_empty() {
            self.turns.push_back(holder.clone());
        }
        self.waiting -= 1;
        self.working += 1;
        Some((holder, waiter))
    }

    fn leave(&mut self, holder: &Holder, ticket: u64) {
        let Some(part) = self.holders.get_mut(holder) else { return };
        let Some(index) = part.waiting.iter().position(|waiter| waiter.ticket == ticket) else { return };
        part.waiting.remove(index);
        self.waiting -= 1;
        if part.waiting.is_empty() {
            self.turns.retain(|waiting| waiting != holder);
        }
        self.forget_idle(holder);
    }

    fn forget_idle(&mut self, holder: &Holder) {
        if self.holders.get(holder).is_some_and(|part| part.working == 0 && part.waiting.is_empty()) {
            self.holders.remove(holder);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some((share, holder)) = self.0.take() {
            share.pass_on(holder);
        }
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.share.lock().leave(self.holder, self.ticket);
    }
}

#[cfg(test)]
mod tests;
