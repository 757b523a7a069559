//! Keeps the screen on while the tab is armed, or sends where the device is, and can be seen (W3C Screen Wake Lock).

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::VisibilityState;

use crate::reactive::{ReadSignal, StoredValue, WriteSignal, effect, signal, spawn_local};

// web-sys has these types only behind its unstable interface.
#[wasm_bindgen]
extern "C" {
    type WakeLock;
    #[wasm_bindgen(method, catch)]
    fn request(this: &WakeLock, kind: &str) -> Result<Promise, JsValue>;
}

/// The screen of this device.
#[derive(Clone, Copy)]
pub struct Screen {
    /// True if it may go off although it is to stay on, because the browser cannot keep it on, or refuses to.
    pub may_go_off: ReadSignal<bool>,
    set_may_go_off: WriteSignal<bool>,
    wanted: StoredValue<bool>,
    lock: StoredValue<Option<SendWrapper<JsValue>>>,
}

impl Screen {
    pub(super) fn new() -> Self {
        let (may_go_off, set_may_go_off) = signal(false);
        let screen = Self {
            may_go_off,
            set_may_go_off,
            wanted: StoredValue::new(false),
            lock: StoredValue::new(None),
        };
        // The browser takes the lock back when the page is hidden.
        effect(move || {
            let shown = window_event_listener_untyped("visibilitychange", move |_| screen.ask());
            on_cleanup(move || shown.remove());
        });
        screen
    }

    /// Keeps the screen on from now on, or lets it go off.
    pub(super) fn keep_on(self, on: bool) {
        self.wanted.set_value(on);
        if on {
            self.ask();
        } else if let Some(lock) = self.lock.try_update_value(Option::take).flatten() {
            release(&lock);
        }
    }

    fn ask(self) {
        let is_wanted = self.wanted.try_get_value() == Some(true);
        if !is_wanted || document().visibility_state() != VisibilityState::Visible {
            return;
        }
        let locks = Reflect::get(&window().navigator(), &"wakeLock".into()).unwrap_or_default();
        if !locks.is_object() {
            self.set_may_go_off.try_set(true);
            return;
        }
        let asked = locks.unchecked_into::<WakeLock>().request("screen");
        spawn_local(async move {
            let lock = match asked {
                Ok(asked) => JsFuture::from(asked).await,
                Err(error) => Err(error),
            };
            self.set_may_go_off.try_set(lock.is_err());
            if let Ok(lock) = lock {
                let released = Closure::once_into_js(move || self.released());
                // A lock that cannot report its end is at least asked for again after the page was hidden.
                let _ = Reflect::set(&lock, &"onrelease".into(), &released);
                self.lock.try_set_value(Some(SendWrapper::new(lock)));
            }
        });
    }

    /// The browser has taken the lock back. While the page is shown it does so to save the battery, and would refuse
    /// another.
    fn released(self) {
        let is_wanted = self.wanted.try_get_value() == Some(true);
        if is_wanted && document().visibility_state() == VisibilityState::Visible {
            self.set_may_go_off.try_set(true);
        }
    }
}

fn release(lock: &JsValue) {
    let release = Reflect::get(lock, &"release".into()).ok().and_then(|release| release.dyn_into().ok());
    if let Some(release) = release {
        let release: Function = release;
        // A lock that the browser has taken back already needs no release.
        let _ = release.call0(lock);
    }
}
