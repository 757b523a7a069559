//! Finds out whether this page is one that the service worker had kept, and gave where the server could not be asked.

use domain::Millis;
use leptos::prelude::document;

/// When the server rendered this page, by the device's clock, if it is one that was kept.
pub(crate) fn kept_at() -> Option<Millis> {
    document().document_element()?.get_attribute("data-kept")?.parse().ok()
}
