//! Leptos's `Memo`, on the one type of memo.

use std::{any::Any, marker::PhantomData, sync::Arc};

use leptos::prelude::{self, Get, GetUntracked, Track};

use super::cell::{Held, of_type};

/// The value of a memo, and how to compare it with another.
#[derive(Clone)]
struct Shared {
    value: Arc<dyn Held>,
    is_same: fn(&dyn Any, &dyn Any) -> bool,
}

impl Shared {
    fn new<T: PartialEq + Send + Sync + 'static>(value: T) -> Self {
        let is_same = |one: &dyn Any, other: &dyn Any| {
            one.downcast_ref::<T>().zip(other.downcast_ref::<T>()).is_some_and(|(one, other)| one == other)
        };
        Self { value: Arc::new(value), is_same }
    }

    fn any(&self) -> &dyn Any {
        let value: &dyn Held = &*self.value;
        value
    }

    fn typed<T: 'static>(&self) -> &T {
        of_type(self.any())
    }
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        (self.is_same)(self.any(), other.any())
    }
}

/// A value that follows from others, and is followed only when it changes.
pub struct Memo<T>(prelude::Memo<Shared>, PhantomData<fn() -> T>);

copied! { Memo }
readers! { Memo }

/// Derives a value from the one before it.
type Derive = dyn Fn(Option<&Shared>) -> Shared + Send + Sync;

#[expect(missing_docs, reason = "leptos has the same")]
impl<T: Send + Sync + 'static> Memo<T> {
    pub fn new(fun: impl Fn(Option<&T>) -> T + Send + Sync + 'static) -> Self
    where
        T: PartialEq,
    {
        let fun: Box<Derive> = Box::new(move |before| Shared::new(fun(before.map(Shared::typed))));
        Self(prelude::Memo::new(fun), PhantomData)
    }

    pub fn with<U>(self, fun: impl FnOnce(&T) -> U) -> U {
        fun(self.0.get().typed())
    }

    pub fn with_untracked<U>(self, fun: impl FnOnce(&T) -> U) -> U {
        fun(self.0.get_untracked().typed())
    }

    pub fn try_with_untracked<U>(self, fun: impl FnOnce(&T) -> U) -> Option<U> {
        self.0.try_get_untracked().map(|value| fun(value.typed()))
    }

    pub fn track(self) {
        self.0.track();
    }
}
