//! The domain of an emergency call between apartment neighbours, in plain serde types: who may call
//! ([`people`]), what may happen ([`event`]), what it adds up to ([`incident`], by the one [`fold`]), how it is
//! written into the log and into STOMP bodies ([`record`], [`body`]), where it is published
//! ([`destination`], [`topic`], [`partition`]) and what HTTP carries ([`api`]).
//!
//! Nothing here reads a clock, a socket or a disk, and everything compiles for the server and for wasm32;
//! integers that leave the process have a fixed width.

pub mod api;
pub mod body;
pub mod destination;
pub mod event;
pub mod fold;
pub mod incident;
mod location;
pub mod partition;
pub mod people;
pub mod position;
pub mod record;
mod said;
pub mod topic;

pub use event::{
    Accept, Actor, Alert, AlertId, Event, EventId, Kind, Location, Millis, Moved, Progress, Receipt, Status,
};
pub use fold::{Change, LineIncidents, Seen};
pub use incident::{End, Incident, Response, Stance};
pub use people::{House, InvalidName, Line, Resident, Role};
pub use position::Position;
