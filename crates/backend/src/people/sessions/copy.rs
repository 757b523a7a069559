//! This node's copy of the sessions.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use domain::{Millis, Resident};

use super::SessionId;
use crate::delivery::outbox::SessionCopy;

/// The number of changes that are read again each time, because two that were made at once may have become visible in
/// either order.
const READ_BACK: i64 = 100;

/// One session. Sockets share its name and its person with the copy.
#[derive(Clone, Debug)]
pub(super) struct Copied {
    pub(super) id: SessionId,
    pub(super) resident: Arc<Resident>,
    /// Until when it holds.
    pub(super) expires_at: Millis,
}

impl Copied {
    /// Returns the entry of the outbox; `None` for a session that had ended.
    pub(super) fn kept(copy: SessionCopy) -> Option<Self> {
        let SessionCopy { token_hash, resident, expires_at } = copy;
        Some(Self { id: SessionId::kept(&token_hash), resident: Arc::new(resident?), expires_at })
    }
}

impl From<&Copied> for SessionCopy {
    fn from(copied: &Copied) -> Self {
        let Copied { id, resident, expires_at } = copied;
        let resident = Some(Resident::clone(resident));
        Self { token_hash: id.as_str().to_owned(), resident, expires_at: *expires_at }
    }
}

/// All sessions as last read from the database.
#[derive(Default)]
pub(super) struct Copies(RwLock<State>);

#[derive(Default)]
struct State {
    sessions: HashMap<SessionId, (Arc<Resident>, Millis)>,
    /// The time at which the database last answered with every change.
    synced_at: Millis,
    /// The last change that was read.
    change: i64,
    /// The fingerprint of all accounts when every session was last compared with its account.
    accounts: Option<u64>,
    /// The accounts that have a second factor; `None` before the database has listed them.
    second_factors: Option<HashSet<String>>,
    /// The number of changes of single accounts that this node made to that list.
    second_factor_changes: u64,
}

