//! The history of a run, with its commands and the listeners' frames, as the harness recorded it.

use std::time::Duration;

use domain::{AlertId, House, Line, api::State, body::Body, message_id};
use uuid::Uuid;

/// All that happened. Times are since the beginning of the run, by one monotonic clock.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The commands.
    pub commands: Vec<Command>,
    /// The listeners of the run.
    pub listeners: Vec<Listener>,
    /// The frames of new subscribers after the last restart, one subscriber for each line.
    pub rebuilt: Vec<Listener>,
    /// Answers "heard, but not recorded".
    pub heard_only: Vec<HeardOnly>,
    /// Times between which a restored backup lost acknowledged events, from its copy to its restoring.
    pub taken_back: Vec<(Duration, Duration)>,
}

/// An answer "heard, but not recorded".
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

/// The kind of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// A resident calls.
    Press,
    /// A neighbour comes.
    Accept,
    /// A progress of the call.
    Progress,
}

/// One command with all its tries, which have one key.
#[derive(Clone, Debug)]
pub struct Command {
    /// The `Idempotency-Key`, which is the event's id.
    pub id: Uuid,
    /// Its kind.
    pub what: CommandKind,
    /// On which line.
    pub line: Line,
    /// By which house of the line.
    pub house: House,
    /// About which call.
    pub alert: AlertId,
    /// When it was first sent.
    pub began: Duration,
    /// The number of tries.
    pub tries: u32,
    /// Its outcome.
    pub outcome: Outcome,
}

/// The outcome of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It has not been answered.
    Open,
    /// 2xx, so it is durable.
    Acknowledged {
        /// When the answer came.
        at: Duration,
        /// The state in the answer.
        state: State,
    },
    /// The server refused it finally, with this reason.
    Refused(String),
    /// The server answered finally that no other call is needed, because one of the same house is open and was heard.
    CallStands {
        /// When the answer came.
        at: Duration,
    },
}

/// One who listens to a line, through any number of connections.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The listener's name.
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
    /// Its frames, in their order.
    pub received: Vec<Received>,
}

/// A MESSAGE.
#[derive(Clone, Debug)]
pub struct Received {
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

impl Received {
    /// The type and id of the event; `None` for a frame without an id.
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

    /// Returns whether it ends a complete snapshot.
    #[must_use]
    pub fn ends_snapshot(&self) -> bool {
        matches!(self.body, Body::SnapshotEnd { .. })
    }

    /// Returns whether it came past the log, so that no record stands behind its `message-id`.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        message_id::is_direct(&self.message_id)
    }
}

impl Subscription {
    /// When the snapshot was complete, if it was.
    #[must_use]
    pub fn listed(&self) -> Option<Duration> {
        let end = self.received.iter().find(|received| received.ends_snapshot());
        end.map(|received| received.at)
    }
}

impl Listener {
    /// Returns all its frames, whatever the connection.
    pub fn received(&self) -> impl Iterator<Item = &Received> {
        self.subscriptions.iter().flat_map(|subscription| &subscription.received)
    }
}
