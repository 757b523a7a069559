//! The choice of the tab that sounds. One tab of a browser does, however many are open, and it holds a Web Lock.

use std::{cell::RefCell, rc::Rc};

use crate::reactive::spawn_local;

use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortController;

const LOCK: &str = "iutsai-alarm";

// web-sys has this type only behind its unstable interface.
#[wasm_bindgen]
extern "C" {
    type LockManager;
    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, options: &Object, held: &Function)
    -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn query(this: &LockManager) -> Result<Promise, JsValue>;
}

/// A tab's wish to be the one. Dropping it gives the lock back, or stops waiting for it.
pub(super) struct Turn {
    waiting: Option<AbortController>,
    release: Rc<RefCell<Option<Function>>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(waiting) = &self.waiting {
            waiting.abort();
        }
        if let Some(release) = self.release.take() {
            // It settles the promise that holds the lock, which cannot fail.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// The browser's locks; `None` where it has none.
fn locks() -> Option<LockManager> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).unwrap_or_default();
    locks.is_object().then(|| locks.unchecked_into())
}

/// Returns whether a tab of this browser is the one now. Where the browser does not know, none is.
pub(super) async fn is_held() -> bool {
    let Some(Ok(asked)) = locks().map(|locks| locks.query()) else { return false };
    let Ok(known) = JsFuture::from(asked).await else { return false };
    let held = Reflect::get(&known, &"held".into()).unwrap_or_default();
    let is_ours = |lock: JsValue| Reflect::get(&lock, &"name".into()).is_ok_and(|name| name == LOCK);
    held.dyn_into::<Array>().is_ok_and(|held| held.iter().any(is_ours))
}

/// Calls `held` when this tab is the one, which it stays until the returned wish is dropped. Where the browser has no
/// locks (without https), every tab is the one.
pub(super) fn be_the_one(held: impl Fn() + Clone + 'static) -> Turn {
    let release = Rc::new(RefCell::new(None));
    let locks = locks();
    let waiting = AbortController::new().ok();
    let Some((locks, waiting)) = locks.zip(waiting) else {
        held();
        return Turn { waiting: None, release };
    };
    let (then, released) = (held.clone(), release.clone());
    let keep = Closure::once_into_js(move |_lock: JsValue| {
        then();
        // The lock is given back when this promise settles.
        Promise::new(&mut |resolve, _| {
            released.replace(Some(resolve));
        })
    });
    let options = Object::new();
    let hinto_signal = Reflect::set(&options, &"signal".into(), &waiting.signal());
    let asked = locks.request(LOCK, &options, keep.unchecked_ref());
    match asked.and_then(|asked| hinto_signal.map(|_| asked)) {
        Ok(asked) => spawn_local(async move {
            // It fails when the wish was dropped before its turn.
            drop(JsFuture::from(asked).await);
        }),
        Err(_) => held(),
    }
    Turn { waiting: Some(waiting), release }
}