/// The changes of one round of reading.
#[derive(Debug, Default)]
pub(super) struct Synced {
    /// New sessions, and those that are another.
    pub(super) new: Vec<Copied>,
    /// Those that had another line, house or role before.
    pub(super) changed: Vec<SessionId>,
    /// Sessions that are known no longer.
    pub(super) ended: Vec<SessionId>,
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
        let known = state.sessions.get_key_value(id).filter(|_| state.synced_at >= since);
        let (id, (resident, expires_at)) = known?;
        Some(Copied { id: id.clone(), resident: resident.clone(), expires_at: *expires_at })
    }

    /// Returns true if the session is in the copy, however old that is.
    pub(super) fn has(&self, id: &SessionId) -> bool {
        self.read().sessions.contains_key(id)
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

    /// Applies what the database had at `now`.
    pub(super) fn update(&self, live: Vec<Copied>, gone: Vec<SessionId>, now: Millis) -> Synced {
        let mut state = self.write();
        state.synced_at = now;
        let ended = gone.into_iter().filter(|id| state.sessions.remove(id).is_some()).collect();
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for copied in live {
            let value = (copied.resident.clone(), copied.expires_at);
            let before = state.sessions.get(&copied.id);
            // One that is the same stays, because its sockets share it.
            if before == Some(&value) {
                continue;
            }
            if before.is_some_and(|(resident, _)| *resident != copied.resident) {
                changed.push(copied.id.clone());
            }
            state.sessions.insert(copied.id.clone(), value);
            new.push(copied);
        }
        Synced { new, changed, ended }
    }

    /// Returns the fingerprint of the accounts that the sessions were last compared with.
    pub(super) fn accounts(&self) -> Option<u64> {
        self.read().accounts
    }

    /// Remembers the fingerprint of the accounts that the sessions were compared with.
    pub(super) fn compared(&self, accounts: u64) {
        self.write().accounts = Some(accounts);
    }

    /// Returns whether an account has a second factor; `None` if that is not known.
    pub(super) fn has_second_factor(&self, resident: &str) -> Option<bool> {
        Some(self.read().second_factors.as_ref()?.contains(resident))
    }

    /// Returns the number of changes that this node made to second factors.
    pub(super) fn second_factor_changes(&self) -> u64 {
        self.read().second_factor_changes
    }

    /// Applies the list of the accounts that have a second factor, and returns the sessions of those for which that is
    /// new. A list that may have been read before the last change of this node, which is one since `changes`, is left
    /// to the next reading.
    pub(super) fn update_second_factors(&self, listed: HashSet<String>, changes: u64) -> Vec<SessionId> {
        let mut state = self.write();
        if state.second_factor_changes != changes {
            return Vec::new();
        }
        state.replace_second_factors(listed)
    }

    /// Applies the change of one account, and returns its sessions if that is new.
    pub(super) fn change_second_factor(&self, resident: &str, has_one: bool) -> Vec<SessionId> {
        let mut state = self.write();
        state.second_factor_changes += 1;
        let Some(mut listed) = state.second_factors.clone() else { return Vec::new() };
        if has_one {
            listed.insert(resident.to_owned());
        } else {
            listed.remove(resident);
        }
        state.replace_second_factors(listed)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn replace_second_factors(&mut self, listed: HashSet<String>) -> Vec<SessionId> {
        let Some(before) = self.second_factors.replace(listed) else { return Vec::new() };
        let Some(now) = self.second_factors.as_ref().filter(|now| **now != before) else { return Vec::new() };
        let is_other = |resident: &Resident| before.contains(&resident.name) != now.contains(&resident.name);
        let changed = self.sessions.iter().filter(|(_, (resident, _))| is_other(resident));
        changed.map(|(id, _)| id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::{House, Line, Role};

    use super::*;

    fn copied(token: &str, house: &str, expires_at: Millis) -> Copied {
        let resident = Resident {
            name: "one".into(),
            line: Some(Line::new("101-1").unwrap()),
            house: Some(House::new(house).unwrap()),
            role: Role::Resident,
        };
        Copied { id: SessionId::of_token(token), resident: Arc::new(resident), expires_at }
    }

    #[test]
    fn an_account_that_became_another_is_reported_and_a_session_that_lasts_longer_is_not() {
        let (copies, phone) = (Copies::default(), SessionId::of_token("phone"));
        let synced = copies.update(vec![copied("phone", "1203", 1)], Vec::new(), 0);
        assert_eq!((synced.new.len(), synced.changed.len(), synced.ended.len()), (1, 0, 0));
        let synced = copies.update(vec![copied("phone", "1203", 2)], Vec::new(), 0);
        assert_eq!((synced.new.len(), synced.changed.len()), (1, 0));
        let synced = copies.update(vec![copied("phone", "1204", 2)], Vec::new(), 0);
        assert_eq!((synced.new.len(), synced.changed), (1, vec![phone.clone()]));
        assert_eq!(copies.get(&phone, 0).unwrap().resident.house.as_ref().unwrap().as_str(), "1204");
        let synced = copies.update(Vec::new(), vec![phone.clone(), phone.clone()], 0);
        assert_eq!((synced.new.len(), synced.ended), (0, vec![phone.clone()]));
        assert!(!copies.has(&phone));
    }

    #[test]
    fn a_second_factor_that_is_new_or_gone_is_reported_for_the_sessions_of_its_account() {
        let (copies, phone) = (Copies::default(), SessionId::of_token("phone"));
        copies.update(vec![copied("phone", "1203", 1)], Vec::new(), 0);
        assert_eq!(copies.has_second_factor("one"), None);
        assert_eq!(copies.change_second_factor("one", true), Vec::new(), "nothing is known yet");
        assert_eq!(copies.update_second_factors(HashSet::new(), 0), Vec::new());
        assert_eq!(copies.has_second_factor("one"), None, "it was read before the change");
        let changes = copies.second_factor_changes();
        assert_eq!(copies.update_second_factors(HashSet::new(), changes), Vec::new());
        assert_eq!(copies.has_second_factor("one"), Some(false));
        assert_eq!(copies.change_second_factor("another", true), Vec::new());
        assert_eq!(copies.change_second_factor("one", true), vec![phone.clone()]);
        assert_eq!(copies.has_second_factor("one"), Some(true));
        let changes = copies.second_factor_changes();
        assert_eq!(copies.update_second_factors(HashSet::from(["one".to_owned()]), changes), Vec::new());
        assert_eq!(copies.update_second_factors(HashSet::new(), changes), vec![phone]);
    }
}
