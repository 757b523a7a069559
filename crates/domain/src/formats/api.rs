//! The types of HTTP requests and answers, for the server, the browser and other clients.

mod browser;
mod fields;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::browser::location_request;
use self::fields::{flag, is_false, kind, minutes, name, named, required_text, seconds, text};
use super::record;
use crate::{
    escalation::Settings,
    event::{AlertId, Kind, Location},
    people::{House, Line, Resident},
};

/// `POST /api/session`.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignIn {
    /// The resident's name.
    #[serde(deserialize_with = "required_text")]
    pub name: String,
    /// The password.
    #[serde(deserialize_with = "required_text")]
    pub password: String,
    /// The code of the authenticator app, or a recovery code, for an account that has a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text")]
    pub code: Option<String>,
}

/// The answer to [`SignIn`].
#[derive(Clone, Serialize, Deserialize)]
pub struct SignedIn {
    /// For `Authorization: Bearer` and STOMP's `passcode`. Shown once; the server keeps only its hash.
    pub token: String,
    /// The person who signed in.
    pub resident: Resident,
    /// The path of the socket with the calls of this person's line; absent where the lines are not divided among nodes,
    /// so that every socket has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<String>,
}

/// The answer to the question of who is signed in.
#[derive(Clone, Serialize, Deserialize)]
pub struct WhoIs {
    /// The person.
    #[serde(flatten)]
    pub resident: Resident,
    /// As [`SignedIn::socket`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<String>,
}

/// `POST /alert`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallRequest {
    /// The caller's own line.
    #[serde(deserialize_with = "name")]
    pub line: Line,
    /// The caller's own house.
    #[serde(deserialize_with = "name")]
    pub house: House,
    /// A few words; up to [`crate::event::TEXT_LENGTH_LIMIT`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text")]
    pub text: Option<String>,
    /// Latitude in degrees, a number or text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<Value>,
    /// Longitude in degrees, a number or text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lng: Option<Value>,
    /// Radius of the location's confidence circle in metres, a number or text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Value>,
    /// The kind of emergency. A form leaves it empty.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "kind")]
    pub kind: Option<Kind>,
    /// True for an exercise. A form has `true`, or nothing.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "flag")]
    pub drill: bool,
    /// True for an exercise that nobody but the caller's own house receives. A form has `true`, or nothing.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "flag")]
    pub alone: bool,
}

impl CallRequest {
    /// The location, if what was sent can be one.
    #[must_use]
    pub fn location(&self) -> Option<Location> {
        record::location(self.lat.as_ref(), self.lng.as_ref(), self.accuracy.as_ref())
    }

    /// Returns whether something other than nothing was sent as a location.
    #[must_use]
    pub fn names_location(&self) -> bool {
        let is_given =
            |value: &Option<Value>| !matches!(value, None | Some(Value::Null)) && *value != Some("".into());
        is_given(&self.lat) || is_given(&self.lng)
    }
}

/// `POST /accept`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptRequest {
    /// The call's line.
    #[serde(deserialize_with = "name")]
    pub line: Line,
    /// The house that comes, which is the signed-in resident's own.
    #[serde(deserialize_with = "name")]
    pub accept_house: House,
    /// The house that called.
    #[serde(deserialize_with = "name")]
    pub target_house: House,
    /// The call; without it, or where a form leaves it empty, the newest open one of `target_house`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "named")]
    pub alert: Option<AlertId>,
}

/// `POST /alert/{id}/location`. With both numbers null a helper stops showing where they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LocationRequest {
    /// Latitude in degrees, a number or text.
    pub lat: Value,
    /// Longitude in degrees, a number or text.
    pub lng: Value,
    /// Radius of the confidence circle in metres, a number or text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Value>,
}

/// `POST /alert/{id}/cancel` and the others that report progress; the body may be absent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ProgressRequest {
    /// A few words; up to [`crate::event::TEXT_LENGTH_LIMIT`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text")]
    pub note: Option<String>,
}

/// `POST /api/escalation`. An absent or empty number means off, and so does the field of a form that is checked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EscalationRequest {
    /// A call alarms the whole complex at once.
    #[serde(deserialize_with = "flag")]
    complex: bool,
    /// Seconds until the neighbouring lines are alarmed.
    #[serde(deserialize_with = "seconds")]
    neighbours: Option<u32>,
    #[serde(deserialize_with = "flag")]
    neighbours_off: bool,
    /// Seconds from the ring before it until the building is alarmed.
    #[serde(deserialize_with = "seconds")]
    building: Option<u32>,
    #[serde(deserialize_with = "flag")]
    building_off: bool,
    /// Seconds from the ring before it until the administrators are alarmed.
    #[serde(deserialize_with = "seconds")]
    administrators: Option<u32>,
    #[serde(deserialize_with = "flag")]
    administrators_off: bool,
    /// Minutes from an accept until the steps begin again if nobody has arrived.
    #[serde(deserialize_with = "minutes")]
    arrival: Option<u32>,
    #[serde(deserialize_with = "flag")]
    arrival_off: bool,
}

impl EscalationRequest {
    /// Returns the rules that were sent.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            complex: self.complex,
            neighbours: self.neighbours.filter(|_| !self.neighbours_off),
            building: self.building.filter(|_| !self.building_off),
            administrators: self.administrators.filter(|_| !self.administrators_off),
            arrival: self.arrival.filter(|_| !self.arrival_off),
        }
    }
}

/// Where a command is when it is answered. Either way it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Kafka has acknowledged it.
    Published,
    /// It is in the outbox, on the disk; Kafka gets it as soon as it can.
    Stored,
}

impl State {
    /// Returns the state's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Stored => "stored",
        }
    }
}

/// 202, because the command is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The call's or event's id, which is the `Idempotency-Key` if one was sent.
    pub id: uuid::Uuid,
    /// Where it is.
    pub state: State,
    /// A sentence that names the part left out because it could not be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// An error as `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A stable URI reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A sentence on what happened this time, and what to do.
    pub detail: String,
}
