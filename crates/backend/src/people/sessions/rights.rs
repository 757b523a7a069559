//! The rights of a session where administrators must have a second factor.

use std::sync::Arc;

use domain::{Resident, Role};

use super::{SessionChange, SessionId, Sessions};

impl Sessions {
    /// Returns a person with the rights that the sessions of this process give, and whether those are fewer than the
    /// account's. Such an administrator still calls and answers for the own flat.
    pub(super) fn allowed(&self, resident: Arc<Resident>) -> (Arc<Resident>, bool) {
        let is_limited = self.requires_second_factor
            && resident.role == Role::Administrator
            && self.copies.has_second_factor(&resident.name) == Some(false);
        if !is_limited {
            return (resident, false);
        }
        let limited = Resident { role: Role::Resident, ..Arc::unwrap_or_clone(resident) };
        (Arc::new(limited), true)
    }

    /// Notes that an account has a second factor now, or has none any more. Other nodes learn of it when they ask the
    /// database next.
    pub fn second_factor_changed(&self, resident: &str, has_one: bool) {
        let changed = self.copies.change_second_factor(resident, has_one);
        self.report_rights(changed);
    }

    /// Has the sockets of these sessions connect again, if their rights depend on a second factor.
    pub(super) fn report_rights(&self, changed: Vec<SessionId>) {
        for id in changed.into_iter().filter(|_| self.requires_second_factor) {
            self.report_change(SessionChange::Account(id));
        }
    }
}
