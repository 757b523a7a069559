//! A subscription to every line. It is one subscriber in each room, those that are made later included.

use std::sync::Arc;

use domain::Line;

use super::{
    Queue, Subscription,
    room::{Extent, Room},
};
use crate::clock;

/// A subscriber to every line.
#[derive(Clone)]
pub(super) struct Everywhere {
    own_line: Option<Line>,
    /// The subscription on the line of the listener's house.
    at_home: Arc<Subscription>,
    /// The subscription on every other line, where the listener's house is not one of the line.
    elsewhere: Arc<Subscription>,
    queue: Queue,
}

impl Everywhere {
    pub(super) fn new(own: Option<&Line>, subscription: Subscription, queue: Queue) -> Self {
        let elsewhere = Arc::new(Subscription { house: None, ..subscription.clone() });
        Self { own_line: own.cloned(), at_home: Arc::new(subscription), elsewhere, queue }
    }

    /// Returns the subscription that all of its frames are written for.
    pub(super) fn subscription(&self) -> Arc<Subscription> {
        self.elsewhere.clone()
    }

    /// Adds the subscriber to a line's room under its number.
    pub(super) fn enter(&self, number: u64, line: &Line, room: &Room) -> Extent {
        let is_home = self.own_line.as_ref() == Some(line);
        let subscription = if is_home { &self.at_home } else { &self.elsewhere };
        room.subscribe(number, subscription.clone(), self.queue.clone(), clock::now())
    }
}
