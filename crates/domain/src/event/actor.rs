//! The actor that an event speaks for, and its written form.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    json::{Json, Read},
    people::{House, InvalidName, written},
};

/// The house, administrator or service that acted on a call. Written as the house's name, `@administrator` or
/// `@service`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub enum Actor {
    /// A flat, of the call's line unless the event names another one.
    House(House),
    /// The management office.
    Administrator,
    /// The service itself.
    Service,
}

impl FromStr for Actor {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text {
            "@administrator" => Ok(Self::Administrator),
            "@service" => Ok(Self::Service),
            _ => text.parse().map(Self::House),
        }
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        written::parse(from)
    }
}

impl Read for Actor {
    fn read(json: &Json) -> Option<Self> {
        json.text()?.parse().ok()
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::House(house) => house.into(),
            Actor::Administrator => "@administrator".into(),
            Actor::Service => "@service".into(),
        }
    }
}
