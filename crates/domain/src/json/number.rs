//! Numbers as clients and records write them.

use serde_json::Value;

/// Returns a number, also where it is written as text; `None` for anything else.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
