//! Leptos's `Signal`, which is any of the others.

use std::sync::Arc;

use leptos::prelude;

use super::{Memo, RwSignal, StoredValue};

/// Any value that can be followed.
pub enum Signal<T> {
    /// A memo's.
    Memo(Memo<T>),
    /// A signal's.
    Signal(RwSignal<T>),
    /// The value that a closure returns.
    Derived(StoredValue<Arc<dyn Fn() -> T + Send + Sync>>),
}

copied! { Signal }

#[expect(missing_docs, reason = "leptos has the same")]
impl<T: Send + Sync + 'static> Signal<T> {
    pub fn derive(fun: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self::Derived(StoredValue::new(Arc::new(fun)))
    }

    pub fn with<U>(self, fun: impl FnOnce(&T) -> U) -> U {
        match self {
            Self::Memo(memo) => memo.with(fun),
            Self::Signal(signal) => signal.with(fun),
            Self::Derived(derive) => fun(&(derive.get_value())()),
        }
    }

    pub fn get(self) -> T
    where
        T: Clone,
    {
        match self {
            Self::Derived(derive) => (derive.get_value())(),
            _ => self.with(T::clone),
        }
    }

    /// Returns nothing if the part of the page is gone.
    pub fn try_get_untracked(self) -> Option<T>
    where
        T: Clone,
    {
        match self {
            Self::Memo(memo) => memo.try_get_untracked(),
            Self::Signal(signal) => signal.try_get_untracked(),
            Self::Derived(derive) => derive.try_get_value().map(|derive| prelude::untrack(|| derive())),
        }
    }
}

impl<T> From<Memo<T>> for Signal<T> {
    fn from(memo: Memo<T>) -> Self {
        Self::Memo(memo)
    }
}

impl<T> From<RwSignal<T>> for Signal<T> {
    fn from(signal: RwSignal<T>) -> Self {
        Self::Signal(signal)
    }
}
