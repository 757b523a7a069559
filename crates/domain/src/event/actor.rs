//! The actor that an event speaks for, and its written form.

use serde::{Deserialize, Serialize};

use crate::{
    json::{Json, Read},
    people::{House, InvalidName},
};

/// The house, administrator or service that acted on a call. Written as the house's name, `@administrator` or
/// `@service`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Actor {
    /// A flat, of the call's line unless the event names another one.
    House(House),
    /// The management office.
    Administrator,
    /// The service itself.
    Service,
}

impl TryFrom<String> for Actor {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        match text.as_str() {
            "@administrator" => Ok(Self::Administrator),
            "@service" => Ok(Self::Service),
            _ => House::new(text).map(Self::House),
        }
    }
}

impl Read for Actor {
    fn read(json: &Json) -> Option<Self> {
        Self::try_from(json.text()?).ok()
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
