//! The rules on which actor may do what to which call. The fold applies an event only to a call that it fits, and a
//! command is acknowledged only if its event fits the call as far as that is known.

use crate::{
    event::{Accept, Actor, CallKey, Event, Moved, Progress, Status},
    people::{House, Line},
};

impl Event {
    /// Returns whether the event is about this call and its actor may do this. If the record does not name the call's
    /// house, the other names decide.
    #[must_use]
    pub fn fits(&self, call: &CallKey) -> bool {
        let is_named = *self.line() == call.line
            && self.alert().is_none_or(|alert| alert == call.id)
            && self.target().is_none_or(|target| *target == call.house);
        is_named
            && match self {
                Self::Alert(_) | Self::Receipt(_) => true,
                Self::Accept(accept) => accept.is_by_another(&call.line, &call.house),
                Self::Status(status) => status.is_allowed(&call.line, &call.house),
                Self::Moved(moved) if moved.helper().is_some() => true,
                Self::Moved(moved) => moved.location.is_some() && moved.is_of_caller(&call.line, &call.house),
            }
    }
}

impl Accept {
    /// Returns whether another flat than the caller's accepts.
    pub(super) fn is_by_another(&self, line: &Line, caller: &House) -> bool {
        !is_flat(self.accept_line.as_ref(), &self.accept, line, caller)
    }
}

impl Status {
    /// Returns whether the actor may report this about a call of this flat.
    pub(super) fn is_allowed(&self, line: &Line, caller: &House) -> bool {
        let is_caller = |house: &House| is_flat(self.by_line.as_ref(), house, line, caller);
        match (self.status, &self.by) {
            (Progress::Cancelled | Progress::Resolved, Actor::House(house)) => is_caller(house),
            (Progress::Resolved, Actor::Administrator) => true,
            (Progress::Withdrawn | Progress::Arrived, Actor::House(house)) => !is_caller(house),
            (Progress::Escalated | Progress::Expired, by) => *by == Actor::Service,
            _ => false,
        }
    }
}

impl Moved {
    /// Returns whether it is the location of this flat itself, which no other actor may report.
    pub(super) fn is_of_caller(&self, line: &Line, caller: &House) -> bool {
        is_flat(self.house_line.as_ref(), self.house.as_ref().unwrap_or(caller), line, caller)
    }
}

/// Returns whether a house, of the line `of` or else of the call's line, is the caller's flat. Two lines may have
/// houses of one name.
fn is_flat(of: Option<&Line>, house: &House, line: &Line, caller: &House) -> bool {
    of.is_none_or(|of| of == line) && house == caller
}
