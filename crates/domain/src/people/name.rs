//! The names of lines and flats, and what a text must be to be one.

mod text;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use self::text::{Text, text};
use super::written;
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
    // Nearly all names are plain, and a start reads tens of millions.
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    if (1..=NAME_LENGTH_LIMIT).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(());
    }
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
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(into = "String")]
        pub struct $name(Text);

        impl $name {
            /// Checks the text and takes it as a name.
            ///
            /// # Errors [`InvalidName`] names the rule that the text breaks.
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
                let name = name.into();
                check(&name)?;
                Ok(Self(text(name)))
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
                check(name)?;
                Ok(Self(text(name)))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                written::parse(from)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
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
        Self(text(CANARY_LINE))
    }

    /// Returns whether this is the line of the service's silent calls to itself.
    #[must_use]
    pub fn is_canary(&self) -> bool {
        self.as_str() == CANARY_LINE
    }
}

impl House {
    /// Returns the house in whose name the management office makes drills. Clients that do not know it show its name.
    #[must_use]
    pub fn office() -> Self {
        Self(text(OFFICE_HOUSE))
    }

    /// The name before every other one in their order, which no house can have.
    pub(crate) fn least() -> Self {
        Self(Text::default())
    }

    /// Returns whether this is the management office.
    #[must_use]
    pub fn is_office(&self) -> bool {
        self.as_str() == OFFICE_HOUSE
    }
}
