//! This node's copy of the sessions.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use domain::{Millis, Resident};

use super::SessionId;
use crate::delivery::outbox::SessionCopy;

/// Changes that are read again each time: two that were made at once may have become visible in either order.
const READ_BACK: i64 = 100;

/// One session.
#[derive(Clone, Debug)]
pub(super) struct Copied {
    pub(super) id: SessionId,
    pub(super) resident: Resident,
    /// Until when it holds.
    pub(super) expires_at: Millis,
}

impl Copied {
    /// What the outbox kept; `None` of a session that had ended.
    pub(super) fn kept(copy: SessionCopy) -> Option<Self> {
        let SessionCopy { token_hash, resident, expires_at } = copy;
        Some(Self { id: SessionId(token_hash), resident: resident?, expires_at })
    }
}

impl From<&Copied> for SessionCopy {
    fn from(copied: &Copied) -> Self {
        let Copied { id, resident, expires_at } = copied.clone();
        Self { token_hash: id.0, resident: Some(resident), expires_at }
    }
}

/// All sessions as the database last told them.
#[derive(Default)]
pub(super) struct Copies(RwLock<State>);

#[derive(Default)]
struct State {
    sessions: HashMap<SessionId, (Resident, Millis)>,
    /// When the database last told everything that had changed.
    synced_at: Millis,
    /// The last change that was read.
    change: i64,
}

impl Copies {
    /// Begins with what was kept.
    pub(super) fn fill(&self, kept: impl Iterator<Item = Copied>, synced_at: Millis) {
        let mut state = self.write();
        state.sessions.extend(kept.map(|copied| (copied.id, (copied.resident, copied.expires_at))));
        state.synced_at = synced_at;
    }

    /// The session, if it is known and the copy is not older than `since`.
    pub(super) fn get(&self, id: &SessionId, since: Millis) -> Option<Copied> {
        let state = self.read();
        let (resident, expires_at) = state.sessions.get(id).filter(|_| state.synced_at >= since)?;
        Some(Copied { id: id.clone(), resident: resident.clone(), expires_at: *expires_at })
    }

    pub(super) fn put(&self, copied: Copied) {
        self.write().sessions.insert(copied.id, (copied.resident, copied.expires_at));
    }

    pub(super) fn remove(&self, id: &SessionId) {
        self.write().sessions.remove(id);
    }

    /// The number behind which changes are to be read.
    pub(super) fn read_from(&self) -> i64 {
        self.read().change - READ_BACK
    }

    /// Notes that changes up to this one were read.
    pub(super) fn read_up_to(&self, change: i64) {
        let mut state = self.write();
        state.change = state.change.max(change);
    }

    /// Every known session.
    pub(super) fn known(&self) -> Vec<SessionId> {
        self.read().sessions.keys().cloned().collect()
    }

    /// Takes in what the database told at `now`; gives back what that changed: new or other sessions, and those that are
    /// known no longer.
    pub(super) fn update(
        &self,
        live: Vec<Copied>,
        gone: Vec<SessionId>,
        now: Millis,
    ) -> (Vec<Copied>, Vec<SessionId>) {
        let mut state = self.write();
        state.synced_at = now;
        let ended = gone.into_iter().filter(|id| state.sessions.remove(id).is_some()).collect();
        let mut new = Vec::new();
        for copied in live {
            let value = (copied.resident.clone(), copied.expires_at);
            if state.sessions.insert(copied.id.clone(), value.clone()) != Some(value) {
                new.push(copied);
            }
        }
        (new, ended)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
