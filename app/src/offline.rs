//! The state without a network, which is whether the connection is lost, and the few words that the page has for the
//! service worker (`public/offline.js`).

#[cfg(feature = "ssr")]
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use crate::{
    kept_page::kept_at,
    language::use_i18n,
    locale,
    reactive::{Memo, effect},
    socket::{Connection, ConnectionState},
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = iutsaiOffline, js_name = askToSync, catch)]
    fn js_ask_to_sync() -> Result<(), JsValue>;
    #[wasm_bindgen(js_namespace = iutsaiOffline, js_name = forgetPage, catch)]
    fn js_forget_page() -> Result<(), JsValue>;
}

/// Asks the browser to have kept presses sent when there is a network, also without a page. Few browsers can.
pub(crate) fn ask_to_sync() {
    if let Err(error) = js_ask_to_sync() {
        leptos::logging::log!("nothing is sent without this page: {error:?}");
    }
}

/// Returns whether the connection is lost. It stays so while it is being tried again.
#[must_use]
pub fn is_lost(connection: Connection) -> Memo<bool> {
    Memo::new(move |before: Option<&bool>| match connection.state.get() {
        ConnectionState::Waiting { .. } => true,
        ConnectionState::Connecting => before.copied().unwrap_or_default(),
        ConnectionState::Connected | ConnectionState::SignedOut => false,
    })
}

/// Once nobody is signed in any more, nothing is kept of a resident's page.
pub fn forget_page_when_signed_out(connection: Connection) {
    effect(move || {
        if connection.state.get() == ConnectionState::SignedOut
            && let Err(error) = js_forget_page()
        {
            leptos::logging::log!("no worker keeps this page: {error:?}");
        }
    });
}

/// A kept page speaks the language it was rendered in; a choice made since then counts more.
pub fn speak_as_chosen() {
    let i18n = use_i18n();
    effect(move || {
        if let Some(chosen) = kept_at().and_then(|_| locale::chosen()) {
            i18n.set_locale(chosen);
        }
    });
}
