//! A JSON value as the browser reads it.

use js_sys::{Array, JSON, Number, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// A JSON value.
#[derive(Clone, Debug)]
pub struct Json(JsValue);

impl Json {
    /// Parses JSON; `None` if it is not JSON.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        JSON::parse(text).map(Self).ok()
    }

    /// Returns the value of a field; null where there is no such field.
    #[must_use]
    pub fn get(&self, name: &str) -> Self {
        Self(Reflect::get(&self.0, &name.into()).unwrap_or_default())
    }

    /// Returns whether this is null, or a field that is absent.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.is_null() || self.0.is_undefined()
    }

    /// Returns the text, if this is text.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.0.as_string()
    }

    /// Returns the boolean, if this is one.
    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        self.0.as_bool()
    }

    /// Returns the whole number, if this is one.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number of at most 53 bits")]
    pub fn integer(&self) -> Option<i64> {
        self.0.as_f64().filter(|_| Number::is_safe_integer(&self.0)).map(|number| number as i64)
    }

    /// Returns the number, if this is one, or text that is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        self.0.as_f64().or_else(|| Self::parse(self.0.as_string()?.trim())?.0.as_f64())
    }

    /// Returns text without white space around it, also where a producer wrote a number.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let text = self.0.as_string().or_else(|| self.0.as_f64().map(digits))?;
        Some(text.trim().to_owned())
    }

    /// Returns the elements, if this is a list.
    #[must_use]
    pub fn list(&self) -> Option<Vec<Self>> {
        Some(self.0.dyn_ref::<Array>()?.iter().map(Self).collect())
    }

    /// Returns the names and values of the fields, if this is an object.
    #[must_use]
    pub fn entries(&self) -> Option<Vec<(String, Self)>> {
        let names = Object::keys(self.0.dyn_ref::<Object>()?);
        Some(
            names
                .iter()
                .filter_map(|name| name.as_string())
                .map(|name| (name.clone(), self.get(&name)))
                .collect(),
        )
    }
}

impl From<JsValue> for Json {
    fn from(value: JsValue) -> Self {
        Self(value)
    }
}

/// Returns a number as JSON has it.
#[must_use]
pub fn digits(number: f64) -> String {
    Number::from(number).to_string_with_radix(10).map(String::from).unwrap_or_default()
}
