//! Leptos's `StoredValue`, on a cell without a trigger.

use super::cell::{GONE, Typed};

/// A value that is not followed.
pub struct StoredValue<T>(Typed<T>);

copied! { StoredValue }

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
