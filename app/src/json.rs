//! JSON as the page reads it.

use domain::json::{Json, Read};
#[cfg(feature = "ssr")]
use leptos::prelude::SharedValue;
#[cfg(feature = "ssr")]
use serde::{Serialize, de::DeserializeOwned};

/// Reads JSON; `None` if it is not of this type.
pub(crate) fn read<T: Read>(text: &str) -> Option<T> {
    Json::parse(text).as_ref().and_then(T::read)
}

/// Returns what the server made, in the browser as well.
#[cfg(feature = "ssr")]
pub(crate) fn of_server<T: Serialize + DeserializeOwned + 'static>(make: impl FnOnce() -> T) -> T {
    SharedValue::new(make).into_inner()
}

/// Returns what the server made, or what is made here where it made nothing that can be read. Leptos's own function
/// does the same by serde.
#[cfg(not(feature = "ssr"))]
pub(crate) fn of_server<T: Read>(make: impl FnOnce() -> T) -> T {
    let context = leptos::prelude::Owner::current_shared_context();
    let made = context.and_then(|context| context.read_data(&context.next_id()));
    made.and_then(|made| read(&made)).unwrap_or_else(make)
}
