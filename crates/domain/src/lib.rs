//! The domain of an emergency call between apartment neighbours, in plain serde types. [`people`] are those who may
//! call, [`event`] has the events of a call, [`incident`] the state that the one [`fold`] derives, [`escalation`] the
//! rules for a call that nobody comes to, `statistics` the figures of many calls, and [`formats`] the written forms
//! in the log, in STOMP bodies and in HTTP. `plausible` makes calls that never happened.
//!
//! Nothing here reads a clock, a socket or a disk, and everything but the statistics and `plausible` compiles for wasm32,
//! too. The [`collections`] are other ones there. Integers that leave the process have a fixed width.

pub mod collections;
pub mod escalation;
pub mod event;
pub mod fold;
pub mod formats;
pub mod incident;
pub mod json;
mod location;
pub mod partition;
pub mod people;
#[cfg(not(target_arch = "wasm32"))]
pub mod plausible;
pub mod position;
pub mod shard;
#[cfg(not(target_arch = "wasm32"))]
pub mod statistics;

pub use event::{
    Accept, Actor, Alert, AlertId, CallKey, Escalation, Event, EventId, Kind, Location, Millis, Moved,
    Progress, Receipt, Status,
};
pub use fold::{Change, LineIncidents, Source};
pub use formats::{
    api, body, dead_letter, destination, header, message_id, push, reach, record, seen, topic,
};
pub use incident::{End, Escalated, Incident, Response, Stance};
pub use people::{Flats, House, InvalidName, Line, Neighbour, Resident, Role};
pub use position::Position;
pub use shard::{Shard, Shards};
