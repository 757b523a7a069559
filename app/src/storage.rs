//! The memory of a tab or a device, which is the browser's storage, and may be full, forbidden or absent. Nothing here
//! may stop a call, so a value that cannot be remembered is reported on the console and forgotten.

use domain::json::Read;
use leptos::{logging, prelude::window};
use web_sys::Storage;

use crate::json;

/// Where to remember.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Memory {
    /// `sessionStorage`, for this tab, also after a reload.
    Tab,
    /// `localStorage`, for every tab of this browser.
    Device,
}

impl Memory {
    /// Returns what was remembered under `key`, if it is there and still has the shape it should have.
    pub(crate) fn recall<T: Read>(self, key: &str) -> Option<T> {
        let text = self.storage()?.get_item(key).ok().flatten()?;
        let value = json::read(&text);
        if value.is_none() {
            logging::warn!("{key} is unreadable");
        }
        value
    }

    /// Remembers `json` under `key`.
    pub(crate) fn remember(self, key: &str, json: &str) {
        if self.storage().is_none_or(|storage| storage.set_item(key, json).is_err()) {
            logging::warn!("{key} cannot be remembered: the browser's storage refuses it");
        }
    }

    /// Forgets what was remembered under `key`.
    pub(crate) fn forget(self, key: &str) {
        if self.storage().is_none_or(|storage| storage.remove_item(key).is_err()) {
            logging::warn!("{key} cannot be forgotten: the browser's storage refuses it");
        }
    }

    fn storage(self) -> Option<Storage> {
        match self {
            Self::Tab => window().session_storage(),
            Self::Device => window().local_storage(),
        }
        .ok()
        .flatten()
    }
}
