//! A set as a sorted vector, with what the domain uses of `std::collections::BTreeSet`.

use std::{borrow::Borrow, ops::RangeBounds, slice};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{insert_all, insert_at, within};

/// A set whose elements are sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Set<T>(Vec<T>);

sorted_vector! { Set<T> of T }

impl<T> Set<T> {
    /// The elements in their order.
    pub fn iter(&self) -> slice::Iter<'_, T> {
        self.0.iter()
    }

    /// The least element.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.0.first()
    }

    /// Takes all elements away.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Keeps the elements for which `keep` is true.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }
}

impl<T: Ord> Set<T> {
    /// True if the element is in the set.
    pub fn contains<Q: Ord + ?Sized>(&self, element: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.binary_search_by(|other| other.borrow().cmp(element)).is_ok()
    }

    /// Adds an element, and returns true if it was not there.
    pub fn insert(&mut self, element: T) -> bool {
        let place = self.0.binary_search(&element);
        place.inspect_err(|place| insert_at(&mut self.0, *place, element)).is_err()
    }

    /// Takes an element away, and returns true if it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, element: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        let place = self.0.binary_search_by(|other| other.borrow().cmp(element));
        place.map(|place| self.0.remove(place)).is_ok()
    }

    /// True if the other set has each element of this one.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().all(|element| other.contains(element))
    }

    /// The elements within `range`.
    pub fn range(&self, range: impl RangeBounds<T>) -> slice::Iter<'_, T> {
        self.0[within(&self.0, |element| element, &range)].iter()
    }
}

impl<T: Ord> Extend<T> for Set<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        insert_all(&mut self.0, elements.into_iter());
    }
}

impl<T: Ord> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut sorted = Self::new();
        sorted.extend(elements);
        sorted
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for Set<T> {
    fn from(elements: [T; N]) -> Self {
        elements.into_iter().collect()
    }
}

impl<'a, T> IntoIterator for &'a Set<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Serialize> Serialize for Set<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de, T: Deserialize<'de> + Ord> Deserialize<'de> for Set<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(from)?.into_iter().collect())
    }
}
