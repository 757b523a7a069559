//! The SEND by which a page reports that a person looked at a call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::AlertId;

/// The body of a SEND to `/pub/seen`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The call.
    pub alert: AlertId,
    /// The house that called, for an id that two houses used. Anything but text counts as absent.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub house: Value,
}
