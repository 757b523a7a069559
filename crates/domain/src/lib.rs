//! The domain of an emergency call between apartment neighbours, in plain serde types: who may call ([`people`]),
//! what may happen ([`event`]), what it adds up to ([`incident`], by the one [`fold`]), what many calls add up to
//! ([`statistics`]), and how all of it is written into the log, into STOMP bodies and into HTTP ([`formats`]).
//!
//! Nothing here reads a clock, a socket or a disk, and everything compiles for the server and for wasm32. Integers that
//! leave the process have a fixed width.

pub mod event;
pub mod fold;
pub mod formats;
pub mod incident;
mod location;
pub mod partition;
pub mod people;
pub mod position;
pub mod statistics;

pub use event::{
    Accept, Actor, Alert, AlertId, CallKey, Event, EventId, Kind, Location, Millis, Moved, Progress, Receipt,
    Status,
};
pub use fold::{Change, LineIncidents, Seen};
pub use formats::{api, body, destination, header, message_id, push, record, topic};
pub use incident::{End, Incident, Response, Stance};
pub use people::{House, InvalidName, Line, Neighbour, Resident, Role};
pub use position::Position;
