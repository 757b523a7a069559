//! Signals, memos and effects. The server has leptos's own. The browser has the same by fewer types, because leptos has its
//! machinery once more for the type of each value and each closure.

use std::{future::Future, pin::Pin};

#[cfg(not(feature = "ssr"))]
mod browser;

#[cfg(not(feature = "ssr"))]
pub use browser::{Memo, ReadSignal, RwSignal, Signal, StoredValue, WriteSignal, signal};
#[cfg(feature = "ssr")]
pub use leptos::prelude::{Memo, ReadSignal, RwSignal, Signal, StoredValue, WriteSignal, signal};

use leptos::prelude::Effect;

/// A value that can be followed, as the one type of such values. Each other type would be one more in the views, and have
/// code of its own there.
pub trait IntoSignal<T: Send + Sync + 'static> {
    /// Returns the same value.
    fn into_signal(self) -> Signal<T>;
}

impl<T: Send + Sync + 'static> IntoSignal<T> for Memo<T> {
    fn into_signal(self) -> Signal<T> {
        self.into()
    }
}

impl<T: Send + Sync + 'static> IntoSignal<T> for RwSignal<T> {
    fn into_signal(self) -> Signal<T> {
        self.into()
    }
}

/// Runs in the browser once the page is there, and again when what it has read changes.
pub fn effect(run: impl FnMut() + 'static) {
    let run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(run);
}

/// As [`effect`], with what it returned the last time.
pub fn effect_after<T: 'static>(mut run: impl FnMut(Option<T>) -> T + 'static) {
    let mut before = None;
    effect(move || before = Some(run(before.take())));
}

/// Runs a future in the browser.
pub fn spawn_local(future: impl Future<Output = ()> + 'static) {
    let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    leptos::task::spawn_local(future);
}
