//! The browser's entry point, which brings the page that the server rendered to life. Nothing else lives here.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's script once this module is loaded.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
