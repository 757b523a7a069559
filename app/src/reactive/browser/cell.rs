//! The one type of cell, whose code knows no type of a value, and the typed side of a cell.

use std::{any::Any, marker::PhantomData};

use leptos::prelude::{self, ArcTrigger, Notify, Track, UpdateValue, WithValue};

/// Anything that a cell may hold.
pub(super) trait Held: Any + Send + Sync {}

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

pub(super) const GONE: &str = "the part of the page that made it is there";
const TYPED: &str = "a place is only known with the type of its value";

/// Returns the value with its type. Once for each type and never inlined, because types are compared by 16 octets that do
/// not get smaller when they are compressed.
#[inline(never)]
pub(super) fn of_type<T: 'static>(value: &dyn Any) -> &T {
    value.downcast_ref().expect(TYPED)
}

/// As [`of_type`], to change the value.
#[inline(never)]
fn of_type_mut<T: 'static>(value: &mut dyn Any) -> &mut T {
    value.downcast_mut().expect(TYPED)
}

/// The typed side of a place.
pub(super) struct Typed<T>(Place, PhantomData<fn() -> T>);

copied! { Typed }

impl<T: Send + Sync + 'static> Typed<T> {
    pub(super) fn new(value: T, trigger: Option<ArcTrigger>) -> Self {
        Self(Place::new(Cell { value: Box::new(value), trigger }), PhantomData)
    }

    pub(super) fn try_with<U>(self, is_tracked: bool, fun: impl FnOnce(&T) -> U) -> Option<U> {
        let (mut fun, mut result) = (Some(fun), None);
        read(self.0, is_tracked, &mut |value| {
            result = fun.take().map(|fun| fun(of_type(value)));
        });
        result
    }

    pub(super) fn try_maybe_update<U>(self, fun: impl FnOnce(&mut T) -> (bool, U)) -> Option<U> {
        let (mut fun, mut result) = (Some(fun), None);
        write(self.0, &mut |value| {
            let done = fun.take().map(|fun| fun(of_type_mut(value)));
            let is_changed = done.as_ref().is_some_and(|(is_changed, _)| *is_changed);
            result = done.map(|(_, result)| result);
            is_changed
        });
        result
    }

    pub(super) fn try_update<U>(self, fun: impl FnOnce(&mut T) -> U) -> Option<U> {
        self.try_maybe_update(|value| (true, fun(value)))
    }

    /// Gives the value back if the part of the page is gone.
    pub(super) fn try_set(self, value: T) -> Option<T> {
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
