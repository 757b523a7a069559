//! The words of houses and of the service about a call, and what makes two of them one.

use std::{ops::Deref, sync::Arc};

use crate::{
    event::{Accept, Actor, Alert, AlertId, Event, EventId, Millis, Progress, Status},
    people::{House, Line},
};

/// An event's identity. Copies share all but the id, which differs nearly always, so that a tree of them is small.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) id: EventId,
    about: Arc<About>,
}

/// The part of an event's identity beside its id. An id alone would let one house's key stand for another's, or for another
/// call.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct About {
    pub(crate) by: Actor,
    /// The actor's line, where it is not the call's.
    pub(crate) line: Option<Line>,
    pub(crate) kind: StatementKind,
    pub(crate) alert: Option<AlertId>,
    /// The flat that called, if it is named.
    pub(crate) target: Option<House>,
}

impl Key {
    fn new(id: EventId, about: About) -> Self {
        Self { id, about: Arc::new(about) }
    }

    /// Returns a key before every one with this id.
    pub(crate) fn least(id: EventId) -> Self {
        let (by, kind) = (Actor::House(House::least()), StatementKind::Accept);
        Self::new(id, About { by, line: None, kind, alert: None, target: None })
    }
}

impl Deref for Key {
    type Target = About;

    fn deref(&self) -> &About {
        &self.about
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StatementKind {
    Accept,
    Status(Progress),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Statement {
    Accept(Accept),
    Status(Status),
}

impl Statement {
    /// Returns its identity among the events about calls of `line`.
    pub(crate) fn key(&self, line: &Line) -> Key {
        match self {
            Self::Accept(accept) => Key::new(
                accept.id,
                About {
                    by: Actor::House(accept.accept.clone()),
                    line: accept.accept_line.clone().filter(|own| own != line),
                    kind: StatementKind::Accept,
                    alert: accept.alert,
                    target: Some(accept.target.clone()),
                },
            ),
            Self::Status(status) => Key::new(
                status.id,
                About {
                    by: status.by.clone(),
                    line: status.by_line.clone().filter(|own| own != line),
                    kind: StatementKind::Status(status.status),
                    alert: Some(status.alert),
                    target: status.target.clone(),
                },
            ),
        }
    }

    pub(crate) fn to_event(&self) -> Event {
        match self {
            Self::Accept(accept) => Event::Accept(accept.clone()),
            Self::Status(status) => Event::Status(status.clone()),
        }
    }

    pub(crate) fn at(&self) -> Millis {
        match self {
            Self::Accept(accept) => accept.at,
            Self::Status(status) => status.at,
        }
    }

    /// Returns whether it fits this call of the line, by the house that it names and its actor.
    pub(crate) fn fits(&self, alert: &Alert) -> bool {
        match self {
            Self::Accept(accept) => {
                accept.target == alert.house && accept.is_by_another(&alert.line, &alert.house)
            }
            Self::Status(status) => {
                status.target.as_ref().is_none_or(|target| *target == alert.house)
                    && status.is_allowed(&alert.line, &alert.house)
            }
        }
    }
}
