//! The ways in which a promise is broken, and how a report names them.

use std::fmt;

use domain::{AlertId, EventId, Incident};
use uuid::Uuid;

/// A broken promise.
#[derive(Clone, Debug, PartialEq)]
pub enum Violation {
    /// Acknowledged, and a listener of the line never received it.
    Lost {
        /// The event.
        id: Uuid,
        /// The call it is about.
        alert: AlertId,
        /// The listener without it.
        listener: String,
    },
    /// Acknowledged, and the log does not have it in the end.
    Unpublished {
        /// The event.
        id: Uuid,
    },
    /// Received twice within one subscription.
    Duplicated {
        /// The type of the event.
        kind: &'static str,
        /// The event.
        id: Uuid,
        /// The listener.
        listener: String,
        /// In which of its subscriptions, from 0.
        subscription: usize,
    },
    /// Answered as heard, and a listener who was connected to the server did not receive it.
    Undelivered {
        /// The event.
        id: Uuid,
        /// The listener without it.
        listener: String,
    },
    /// Listeners received different accepts as the first, or some received none.
    FirstDiffers {
        /// The call.
        alert: AlertId,
        /// The first accept of each listener.
        words: Vec<(String, Option<EventId>)>,
    },
    /// A listener knows something else about a call than who subscribes after a restart.
    StateDiffers {
        /// The call.
        alert: AlertId,
        /// The listener.
        listener: String,
        /// The state that this listener knows.
        live: Option<Box<Incident>>,
        /// The state after the rebuild of the server.
        rebuilt: Option<Box<Incident>>,
    },
    /// A press was answered with a call of the same house that stands, and nobody received such a call.
    NoCallStands {
        /// The press.
        id: Uuid,
    },
    /// A command was not answered, though everything was mended.
    Unanswered {
        /// The event.
        id: Uuid,
    },
    /// The statistics of a server are not what its log has, or could not be compared with it.
    StatisticsDiffer {
        /// The number of the server.
        server: usize,
        /// The words of the comparison.
        words: String,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { id, alert, listener } if *id == alert.0 => {
                write!(f, "lost: call {id}, for {listener}")
            }
            Self::Lost { id, alert, listener } => write!(f, "lost: {id} about call {alert}, for {listener}"),
            Self::Unpublished { id } => write!(f, "not in the log: {id}"),
            Self::Duplicated { kind, id, listener, subscription } => {
                write!(f, "delivered twice: {kind} {id}, to {listener} in its subscription {subscription}")
            }
            Self::Undelivered { id, listener } => {
                write!(f, "answered as heard, and not delivered: {id}, to {listener}")
            }
            Self::FirstDiffers { alert, words } => {
                write!(f, "first differs: call {alert}")?;
                words.iter().try_for_each(|(listener, first)| match first {
                    Some(first) => write!(f, "; {listener} has {first}"),
                    None => write!(f, "; {listener} has nobody"),
                })
            }
            Self::StateDiffers { alert, listener, live, rebuilt } => write!(
                f,
                "state differs: call {alert}; {listener} knows {live:?}; after the restart it is {rebuilt:?}"
            ),
            Self::NoCallStands { id } => {
                write!(f, "no call stands: {id} was answered with one, and nobody received it")
            }
            Self::Unanswered { id } => write!(f, "never answered: {id}"),
            Self::StatisticsDiffer { server, words } => {
                write!(f, "statistics differ: server {server}: {words}")
            }
        }
    }
}
