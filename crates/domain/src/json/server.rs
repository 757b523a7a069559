//! A JSON value as `serde_json` reads it.

use serde_json::Value;

use super::number;

/// A JSON value.
#[derive(Clone, Debug)]
pub struct Json(Value);

impl Json {
    /// Parses JSON; `None` if it is not JSON.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).map(Self).ok()
    }

    /// Returns the value of a field; null where there is no such field.
    #[must_use]
    pub fn get(&self, name: &str) -> Self {
        Self(self.0.get(name).cloned().unwrap_or_default())
    }

    /// Returns whether this is null, or a field that is absent.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// Returns the text, if this is text.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.0.as_str().map(str::to_owned)
    }

    /// Returns the boolean, if this is one.
    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        self.0.as_bool()
    }

    /// Returns the whole number, if this is one.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        self.0.as_i64()
    }

    /// Returns the number, if this is one, or text that is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        number(&self.0)
    }

    /// Returns text without white space around it, also where a producer wrote a number.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match &self.0 {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Returns the elements, if this is a list.
    #[must_use]
    pub fn list(&self) -> Option<Vec<Self>> {
        self.0.as_array().map(|list| list.iter().cloned().map(Self).collect())
    }

    /// Returns the names and values of the fields, if this is an object.
    #[must_use]
    pub fn entries(&self) -> Option<Vec<(String, Self)>> {
        let fields = self.0.as_object()?.iter();
        Some(fields.map(|(name, value)| (name.clone(), Self(value.clone()))).collect())
    }
}

/// Returns a number as JSON has it.
#[must_use]
pub fn digits(number: f64) -> String {
    Value::from(number).to_string()
}
