//! What houses and the service say about a call, and who may say what about which call.

use crate::event::{Accept, Actor, Alert, AlertId, EventId, Millis, Progress, Status};

/// An event's identity: an id alone would let one resident's key stand for another's.
pub(crate) type Key = (EventId, Actor, What);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Accept,
    Status(Progress),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    Accept(Accept),
    Status(Status),
}

impl Said {
    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Accept(accept) => (accept.id, Actor::House(accept.accept.clone()), What::Accept),
            Self::Status(status) => (status.id, status.by.clone(), What::Status(status.status)),
        }
    }

    pub(crate) fn alert(&self) -> Option<AlertId> {
        match self {
            Self::Accept(accept) => accept.alert,
            Self::Status(status) => Some(status.alert),
        }
    }

    pub(crate) fn at(&self) -> Millis {
        match self {
            Self::Accept(accept) => accept.at,
            Self::Status(status) => status.at,
        }
    }

    /// Of several records with one identity the smallest wins. `Debug` writes every field, so the order is total.
    pub(crate) fn order(&self) -> (Millis, String) {
        (self.at(), format!("{self:?}"))
    }

    /// Whether it may be said about this call: line and actor fit.
    pub(crate) fn fits(&self, alert: &Alert) -> bool {
        match self {
            Self::Accept(accept) => {
                let own = accept.accept_line.as_ref().is_none_or(|line| *line == alert.line);
                accept.target == alert.house && !(own && accept.accept == alert.house)
            }
            Self::Status(status) => match (status.status, &status.by) {
                (Progress::Cancelled, by) => *by == Actor::House(alert.house.clone()),
                (Progress::Resolved, Actor::House(house)) => *house == alert.house,
                (Progress::Resolved, Actor::Administrator) => true,
                (Progress::Withdrawn | Progress::Arrived, Actor::House(house)) => *house != alert.house,
                (Progress::Escalated | Progress::Expired, by) => *by == Actor::Service,
                _ => false,
            },
        }
    }
}
