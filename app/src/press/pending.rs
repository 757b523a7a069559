//! A press that the server has not answered yet, or whose answer its caller has not read. It has the stored form, and
//! the action when it is found again.

mod written;

use domain::{
    AlertId, House, Kind, Line, Location, Millis, Resident,
    api::{Problem, State},
    event::OPEN_FOR,
};
use uuid::Uuid;

use crate::{json, key};

/// A press as the outbox keeps it (`public/outbox.js`). Its times are by the device's clock, because a service worker
/// knows no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    /// The `Idempotency-Key` of every try, which becomes the call's id.
    pub(super) key: Uuid,
    /// The name of the resident who pressed.
    by: String,
    /// The body to send, as JSON text. Every try sends the same, until the person wants it sent from where they are
    /// then.
    pub(super) body: String,
    /// True if it may have been sent, so it must not change any more.
    pub(super) fixed: bool,
    /// When it was pressed.
    pub(super) pressed_at: Millis,
    /// The time when the person last wanted it sent.
    pub(super) wanted_at: Millis,
    /// The time after that for which it may be sent without asking.
    asks_after: Millis,
    /// True if the server has reported that neighbours have it, though it could not record it.
    pub(super) heard: bool,
    /// The server's answer, until the person has read it.
    pub(super) outcome: Option<Outcome>,
}

/// The request of a press to the server, which reads it as [`domain::api::CallRequest`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    /// The caller's own line.
    pub(super) line: Line,
    /// The caller's own house.
    pub(super) house: House,
    /// A few words.
    pub(super) text: Option<String>,
    /// The kind of emergency.
    pub(super) kind: Option<Kind>,
    /// Where the caller is.
    pub(super) location: Option<Location>,
}

/// The end of a press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is durable.
    Recorded {
        /// The call.
        id: AlertId,
        /// Where it was.
        state: State,
        /// When the answer came.
        at: Millis,
    },
    /// The server will not take it.
    Refused(Problem),
}

/// The action for a press that was found again, the least urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    /// Leave it, because another person pressed it, and only they can send it.
    NotTheirs,
    /// Forget it, because it was sent, and the call is over by now.
    Over,
    /// Ask, because it may not be wanted any more.
    Ask,
    /// Show how it ended.
    Show,
    /// Send it, because it has just been pressed.
    Send,
}

impl Pending {
    pub(super) fn new(by: &Resident, request: &Request, now: Millis, asks_after: Millis) -> Self {
        Self {
            key: key::fresh(),
            by: by.name.clone(),
            body: request.to_json(),
            fixed: false,
            pressed_at: now,
            wanted_at: now,
            asks_after,
            heard: false,
            outcome: None,
        }
    }

    /// Returns the same press under a new id.
    pub(super) fn renewed(&self) -> Self {
        Self { key: key::fresh(), fixed: false, heard: false, outcome: None, ..self.clone() }
    }

    /// Returns what is asked of the server.
    pub(super) fn request(&self) -> Option<Request> {
        json::read(&self.body)
    }

    /// The body with where the caller is, or without a location where that is not known.
    pub(super) fn located(&self, location: Option<Location>) -> String {
        let located = self.request().map(|request| Request { location, ..request }.to_json());
        located.unwrap_or_else(|| self.body.clone())
    }

    /// Returns whether it may be sent without asking. The difference counts either way, because a clock that was set
    /// back makes nothing young again.
    pub(super) fn is_young(&self, now: Millis) -> bool {
        now.saturating_sub(self.wanted_at).saturating_abs() < self.asks_after
    }

    /// Returns what to do with it now that `viewer` is signed in.
    pub(super) fn found(&self, viewer: &Resident, now: Millis) -> Found {
        let of = self.request().map(|request| (request.line, request.house));
        if self.by != viewer.name || viewer.flat() != of.as_ref().map(|(line, house)| (line, house)) {
            return Found::NotTheirs;
        }
        match &self.outcome {
            Some(Outcome::Recorded { at, .. }) if now.saturating_sub(*at) >= OPEN_FOR => Found::Over,
            Some(_) => Found::Show,
            None if self.is_young(now) => Found::Send,
            None => Found::Ask,
        }
    }
}

/// Returns the most urgent of the found presses for `viewer`, and among equals the newest.
pub(super) fn most_urgent(presses: Vec<Pending>, viewer: &Resident, now: Millis) -> Option<(Found, Pending)> {
    let found = presses.into_iter().map(|press| (press.found(viewer, now), press));
    found.filter(|(found, _)| *found > Found::NotTheirs).max_by_key(|(found, press)| (*found, press.key))
}

#[cfg(test)]
mod tests;
