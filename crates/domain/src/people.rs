//! The people of one apartment complex. A resident lives in a flat (house), and flats belong to a line (라인).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::json::{Json, Read};

/// The longest name of a line or a house, in characters.
pub const NAME_LENGTH_LIMIT: usize = 64;

/// Why a text cannot name a line or a house.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing, or nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// More than [`NAME_LENGTH_LIMIT`] characters.
    #[error("must have at most {NAME_LENGTH_LIMIT} characters")]
    TooLong,
    /// White space at an end, a control character, a slash (it ends a destination's segment), or an `@`
    /// in front (reserved for actors that are no house).
    #[error("must not start or end with white space, start with '@', or contain '/' or control characters")]
    Character,
}

/// The line of the service's silent calls to itself. No line of people can have the name, because [`check`] refuses it.
const CANARY_LINE: &str = "@canary";

/// The house in whose name the management office makes drills.
const OFFICE_HOUSE: &str = "관리사무소";

fn check(name: &str) -> Result<(), InvalidName> {
    if name.trim().is_empty() {
        return Err(InvalidName::Empty);
    }
    if name.chars().count() > NAME_LENGTH_LIMIT {
        return Err(InvalidName::TooLong);
    }
    let forbidden = |c: char| c.is_control() || c == '/';
    if name.trim() != name || name.starts_with('@') || name.chars().any(forbidden) {
        return Err(InvalidName::Character);
    }
    Ok(())
}

/// Returns the first character of a name that cannot be seen, or that changes the direction of the text around it. Two
/// names that differ in such a character look the same. A space between words is no such character.
#[must_use]
pub fn unseen(name: &str) -> Option<char> {
    name.chars().find(|&c| c != ' ' && (c.is_control() || c.is_whitespace() || is_ignorable(c)))
}

/// Returns whether a character has no glyph of its own. These are soft hyphens, joiners, marks of direction, fillers,
/// selectors of variants, the replacement of unreadable input, private use and non-characters (Unicode 16,
/// `Default_Ignorable_Code_Point` and general categories Co and Cn).
const fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text and takes it as a name.
            ///
            /// # Errors [`InvalidName`] names the rule that the text breaks.
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
                let name = name.into();
                check(&name)?;
                Ok(Self(name))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(name: String) -> Result<Self, InvalidName> {
                Self::new(name)
            }
        }

        impl Read for $name {
            fn read(json: &Json) -> Option<Self> {
                Self::new(json.text()?).ok()
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;
            fn from_str(name: &str) -> Result<Self, InvalidName> {
                Self::new(name)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type! {
    /// A line (라인): the flats that share one stair and lift, such as `101-1`. Unique in a complex.
    Line
}
name_type! {
    /// A flat's number, such as `1203`. Unique on its line.
    House
}

impl Line {
    /// Returns the line of the service's silent calls to itself, which nobody lives on and nobody can subscribe to.
    #[must_use]
    pub fn canary() -> Self {
        Self(CANARY_LINE.to_owned())
    }

    /// Returns whether this is the line of the service's silent calls to itself.
    #[must_use]
    pub fn is_canary(&self) -> bool {
        self.0 == CANARY_LINE
    }
}

impl House {
    /// Returns the house in whose name the management office makes drills. Clients that do not know it show its name.
    #[must_use]
    pub fn office() -> Self {
        Self(OFFICE_HOUSE.to_owned())
    }

    /// Returns whether this is the management office.
    #[must_use]
    pub fn is_office(&self) -> bool {
        self.0 == OFFICE_HOUSE
    }
}

/// A flat as the records of a line name it, by its house, or as `line/house` where it is of another line. The two names
/// cannot be confused, because neither contains a slash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Neighbour {
    /// The flat's line, where it is another one.
    pub line: Option<Line>,
    /// The flat.
    pub house: House,
}

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

impl TryFrom<String> for Neighbour {
    type Error = InvalidName;
    fn try_from(name: String) -> Result<Self, InvalidName> {
        match name.split_once('/') {
            Some((line, house)) => Ok(Self { line: Some(Line::new(line)?), house: House::new(house)? }),
            None => House::new(name.as_str()).map(Self::from),
        }
    }
}

impl Read for Neighbour {
    fn read(json: &Json) -> Option<Self> {
        Self::try_from(json.text()?).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_korean_apartments_are_accepted_as_they_are() {
        for name in ["101-1", "1203", "101동 1라인", "지하1호", "B-02"] {
            assert_eq!(Line::new(name).map(String::from), Ok(name.to_owned()));
        }
    }

    #[test]
    fn a_name_that_could_be_misread_is_refused_with_the_reason() {
        assert_eq!(House::new(""), Err(InvalidName::Empty));
        assert_eq!(House::new("  "), Err(InvalidName::Empty));
        assert_eq!(House::new("x".repeat(65)), Err(InvalidName::TooLong));
        for name in [" 1203", "1203\n", "12/03", "@administrator"] {
            assert_eq!(House::new(name), Err(InvalidName::Character), "{name:?}");
        }
    }

    #[test]
    fn the_line_of_silent_calls_can_be_named_by_nobody() {
        let canary = Line::canary();
        assert!(canary.is_canary() && !Line::new("101-1").expect("a valid line").is_canary());
        assert_eq!(Line::new(canary.as_str()), Err(InvalidName::Character));
        assert!(serde_json::from_str::<Line>("\"@canary\"").is_err());
    }

    #[test]
    fn the_house_of_the_office_can_be_read_from_a_record() {
        assert!(House::office().is_office());
        assert_eq!(House::new(House::office().as_str()), Ok(House::office()));
    }

    #[test]
    fn an_invisible_character_is_found() {
        for name in ["101-1", "101동 1라인", "지하1호", "김이웃", "B-02", "resident-1203"] {
            assert_eq!(unseen(name), None, "{name}");
        }
        for c in [
            '\u{202e}', '\u{200b}', '\u{200d}', '\u{2066}', '\u{feff}', '\u{3164}', '\u{3000}', '\u{a0}',
            '\0',
        ] {
            assert_eq!(unseen(&format!("12{c}03")), Some(c), "{c:?}");
        }
    }

    #[test]
    fn a_neighbour_of_another_line_is_named_with_it_and_one_of_the_own_line_is_not() {
        let name = |text: &str| Neighbour::try_from(text.to_owned());
        let (own, other) =
            (Line::new("101-1").expect("a valid line"), Line::new("101-2").expect("a valid line"));
        let house = House::new("1203").expect("a valid house");
        assert_eq!(name("1203"), Ok(Neighbour::from(house.clone())));
        let elsewhere = Neighbour { line: Some(other.clone()), house };
        assert_eq!(name("101-2/1203"), Ok(elsewhere.clone()));
        assert_eq!(String::from(elsewhere.seen_from(&own)), "101-2/1203");
        assert_eq!(String::from(elsewhere.seen_from(&other)), "1203");
        for wrong in ["", "/", "101-2/", "/1203", "101/2/1203", "@service"] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_resident_receives_the_own_line_and_an_administrator_every_line() {
        let own = Line::new("101-1").expect("a valid line");
        let other = Line::new("101-2").expect("a valid line");
        let mut person = Resident {
            name: "resident-1203".into(),
            line: Some(own.clone()),
            house: House::new("1203").ok(),
            role: Role::Resident,
        };
        assert!(person.may_receive(&own) && !person.may_receive(&other));
        person.role = Role::Administrator;
        assert!(person.may_receive(&other));
    }
}
