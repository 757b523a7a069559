//! Leptos's types by the same names, as far as this crate uses them, on one type of cell and one type of memo.

/// Makes handles of values `Copy`, also where the values are not.
macro_rules! copied {
    ($name:ident) => {
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<T> {}
    };
}

/// Adds the readers that return a copy of the value.
macro_rules! readers {
    ($name:ident) => {
        #[expect(missing_docs, reason = "leptos has the same")]
        impl<T: Clone + Send + Sync + 'static> $name<T> {
            pub fn get(self) -> T {
                self.with(T::clone)
            }

            pub fn get_untracked(self) -> T {
                self.with_untracked(T::clone)
            }

            pub fn try_get_untracked(self) -> Option<T> {
                self.try_with_untracked(T::clone)
            }
        }
    };
}

mod any_signal;
mod cell;
mod memo;
mod rw_signal;
mod stored_value;

use std::sync::{Arc, Mutex};

use leptos::tachys::reactive_graph::ReactiveFunction;

pub use self::{
    any_signal::Signal,
    memo::Memo,
    rw_signal::{ReadSignal, RwSignal, WriteSignal, signal},
    stored_value::StoredValue,
};

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
