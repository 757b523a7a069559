//! The fields of requests, as forms, scripts and other programs write them.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Number, Value};

use crate::{
    escalation::{MOST_MINUTES, MOST_SECONDS},
    event::{AlertId, Kind},
    people::{InvalidName, NAME_LENGTH_LIMIT},
};

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
pub(super) fn name<'de, D, T>(from: D) -> Result<T, D::Error>
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
pub(super) fn required_text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    as_text(Value::deserialize(from)?)
        .ok_or_else(|| D::Error::custom("the name and the password must be text"))
}

/// Reads words that may be missing. A value that cannot be text counts as none, so it never makes a call unreadable.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(from).map(as_text)
}

/// Reads the kind of emergency in any case of letters. An unknown word is [`Kind::Other`]; what is not a word is none.
pub(super) fn kind<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Kind>, D::Error> {
    let value = Value::deserialize(from)?;
    let word = value.as_str().unwrap_or_default().trim().to_ascii_lowercase();
    Ok(if word.is_empty() { None } else { serde_json::from_value(Value::from(word)).ok() })
}

/// Reads an id, which may be empty. Any other text is an error, because a neighbour must not come to another call than
/// was meant.
pub(super) fn named<'de, D: Deserializer<'de>>(from: D) -> Result<Option<AlertId>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

/// Reads a flag, which is `true`, 1, or one of the words that forms and other programs write for them. Everything else
/// is an emergency, because a call must not be mistaken for an exercise.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let text = as_text(Value::deserialize(from)?).unwrap_or_default();
    Ok(matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "on" | "yes" | "1"))
}

/// Reads a number of seconds, which may be absent.
pub(super) fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    number(from, 0, MOST_SECONDS).map_err(|written| {
        D::Error::custom(format!("{written:?} must be a whole number of seconds from 0 to {MOST_SECONDS}"))
    })
}

/// Reads a number of minutes, which may be absent.
pub(super) fn minutes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
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

/// Returns whether a flag is left out of what is written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands the field over by reference")]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}
