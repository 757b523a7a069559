//! The types of HTTP requests and answers, for the server, the browser and other clients.

mod browser;

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::{Number, Value};

pub use self::browser::location_request;
use super::record;
use crate::{
    escalation::{MOST_MINUTES, MOST_SECONDS, Settings},
    event::{AlertId, Kind, Location},
    people::{House, InvalidName, Line, NAME_LENGTH_LIMIT, Resident},
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

/// Returns a scalar as text; nothing, a list and an object have none.
fn as_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(digits(&number)),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns a number as people write it. `1203.0` is the flat 1203, because some languages have no other numbers.
#[expect(clippy::cast_possible_truncation, reason = "a whole number below 1e15 fits")]
fn digits(number: &Number) -> String {
    let whole = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15);
    whole.map_or_else(|| number.to_string(), |float| (float as i64).to_string())
}

/// Reads the name of a line or a house, given as text or a number, without the white space around it.
fn name<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<String, Error = InvalidName>,
{
    let Some(text) = as_text(Value::deserialize(from)?) else {
        return Err(D::Error::custom("the name of a line or a house must be text, such as \"1203\""));
    };
    let text = text.trim();
    T::try_from(text.to_owned()).map_err(|error| {
        let beginning: String = text.chars().take(NAME_LENGTH_LIMIT).collect();
        D::Error::custom(format_args!("the name {beginning:?} {error}"))
    })
}

/// Reads text that must be there, also where a number was sent.
fn required_text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    as_text(Value::deserialize(from)?)
        .ok_or_else(|| D::Error::custom("the name and the password must be text"))
}

/// Reads words that may be missing. A value that cannot be text counts as none, so it never makes a call unreadable.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(from).map(as_text)
}

/// Reads the kind of emergency in any case of letters. An unknown word is [`Kind::Other`]; what is not a word is none.
fn kind<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Kind>, D::Error> {
    let value = Value::deserialize(from)?;
    let word = value.as_str().unwrap_or_default().trim().to_ascii_lowercase();
    Ok(if word.is_empty() { None } else { serde_json::from_value(Value::from(word)).ok() })
}

/// Reads an id, which may be empty. Any other text is an error, because a neighbour must not come to another call than
/// was meant.
fn named<'de, D: Deserializer<'de>>(from: D) -> Result<Option<AlertId>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

/// Reads a flag, which is `true`, 1, or one of the words that forms and other programs write for them. Everything else
/// is an emergency, because a call must not be mistaken for an exercise.
fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let text = as_text(Value::deserialize(from)?).unwrap_or_default();
    Ok(matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "on" | "yes" | "1"))
}

/// Reads a number of seconds, which may be absent.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    number(from, 0, MOST_SECONDS).map_err(|written| {
        D::Error::custom(format!("{written:?} must be a whole number of seconds from 0 to {MOST_SECONDS}"))
    })
}

/// Reads a number of minutes, which may be absent.
fn minutes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    number(from, 1, MOST_MINUTES).map_err(|written| {
        D::Error::custom(format!("{written:?} must be a whole number of minutes from 1 to {MOST_MINUTES}"))
    })
}

/// Reads a whole number within bounds, given as a number or as text. The error is what was written.
fn number<'de, D: Deserializer<'de>>(from: D, least: u32, most: u32) -> Result<Option<u32>, String> {
    let value = Value::deserialize(from).map_err(|error| error.to_string())?;
    if value.is_null() {
        return Ok(None);
    }
    let text = as_text(value).unwrap_or_default();
    let text = text.trim();
    let number = text.parse::<u32>().ok().filter(|number| (least..=most).contains(number));
    if number.is_none() && !text.is_empty() {
        return Err(text.chars().take(NAME_LENGTH_LIMIT).collect());
    }
    Ok(number)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands the field over by reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}
