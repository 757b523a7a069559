//! The subscriptions that a session has.

use std::sync::Arc;

use backend::{calls::hub::SubscriptionHandle, reach::Listening};
use domain::{CallKey, Line};

use super::{scope::Scope, unacknowledged::Unacknowledged};

/// The most subscriptions of a session. A page has two, of the calls and of the reach of its line, and an administrator's
/// has one for every line.
const SUBSCRIPTIONS: usize = 64;
/// The longest `id` of a subscription, in octets, because it stands in every message.
const ID_LENGTH: usize = 128;

/// The subscriptions of a session, which has one or two nearly always and no room for more.
#[derive(Default)]
pub(super) struct Subscriptions(Vec<Subscribed>);

pub(super) struct Subscribed {
    /// The client's own name for it.
    pub(super) id: Arc<str>,
    pub(super) scope: Scope,
    pub(super) acknowledges: bool,
    /// Only of `ack:client`.
    pub(super) unacknowledged: Option<Box<Unacknowledged>>,
    pub(super) handle: Handle,
}

/// Ends a subscription when it is dropped.
pub(super) enum Handle {
    Calls(SubscriptionHandle),
    Reach { _ends: Listening },
}

impl Handle {
    /// Returns the call that the message with this id is about, of `line` or of another line that was escalated to it.
    pub(super) fn acknowledged(&self, line: &Line, message_id: &str) -> Option<Arc<CallKey>> {
        match self {
            Self::Calls(handle) => handle.acknowledged(line, message_id),
            Self::Reach { .. } => None,
        }
    }
}

impl Subscriptions {
    fn get(&self, id: &str) -> Option<&Subscribed> {
        self.0.iter().find(|subscribed| *subscribed.id == *id)
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut Subscribed> {
        self.0.iter_mut().find(|subscribed| *subscribed.id == *id)
    }

    /// Adds a subscription, in place of an earlier one of the same `id`.
    pub(super) fn insert(&mut self, subscribed: Subscribed) {
        match self.get_mut(&subscribed.id) {
            Some(earlier) => *earlier = subscribed,
            None => {
                self.0.reserve_exact(1);
                self.0.push(subscribed);
            }
        }
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Subscribed> {
        let place = self.0.iter().position(|subscribed| *subscribed.id == *id)?;
        Some(self.0.remove(place))
    }

    /// Returns the messages of one that wait for an ACK, if an ACK of it covers several.
    pub(super) fn unacknowledged(&mut self, id: &str) -> Option<&mut Unacknowledged> {
        self.get_mut(id)?.unacknowledged.as_deref_mut()
    }

    /// Returns whether the calls of a line come by one of them.
    pub(super) fn cover(&self, line: &Line) -> bool {
        self.0.iter().any(|subscribed| subscribed.scope.covers(line))
    }

    /// Returns those that acknowledge the calls of a line.
    pub(super) fn acknowledging(&mut self, line: &Line) -> impl Iterator<Item = &mut Subscribed> {
        self.0.iter_mut().filter(move |subscribed| subscribed.acknowledges && subscribed.scope.covers(line))
    }

    /// Refuses an `id` that is too long or in use for another destination, and a subscription too many.
    ///
    /// # Errors
    /// The sentence of the ERROR frame.
    pub(super) fn check_room(&self, id: &str, scope: &Scope) -> Result<(), String> {
        if id.len() > ID_LENGTH {
            return Err(format!("A subscription's id may have at most {ID_LENGTH} octets."));
        }
        match self.get(id) {
            Some(known) if known.scope != *scope => {
                Err("The subscription's id is in use for another destination; choose another or UNSUBSCRIBE it first."
                    .into())
            }
            None if self.0.len() == SUBSCRIPTIONS => {
                Err(format!("One connection may have {SUBSCRIPTIONS} subscriptions; open another."))
            }
            _ => Ok(()),
        }
    }
}
