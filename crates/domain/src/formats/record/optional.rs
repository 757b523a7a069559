//! Fields that a record may lack. None of them makes the rest of its record unreadable.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{self, MapAccessDeserializer},
    },
};
use serde_json::Value;

use crate::{
    collections::BTreeSet,
    event::Millis,
    people::{Flats, Line, Neighbour},
};

/// A value of JSON. A text is the record's own where it has no escapes, because nearly everything is a text, and a start
/// reads tens of millions.
enum Part<'de> {
    Text(Cow<'de, str>),
    List(Vec<Part<'de>>),
    Other(Value),
}

impl<'de> Part<'de> {
    /// Returns a text, also where a producer wrote a number.
    fn words(self) -> Option<Cow<'de, str>> {
        match self {
            Part::Text(text) => Some(text),
            Part::Other(Value::Number(number)) => Some(number.to_string().into()),
            Part::List(_) | Part::Other(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Part<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any valid JSON value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Part<'de>, E> {
        Ok(Part::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Part<'de>, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Part<'de>, E> {
        Ok(Part::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Part<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Part::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Part<'de>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(entries)).map(Part::Other)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Part<'de>, E> {
        Ok(Part::Other(truth.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Part<'de>, E> {
        Ok(Part::Other(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Part<'de>, E> {
        Ok(Part::Other(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Part<'de>, E> {
        Ok(Part::Other(number.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Part<'de>, E> {
        Ok(Part::Other(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Part<'de>, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Part<'de>, D::Error> {
        Part::deserialize(from)
    }
}

/// Reads an optional field of one value. A missing, null or malformed value is `None`, so it never makes a call
/// unreadable.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Ok(match Part::deserialize(from)? {
        Part::Text(text) => {
            let text: value::CowStrDeserializer<'_, value::Error> = text.into_deserializer();
            T::deserialize(text).ok()
        }
        Part::List(_) => None,
        Part::Other(value) => serde_json::from_value(value).ok(),
    })
}

/// Text without white space around it, also where a producer wrote a number; anything else is `None`.
pub(super) fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Part::deserialize(from)?.words().map(|words| words.trim().to_owned()))
}

/// A name of a line or a house that may be absent. One that cannot be read counts as absent.
pub(super) fn optional_name<'de, D: Deserializer<'de>, T: FromStr>(from: D) -> Result<Option<T>, D::Error> {
    Ok(Part::deserialize(from)?.words().and_then(|name| name.trim().parse().ok()))
}

/// Reads a list of lines. A name that cannot be read is left out, so that the other lines count.
pub(super) fn optional_lines<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<Line>, D::Error> {
    let Value::Array(names) = Value::deserialize(from)? else { return Ok(BTreeSet::new()) };
    Ok(names.into_iter().filter_map(|name| serde_json::from_value(name).ok()).collect())
}

/// A set of flats; an empty one where the field cannot be read, so that the rest of the record counts.
pub(super) fn optional_flats<'de, D: Deserializer<'de>>(from: D) -> Result<Flats, D::Error> {
    let flat = |part: Part<'_>| match part {
        Part::Text(text) => text.parse::<Neighbour>().ok(),
        Part::List(_) | Part::Other(_) => None,
    };
    Ok(match Part::deserialize(from)? {
        Part::List(parts) => parts.into_iter().map(flat).collect::<Option<Flats>>().unwrap_or_default(),
        Part::Text(_) | Part::Other(_) => Flats::new(),
    })
}

/// A time that is not negative; none where the field cannot be read.
pub(super) fn optional_millis<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Millis>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_i64().filter(|millis| *millis >= 0))
}
