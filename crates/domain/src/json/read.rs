//! The types that can be read from JSON.

use uuid::Uuid;

use super::Json;
use crate::collections::{BTreeMap, SmallSet};

/// A type that can be read from JSON.
pub trait Read: Sized {
    /// Returns the value, or `None` if it is not of this type.
    fn read(json: &Json) -> Option<Self>;
}

impl Json {
    /// Returns the value of a field; `None` if it is absent or not of this type.
    pub fn field<T: Read>(&self, name: &str) -> Option<T> {
        T::read(&self.get(name))
    }
}

impl Read for bool {
    fn read(json: &Json) -> Option<Self> {
        json.truth()
    }
}

impl Read for String {
    fn read(json: &Json) -> Option<Self> {
        json.text()
    }
}

impl Read for Uuid {
    fn read(json: &Json) -> Option<Self> {
        uuid(&json.text()?)
    }
}

/// Reads a UUID in its usual form, which is the one that the server writes. The library's function reads every form,
/// and is ten times as long.
#[must_use]
pub fn uuid(text: &str) -> Option<Uuid> {
    let mut number = 0_u128;
    for (place, c) in text.chars().enumerate() {
        match c.to_digit(16) {
            Some(digit) if !HYPHENS.contains(&place) => number = number << 4 | u128::from(digit),
            None if HYPHENS.contains(&place) && c == '-' => {}
            _ => return None,
        }
    }
    (text.len() == UUID_LENGTH).then(|| Uuid::from_u128(number))
}

/// The length of a UUID's usual form, and the places of its hyphens.
const UUID_LENGTH: usize = 36;
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

macro_rules! integers {
    ($($name:ident)+) => {
        $(impl Read for $name {
            fn read(json: &Json) -> Option<Self> {
                json.integer()?.try_into().ok()
            }
        })+
    };
}

integers! { u8 u16 u32 i64 }

impl Read for f64 {
    fn read(json: &Json) -> Option<Self> {
        json.number()
    }
}

/// Absent and null are none. Anything else has to be of the type.
impl<T: Read> Read for Option<T> {
    fn read(json: &Json) -> Option<Self> {
        if json.is_null() { Some(None) } else { T::read(json).map(Some) }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(json: &Json) -> Option<Self> {
        json.list()?.iter().map(T::read).collect()
    }
}

impl<T: Read + Ord> Read for SmallSet<T> {
    fn read(json: &Json) -> Option<Self> {
        json.list()?.iter().map(T::read).collect()
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(json: &Json) -> Option<Self> {
        json.entries()?.into_iter().map(|(name, value)| T::read(&value).map(|value| (name, value))).collect()
    }
}
