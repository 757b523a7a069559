//! Leptos's `RwSignal`, on a cell with a trigger.

use leptos::prelude::ArcTrigger;

use super::cell::{GONE, Typed};

/// A value that is followed.
pub struct RwSignal<T>(Typed<T>);

copied! { RwSignal }
readers! { RwSignal }

/// A signal that is read.
pub type ReadSignal<T> = RwSignal<T>;
/// A signal that is written.
pub type WriteSignal<T> = RwSignal<T>;

/// Returns a signal as its two sides.
pub fn signal<T: Send + Sync + 'static>(value: T) -> (ReadSignal<T>, WriteSignal<T>) {
    let signal = RwSignal::new(value);
    (signal, signal)
}

#[expect(missing_docs, reason = "leptos has the same")]
impl<T: Send + Sync + 'static> RwSignal<T> {
    pub fn new(value: T) -> Self {
        Self(Typed::new(value, Some(ArcTrigger::new())))
    }

    pub fn read_only(self) -> ReadSignal<T> {
        self
    }

    pub fn track(self) {
        self.with(|_| ());
    }

    pub fn with<U>(self, fun: impl FnOnce(&T) -> U) -> U {
        self.0.try_with(true, fun).expect(GONE)
    }

    pub fn try_with_untracked<U>(self, fun: impl FnOnce(&T) -> U) -> Option<U> {
        self.0.try_with(false, fun)
    }

    pub fn with_untracked<U>(self, fun: impl FnOnce(&T) -> U) -> U {
        self.try_with_untracked(fun).expect(GONE)
    }

    pub fn try_update<U>(self, fun: impl FnOnce(&mut T) -> U) -> Option<U> {
        self.0.try_update(fun)
    }

    pub fn try_maybe_update<U>(self, fun: impl FnOnce(&mut T) -> (bool, U)) -> Option<U> {
        self.0.try_maybe_update(fun)
    }

    pub fn update(self, fun: impl FnOnce(&mut T)) {
        self.try_update(fun).expect(GONE);
    }

    pub fn try_set(self, value: T) -> Option<T> {
        self.0.try_set(value)
    }

    pub fn set(self, value: T) {
        assert!(self.try_set(value).is_none(), "{GONE}");
    }
}

impl<T: Default + Send + Sync + 'static> Default for RwSignal<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}
