//! The events of a call, as values. `record` defines how they are written, and `incident` what they add up to.

mod actor;
mod id;
mod kind;
mod progress;

use uuid::Uuid;

pub use self::{
    actor::Actor,
    id::{AlertId, EventId},
    kind::Kind,
    progress::Progress,
};
use crate::collections::BTreeSet;
pub use crate::location::Location;
use crate::people::{Flats, House, Line, Neighbour};

/// Milliseconds since 1970-01-01T00:00:00Z. The time of an event is when the producer received it, never a browser's
/// clock.
pub type Millis = i64;

/// The time, in milliseconds, for which a call stays open when nobody ends it.
pub const OPEN_FOR: Millis = 24 * 60 * 60 * 1000;

/// The time, in milliseconds, that a node reads back when it starts. An open call is a day old at most, and one that
/// ended in the last day was open for a day before. One hour more is for clocks that differ.
pub const LOOK_BACK: Millis = 49 * 60 * 60 * 1000;

/// The age, in milliseconds, from which arriving events are marked late. They are shown, but not sounded.
pub const LATE_AFTER: Millis = 10 * 60 * 1000;

/// The longest text of a call or a note, in characters.
pub const TEXT_LENGTH_LIMIT: usize = 1_000;

/// A resident calls for help.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The call's id.
    pub id: AlertId,
    /// The line that is alarmed.
    pub line: Line,
    /// The flat that calls.
    pub house: House,
    /// The caller's words; may be empty.
    pub text: String,
    /// The caller's location, if the browser sent one.
    pub location: Option<Location>,
    /// The kind of emergency, if the caller chose one.
    pub kind: Option<Kind>,
    /// An exercise, not an emergency.
    pub drill: bool,
    /// A drill of a house alone. Nobody else receives it.
    pub alone: bool,
    /// When the producer received it.
    pub at: Millis,
}

/// The only name of a call. Its id alone is not one, because every frame shows it and a neighbour may press with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey {
    /// The line that is alarmed.
    pub line: Line,
    /// The flat that calls.
    pub house: House,
    /// The call's id.
    pub id: AlertId,
}

impl Alert {
    /// Returns an emergency of a flat, without a text, a location or a kind.
    #[must_use]
    pub fn new(id: AlertId, line: Line, house: House, at: Millis) -> Self {
        let (text, location, kind, drill, alone) = (String::new(), None, None, false, false);
        Self { id, line, house, text, location, kind, drill, alone, at }
    }

    /// Returns the call's name.
    #[must_use]
    pub fn key(&self) -> CallKey {
        CallKey { line: self.line.clone(), house: self.house.clone(), id: self.id }
    }
}

/// A neighbour is coming.
#[derive(Clone, Debug, PartialEq)]
pub struct Accept {
    /// The event's id.
    pub id: EventId,
    /// The call's line.
    pub line: Line,
    /// The flat that comes.
    pub accept: House,
    /// The line of the flat that comes, where it is not the call's.
    pub accept_line: Option<Line>,
    /// The flat that called.
    pub target: House,
    /// The call. `None` only in records of the original service, which knew no ids.
    pub alert: Option<AlertId>,
    /// When the producer received it.
    pub at: Millis,
}

/// A step of an escalation, as the service records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// The id of the word that started the clock, which is the alert, a withdrawal or an accept.
    pub round: Uuid,
    /// The number of the ring, as [`Ring::number`](crate::escalation::Ring::number) gives it.
    pub step: u8,
    /// The lines that were alarmed. There are none where the ring is the administrators.
    pub lines: BTreeSet<Line>,
}

/// A call's progress, as an actor reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The event's id.
    pub id: EventId,
    /// The call's line.
    pub line: Line,
    /// The call.
    pub alert: AlertId,
    /// The flat that called. `None` in records of former versions, and where the node that took it did not know the
    /// call.
    pub target: Option<House>,
    /// The step that was reached.
    pub status: Progress,
    /// The actor that reports it.
    pub by: Actor,
    /// The line of the flat that reports it, where it is not the call's.
    pub by_line: Option<Line>,
    /// A few words, if any.
    pub note: Option<String>,
    /// The step, where the status is [`Progress::Escalated`]. `None` in records of former versions.
    pub escalation: Option<Escalation>,
    /// When the producer received it.
    pub at: Millis,
}

