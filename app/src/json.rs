//! Reading JSON. All types are read from one tree, because a second way to read them would be in the browser's part, too.

use leptos::prelude::SharedValue;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Reads JSON.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_value(serde_json::from_str::<Value>(text)?)
}

/// Returns what the server made, in the browser as well.
#[cfg(feature = "ssr")]
pub(crate) fn of_server<T: Serialize + DeserializeOwned + 'static>(make: impl FnOnce() -> T) -> T {
    SharedValue::new(make).into_inner()
}

/// Returns what the server made, or what is made here where it made nothing that can be read.
#[cfg(not(feature = "ssr"))]
pub(crate) fn of_server<T: Serialize + DeserializeOwned + 'static>(make: impl FnOnce() -> T) -> T {
    let made = SharedValue::new(|| Value::Null).into_inner();
    serde_json::from_value(made).unwrap_or_else(|_| make())
}
