//! The people of one apartment complex. A resident lives in a flat (house), and flats belong to a line (라인).

mod name;
#[cfg(test)]
mod tests;
pub(crate) mod written;

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

pub use self::name::{House, InvalidName, Line, NAME_LENGTH_LIMIT, unseen};
use crate::{
    collections::SmallSet,
    json::{Json, Read},
};

/// A flat as the records of a line name it, by its house, or as `line/house` where it is of another line. The two names
/// cannot be confused, because neither contains a slash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Neighbour {
    /// The flat's line, where it is another one.
    pub line: Option<Line>,
    /// The flat.
    pub house: House,
}

/// Flats in their order. A town's receipts have millions, and a tree of them takes twice the memory.
pub type Flats = SmallSet<Neighbour>;

impl Neighbour {
    /// Returns the same flat as the records of `line` name it.
    #[must_use]
    pub fn seen_from(&self, line: &Line) -> Self {
        Self { line: self.line.clone().filter(|own| own != line), house: self.house.clone() }
    }
}

impl From<House> for Neighbour {
    fn from(house: House) -> Self {
        Self { line: None, house }
    }
}

impl FromStr for Neighbour {
    type Err = InvalidName;
    fn from_str(name: &str) -> Result<Self, InvalidName> {
        if let Some((line, house)) = name.split_once('/') {
            return Ok(Self { line: Some(line.parse()?), house: house.parse()? });
        }
        name.parse().map(House::into)
    }
}

impl<'de> Deserialize<'de> for Neighbour {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        written::parse(from)
    }
}

impl Read for Neighbour {
    fn read(json: &Json) -> Option<Self> {
        json.text()?.parse().ok()
    }
}

impl From<Neighbour> for String {
    fn from(Neighbour { line, house }: Neighbour) -> Self {
        match line {
            Some(line) => format!("{line}/{house}"),
            None => house.into(),
        }
    }
}

/// The rights of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A resident of a flat, who calls and answers on the line of that flat.
    Resident,
    /// A member of the management office (관리사무소), who sees every line and may resolve any call.
    Administrator,
}

impl Role {
    /// The role's word in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Administrator => "administrator",
        }
    }
}

impl Read for Role {
    fn read(json: &Json) -> Option<Self> {
        let word = json.text()?;
        [Self::Resident, Self::Administrator].into_iter().find(|role| role.as_str() == word)
    }
}

/// A person who can sign in. An administrator without a flat has neither line nor house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    /// The name to sign in with.
    pub name: String,
    /// The line of the flat.
    pub line: Option<Line>,
    /// The flat.
    pub house: Option<House>,
    /// The rights of the person.
    pub role: Role,
}

impl Read for Resident {
    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            name: json.field("name")?,
            line: json.field("line")?,
            house: json.field("house")?,
            role: json.field("role")?,
        })
    }
}

impl Resident {
    /// Returns whether this person may receive the calls of `line`, which is one's own, or any for an administrator.
    #[must_use]
    pub fn may_receive(&self, line: &Line) -> bool {
        self.role == Role::Administrator || self.line.as_ref() == Some(line)
    }

    /// The flat this person speaks for, if there is one.
    #[must_use]
    pub fn flat(&self) -> Option<(&Line, &House)> {
        self.line.as_ref().zip(self.house.as_ref())
    }
}
