//! Numbers as clients and records write them.

use serde_json::Value;

/// A number, also where it is written as text; anything else is no number.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
