//! The types that can be read from JSON.

use uuid::Uuid;

use super::Json;
use crate::collections::{BTreeMap, BTreeSet};

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
        json.text()?.parse().ok()
    }
}

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

impl<T: Read + Ord> Read for BTreeSet<T> {
    fn read(json: &Json) -> Option<Self> {
        json.list()?.iter().map(T::read).collect()
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(json: &Json) -> Option<Self> {
        json.entries()?.into_iter().map(|(name, value)| T::read(&value).map(|value| (name, value))).collect()
    }
}
