//! What was done and what was heard in a run, as the harness wrote it down.

use std::time::Duration;

use domain::{AlertId, House, Line, api::State, body::Body, message_id};
use uuid::Uuid;

/// All that happened. Times are since the beginning of the run, by one monotonic clock.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What was asked for.
    pub commands: Vec<Command>,
    /// Who listened while it happened.
    pub listeners: Vec<Listener>,
    /// What new subscribers were told after the last restart: one for each line.
    pub rebuilt: Vec<Listener>,
    /// Answers that said "heard, but not recorded".
    pub heard_only: Vec<HeardOnly>,
    /// Times between which a restored backup took back what was acknowledged: from its copy to its restoring.
    pub taken_back: Vec<(Duration, Duration)>,
}

/// An answer that said "heard, but not recorded".
#[derive(Clone, Debug)]
pub struct HeardOnly {
    /// The event.
    pub id: Uuid,
    /// On which line.
    pub line: Line,
    /// When the request was sent.
    pub sent: Duration,
    /// When the answer came.
    pub at: Duration,
}

/// What a command says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A resident calls.
    Press,
    /// A neighbour comes.
    Accept,
    /// How far the call is.
    Progress,
}

/// One command with all its tries: they have one key.
#[derive(Clone, Debug)]
pub struct Command {
    /// The `Idempotency-Key`, which is the event's id.
    pub id: Uuid,
    /// What it says.
    pub what: What,
    /// On which line.
    pub line: Line,
    /// By which house of the line.
    pub house: House,
    /// About which call.
    pub alert: AlertId,
    /// When it was first sent.
    pub began: Duration,
    /// How often it was sent.
    pub tries: u32,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It has not been answered.
    Open,
    /// 2xx: it is durable.
    Acknowledged {
        /// When the answer came.
        at: Duration,
        /// What the answer said.
        state: State,
    },
    /// The server said no for good, and why.
    Refused(String),
    /// The server said for good that no other call is needed, since one of the same house is open and was heard.
    CallStands {
        /// When the answer came.
        at: Duration,
    },
}

/// One who listens to a line, through any number of connections.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Who.
    pub name: String,
    /// The line.
    pub line: Line,
    /// One after the other.
    pub subscriptions: Vec<Subscription>,
}

/// One subscription of one connection.
#[derive(Clone, Debug, Default)]
pub struct Subscription {
    /// When it was asked for.
    pub began: Duration,
    /// When the connection ended, if it did.
    pub ended: Option<Duration>,
    /// What it was told, in that order.
    pub heard: Vec<Heard>,
}

/// A MESSAGE.
#[derive(Clone, Debug)]
pub struct Heard {
    /// When it was read.
    pub at: Duration,
    /// The `message-id`.
    pub message_id: String,
    /// The header `replay`.
    pub replay: bool,
    /// The body.
    pub body: Body,
}

impl Command {
    /// When it was acknowledged, if it was.
    #[must_use]
    pub fn acknowledged(&self) -> Option<Duration> {
        match self.outcome {
            Outcome::Acknowledged { at, .. } => Some(at),
            _ => None,
        }
    }
}

impl Heard {
    /// The type and id of the event it tells of; `None` for what has no id.
    #[must_use]
    pub fn event(&self) -> Option<(&'static str, Uuid)> {
        let Body::Event { event, .. } = &self.body else { return None };
        let id = match event {
            domain::Event::Alert(alert) => alert.id.0,
            domain::Event::Accept(accept) => accept.id.0,
            domain::Event::Status(status) => status.id.0,
            domain::Event::Moved(_) | domain::Event::Receipt(_) => return None,
        };
        Some((self.body.type_name(), id))
    }

    /// Returns whether it says that the snapshot is complete.
    #[must_use]
    pub fn ends_snapshot(&self) -> bool {
        matches!(self.body, Body::SnapshotEnd { .. })
    }

    /// Returns whether it came past the log: no record stands behind its `message-id`.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        message_id::is_direct(&self.message_id)
    }
}

impl Subscription {
    /// When the snapshot was complete, if it was.
    #[must_use]
    pub fn listed(&self) -> Option<Duration> {
        let end = self.heard.iter().find(|heard| heard.ends_snapshot());
        end.map(|heard| heard.at)
    }
}

impl Listener {
    /// Everything it was told, whatever the connection.
    pub fn heard(&self) -> impl Iterator<Item = &Heard> {
        self.subscriptions.iter().flat_map(|subscription| &subscription.heard)
    }
}
