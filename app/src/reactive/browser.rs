//! Leptos's types by the same names, as far as this crate uses them, on one type of cell and one type of memo.

use std::{
    any::Any,
    marker::PhantomData,
    sync::{Arc, Mutex},
};

use leptos::{
    prelude::{self, ArcTrigger, Get, GetUntracked, Notify, Track, UpdateValue, WithValue},
    tachys::reactive_graph::ReactiveFunction,
};

/// Anything that a cell may hold.
trait Held: Any + Send + Sync {}

impl<T: Any + Send + Sync> Held for T {}

struct Cell {
    value: Box<dyn Held>,
    /// A stored value has none.
    trigger: Option<ArcTrigger>,
}

/// The place of a value, for as long as the part of the page that made it.
type Place = prelude::StoredValue<Cell>;

/// Returns false if the part of the page is gone.
fn read(place: Place, is_tracked: bool, read: &mut dyn FnMut(&dyn Any)) -> bool {
    let done = place.try_with_value(|cell| {
        if let Some(trigger) = cell.trigger.as_ref().filter(|_| is_tracked) {
            trigger.track();
        }
        let value: &dyn Held = &*cell.value;
        read(value);
    });
    done.is_some()
}

/// Returns false if the part of the page is gone. The followers of the value learn of it where `write` returns true.
fn write(place: Place, write: &mut dyn FnMut(&mut dyn Any) -> bool) -> bool {
    let trigger = place.try_update_value(|cell| {
        let value: &mut dyn Held = &mut *cell.value;
        let is_changed = write(value);
        cell.trigger.clone().filter(|_| is_changed)
    });
    // The cell is free again when others look at it.
    if let Some(trigger) = trigger.as_ref().and_then(Option::as_ref) {
        trigger.notify();
    }
    trigger.is_some()
}

const GONE: &str = "the part of the page that made it is there";
const TYPED: &str = "a place is only known with the type of its value";

/// Returns the value with its type. Once for each type and never inlined, because types are compared by 16 octets that do
/// not get smaller when they are compressed.
#[inline(never)]
fn of_type<T: 'static>(value: &dyn Any) -> &T {
    value.downcast_ref().expect(TYPED)
}

/// As [`of_type`], to change the value.
#[inline(never)]
fn of_type_mut<T: 'static>(value: &mut dyn Any) -> &mut T {
    value.downcast_mut().expect(TYPED)
}

/// The typed side of a place.
struct Typed<T>(Place, PhantomData<fn() -> T>);

impl<T> Clone for Typed<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Typed<T> {}

impl<T: Send + Sync + 'static> Typed<T> {
    fn new(value: T, trigger: Option<ArcTrigger>) -> Self {
        Self(Place::new(Cell { value: Box::new(value), trigger }), PhantomData)
    }

    fn try_with<U>(self, is_tracked: bool, fun: impl FnOnce(&T) -> U) -> Option<U> {
        let (mut fun, mut result) = (Some(fun), None);
        read(self.0, is_tracked, &mut |value| {
            result = fun.take().map(|fun| fun(of_type(value)));
        });
        result
    }

    fn try_maybe_update<U>(self, fun: impl FnOnce(&mut T) -> (bool, U)) -> Option<U> {
        let (mut fun, mut result) = (Some(fun), None);
        write(self.0, &mut |value| {
            let done = fun.take().map(|fun| fun(of_type_mut(value)));
            let is_changed = done.as_ref().is_some_and(|(is_changed, _)| *is_changed);
            result = done.map(|(_, result)| result);
            is_changed
        });
        result
    }

    fn try_update<U>(self, fun: impl FnOnce(&mut T) -> U) -> Option<U> {
        self.try_maybe_update(|value| (true, fun(value)))
    }

    /// Gives the value back if the part of the page is gone.
    fn try_set(self, value: T) -> Option<T> {
        let mut value = Some(value);
        write(self.0, &mut |old| {
            if let Some(value) = value.take() {
                *of_type_mut(old) = value;
            }
            true
        });
        value
    }
}

macro_rules! handle {
    ($($(#[$attribute:meta])* $name:ident)+) => {
        $(
            $(#[$attribute])*
            pub struct $name<T>(Typed<T>);

            impl<T> Clone for $name<T> {
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl<T> Copy for $name<T> {}
        )+
    };
}

handle! {
    /// A value that is not followed.
    StoredValue
    /// A value that is followed.
    RwSignal
}

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
impl<T: Send + Sync + 'static> StoredValue<T> {
    pub fn new(value: T) -> Self {
        Self(Typed::new(value, None))
    }

    pub fn try_with_value<U>(self, fun: impl FnOnce(&T) -> U) -> Option<U> {
        self.0.try_with(false, fun)
    }

    pub fn with_value<U>(self, fun: impl FnOnce(&T) -> U) -> U {
        self.try_with_value(fun).expect(GONE)
    }

    pub fn try_get_value(self) -> Option<T>
    where
        T: Clone,
    {
        self.try_with_value(T::clone)
    }

    pub fn get_value(self) -> T
    where
        T: Clone,
    {
        self.with_value(T::clone)
    }

    pub fn try_update_value<U>(self, fun: impl FnOnce(&mut T) -> U) -> Option<U> {
        self.0.try_update(fun)
    }

    pub fn update_value(self, fun: impl FnOnce(&mut T)) {
        self.try_update_value(fun).expect(GONE);
    }

    pub fn try_set_value(self, value: T) -> Option<T> {
        self.0.try_set(value)
    }

    pub fn set_value(self, value: T) {
        assert!(self.try_set_value(value).is_none(), "{GONE}");
    }
}

impl<T: Default + Send + Sync + 'static> Default for StoredValue<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
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

    pub fn get(self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    pub fn try_get_untracked(self) -> Option<T>
    where
        T: Clone,
    {
        self.try_with_untracked(T::clone)
    }

    pub fn get_untracked(self) -> T
    where
        T: Clone,
    {
        self.with_untracked(T::clone)
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

impl<T> Clone for Memo<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Memo<T> {}

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

    pub fn get(self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    pub fn get_untracked(self) -> T
    where
        T: Clone,
    {
        self.with_untracked(T::clone)
    }

    pub fn try_get_untracked(self) -> Option<T>
    where
        T: Clone,
    {
        self.try_with_untracked(T::clone)
    }
}

/// Any value that can be followed.
pub enum Signal<T> {
    /// A memo's.
    Memo(Memo<T>),
    /// A signal's.
    Signal(RwSignal<T>),
    /// The value that a closure returns.
    Derived(StoredValue<Arc<dyn Fn() -> T + Send + Sync>>),
}

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Signal<T> {}

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

macro_rules! reactive {
    ($($name:ident)+) => {
        $(impl<T: Clone + Send + Sync + 'static> ReactiveFunction for $name<T> {
            type Output = T;

            fn invoke(&mut self) -> T {
                self.get()
            }

            fn into_shared(self) -> Arc<Mutex<dyn FnMut() -> T + Send>> {
                Arc::new(Mutex::new(move || self.get()))
            }
        })+
    };
}

reactive! { RwSignal Memo Signal }
