//! JSON objects that are written field by field, octet for octet as serde writes them.

use super::digits;

/// A JSON object that is being written.
#[derive(Debug, Default)]
pub struct Object(String);

impl Object {
    /// Adds a field whose value is JSON already.
    #[must_use]
    pub fn json(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        quote(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(value);
        self
    }

    /// Adds text.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.json(name, &quoted(value))
    }

    /// Adds text, where there is any.
    #[must_use]
    pub fn text_if_any(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(self, name: &str, value: f64) -> Self {
        self.json(name, &digits(value))
    }

    /// Adds a whole number.
    #[must_use]
    pub fn integer(self, name: &str, value: i64) -> Self {
        self.json(name, &value.to_string())
    }

    /// Adds a boolean.
    #[must_use]
    pub fn truth(self, name: &str, value: bool) -> Self {
        self.json(name, if value { "true" } else { "false" })
    }

    /// Returns the object as JSON.
    #[must_use]
    pub fn finish(self) -> String {
        if self.0.is_empty() { "{}".to_owned() } else { self.0 + "}" }
    }
}

/// Returns text as JSON.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut json = String::new();
    quote(&mut json, text);
    json
}

fn quote(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\0'..'\u{20}' => {
                json.push_str("\\u00");
                json.push(if c < '\u{10}' { '0' } else { '1' });
                json.push(char::from(b"0123456789abcdef"[c as usize % 16]));
            }
            _ => json.push(c),
        }
    }
    json.push('"');
}
