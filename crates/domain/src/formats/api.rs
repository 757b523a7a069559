//! What HTTP requests and answers carry, for the server, the browser and other clients.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record;
use crate::{
    event::{AlertId, Kind, Location},
    people::{House, Line, Resident},
};

/// `POST /api/session`.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignIn {
    /// The resident's name.
    pub name: String,
    /// The password.
    pub password: String,
}

/// The answer to [`SignIn`].
#[derive(Clone, Serialize, Deserialize)]
pub struct SignedIn {
    /// For `Authorization: Bearer` and STOMP's `passcode`. Shown once; the server keeps only its hash.
    pub token: String,
    /// Who signed in.
    pub resident: Resident,
}

/// `POST /alert`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallRequest {
    /// The caller's own line.
    pub line: Line,
    /// The caller's own house.
    pub house: House,
    /// A few words; up to [`crate::event::TEXT_LENGTH_LIMIT`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    /// What the emergency is. A form leaves it empty.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "kind")]
    pub kind: Option<Kind>,
    /// An exercise. A form says `true`, or nothing.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "flag")]
    pub drill: bool,
}

impl CallRequest {
    /// The location, if what was sent can be one.
    #[must_use]
    pub fn location(&self) -> Option<Location> {
        record::location(self.lat.as_ref(), self.lng.as_ref(), self.accuracy.as_ref())
    }

    /// Whether something other than nothing was sent as a location.
    #[must_use]
    pub fn tells_location(&self) -> bool {
        let told =
            |value: &Option<Value>| !matches!(value, None | Some(Value::Null)) && *value != Some("".into());
        told(&self.lat) || told(&self.lng)
    }
}

/// `POST /accept`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptRequest {
    /// The call's line.
    pub line: Line,
    /// The house that comes: the signed-in resident's own.
    pub accept_house: House,
    /// The house that called.
    pub target_house: House,
    /// The call; without it, or where a form leaves it empty, the newest open one of `target_house`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "named")]
    pub alert: Option<AlertId>,
}

/// `POST /alert/{id}/location`.
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

/// `POST /alert/{id}/cancel` and the others that say how far a call is; the body may be absent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ProgressRequest {
    /// A few words; up to [`crate::event::TEXT_LENGTH_LIMIT`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
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

/// 202: the command is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The call's or event's id: the `Idempotency-Key`, where one was sent.
    pub id: uuid::Uuid,
    /// Where it is.
    pub state: State,
    /// What was left out of it because it could not be used, in words.
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
    /// What happened this time, and what to do.
    pub detail: String,
}

fn kind<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Kind>, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(match value.as_str() {
        None | Some("") => None,
        Some(_) => serde_json::from_value(value).ok(),
    })
}

/// Empty is absent, but what is no id is an error: a neighbour must not come to another call than was meant.
fn named<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<AlertId>, D::Error> {
    let text = Option::<String>::deserialize(from)?.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

fn flag<'de, D: serde::Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(value.as_bool().unwrap_or_else(|| matches!(value.as_str(), Some("true" | "on" | "1"))))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands the field over by reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}
