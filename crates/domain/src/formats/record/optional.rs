//! Fields that a record may lack. None of them makes the rest of its record unreadable.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{
    collections::BTreeSet,
    event::Millis,
    people::{Line, Neighbour},
};

/// Reads an optional field. A missing, null or malformed value is `None`, so it never makes a call unreadable.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).ok())
}

/// Text without white space around it, also where a producer wrote a number; anything else is `None`.
pub(super) fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A name of a line or a house that may be absent. One that cannot be read counts as absent.
pub(super) fn optional_name<'de, D: Deserializer<'de>, T: TryFrom<String>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Ok(words(from)?.and_then(|name| T::try_from(name).ok()))
}

/// Reads a list of lines. A name that cannot be read is left out, so that the other lines count.
pub(super) fn optional_lines<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<Line>, D::Error> {
    let Value::Array(names) = Value::deserialize(from)? else { return Ok(BTreeSet::new()) };
    Ok(names.into_iter().filter_map(|name| serde_json::from_value(name).ok()).collect())
}

/// A set of flats; an empty one where the field cannot be read, so that the rest of the record counts.
pub(super) fn optional_flats<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeSet<Neighbour>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// A time that is not negative; none where the field cannot be read.
pub(super) fn optional_millis<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Millis>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_i64().filter(|millis| *millis >= 0))
}