/// A new location of the caller, or of a helper if another flat is named.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The call's line.
    pub line: Line,
    /// The call.
    pub alert: AlertId,
    /// The flat that called. `None` in records of former versions.
    pub target: Option<House>,
    /// The flat whose location it is, and which sends it. `None` is the one that called.
    pub house: Option<House>,
    /// The line of that flat, where it is not the call's.
    pub house_line: Option<Line>,
    /// Where that flat's people are. `None` is a helper that does not show it any longer.
    pub location: Option<Location>,
    /// When the producer received it.
    pub at: Millis,
}

impl Moved {
    /// Returns the flat whose location it is, as the records of the call's line name it, if that is not the caller's. A
    /// helper's record names the call's house.
    #[must_use]
    pub fn helper(&self) -> Option<Neighbour> {
        let (target, house) = (self.target.as_ref()?, self.house.as_ref()?);
        let flat = Neighbour { line: self.house_line.clone(), house: house.clone() }.seen_from(&self.line);
        (flat.line.is_some() || flat.house != *target).then_some(flat)
    }
}

/// Which houses a call has reached. Receipts of one call merge by union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The call's line.
    pub line: Line,
    /// The call.
    pub alert: AlertId,
    /// The flat that called. `None` in records of former versions.
    pub target: Option<House>,
    /// Flats for a device of which a push service has taken the call. It is not a word of the device.
    pub pushed: Flats,
    /// Flats with a device that took the call's frame (STOMP ACK).
    pub reached: Flats,
    /// Flats with a device that has begun to sound the call.
    pub sounded: Flats,
    /// Flats where a person looked.
    pub seen: Flats,
    /// Milliseconds from the call's receipt, by the clock of the node that took the word of these devices, until that
    /// node had it from another flat than the caller's. Listeners do not get it.
    pub after: Option<Millis>,
}

/// Anything that happens to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A resident calls for help.
    Alert(Alert),
    /// A neighbour is coming.
    Accept(Accept),
    /// The call's progress.
    Status(Status),
    /// Somebody moved.
    Moved(Moved),
    /// Houses were reached.
    Receipt(Receipt),
}

impl Event {
    /// The call's line.
    #[must_use]
    pub fn line(&self) -> &Line {
        match self {
            Self::Alert(alert) => &alert.line,
            Self::Accept(accept) => &accept.line,
            Self::Status(status) => &status.line,
            Self::Moved(moved) => &moved.line,
            Self::Receipt(receipt) => &receipt.line,
        }
    }

    /// The id that names it among the records of its topic; `None` for locations and receipts, which have none.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Alert(alert) => Some(alert.id.0),
            Self::Accept(accept) => Some(accept.id.0),
            Self::Status(status) => Some(status.id.0),
            Self::Moved(_) | Self::Receipt(_) => None,
        }
    }

    /// The call this is about; `None` for an accept of the original service.
    #[must_use]
    pub fn alert(&self) -> Option<AlertId> {
        match self {
            Self::Alert(alert) => Some(alert.id),
            Self::Accept(accept) => accept.alert,
            Self::Status(status) => Some(status.alert),
            Self::Moved(moved) => Some(moved.alert),
            Self::Receipt(receipt) => Some(receipt.alert),
        }
    }

    /// The flat that called; `None` where the event does not name it.
    #[must_use]
    pub fn target(&self) -> Option<&House> {
        match self {
            Self::Alert(alert) => Some(&alert.house),
            Self::Accept(accept) => Some(&accept.target),
            Self::Status(status) => status.target.as_ref(),
            Self::Moved(moved) => moved.target.as_ref(),
            Self::Receipt(receipt) => receipt.target.as_ref(),
        }
    }

    /// Returns the flat whose location the event has, with the call's id. For the caller it is the call's own name.
    #[must_use]
    pub fn located(&self) -> Option<CallKey> {
        match self {
            Self::Alert(alert) => alert.location.map(|_| alert.key()),
            Self::Moved(moved) => {
                moved.location?;
                let (line, house) = match moved.helper() {
                    Some(helper) => (helper.line, helper.house),
                    None => (None, moved.target.clone()?),
                };
                let line = line.unwrap_or_else(|| moved.line.clone());
                Some(CallKey { line, house, id: moved.alert })
            }
            Self::Accept(_) | Self::Status(_) | Self::Receipt(_) => None,
        }
    }

    /// When the producer received it; `None` for a receipt, which has no time.
    #[must_use]
    pub fn at(&self) -> Option<Millis> {
        match self {
            Self::Alert(alert) => Some(alert.at),
            Self::Accept(accept) => Some(accept.at),
            Self::Status(status) => Some(status.at),
            Self::Moved(moved) => Some(moved.at),
            Self::Receipt(_) => None,
        }
    }
}
