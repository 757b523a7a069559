//! One tab of a browser sounds, however many are open: the one that holds a Web Lock.

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;

const LOCK: &str = "iutsai-alarm";

// web-sys has this type only behind its unstable interface.
#[wasm_bindgen]
extern "C" {
    type LockManager;
    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, held: &Function) -> Result<Promise, JsValue>;
}

/// Calls `held` when this tab is the one, and keeps it so until the page goes. Where the browser has no locks
/// (without https), every tab is the one.
pub(super) fn be_the_one(held: impl Fn() + Clone + 'static) {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).unwrap_or_default();
    if locks.is_undefined() {
        return held();
    }
    let then = held.clone();
    let keep = Closure::once_into_js(move |_lock: JsValue| {
        then();
        // The lock is given back when this promise settles: never.
        Promise::new(&mut |_, _| {})
    });
    let asked = locks.unchecked_into::<LockManager>().request(LOCK, keep.unchecked_ref());
    if asked.is_err() {
        held();
    }
}
