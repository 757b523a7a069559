//! The ordered maps and sets of the domain. The server has the standard library's trees. The browser has few elements and
//! its code travels over the network, so there they are sorted vectors, whose code is a small part of a tree's. The server
//! has them where one element is the rule, because a tree takes memory for eleven.

use std::cmp::Ordering;
#[cfg(not(target_arch = "wasm32"))]
pub use std::collections::{BTreeMap, BTreeSet};

#[cfg(target_arch = "wasm32")]
pub use self::{map::Map as BTreeMap, set::Set as BTreeSet};
pub use self::{map::Map as SmallMap, set::Set as SmallSet};

/// Adds the part in which a map and a set are the same sorted vector.
macro_rules! sorted_vector {
    ($name:ident<$key:ident $(, $value:ident)?> of $element:ty) => {
        impl<$key $(, $value)?> $name<$key $(, $value)?> {
            /// An empty one.
            #[must_use]
            pub const fn new() -> Self {
                Self(Vec::new())
            }

            /// The number of elements.
            #[must_use]
            pub const fn len(&self) -> usize {
                self.0.len()
            }

            /// True without elements.
            #[must_use]
            pub const fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl<$key $(, $value)?> Default for $name<$key $(, $value)?> {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<$key $(, $value)?> IntoIterator for $name<$key $(, $value)?> {
            type Item = $element;
            type IntoIter = std::vec::IntoIter<$element>;

            fn into_iter(self) -> Self::IntoIter {
                self.0.into_iter()
            }
        }
    };
}

mod map;
mod set;
#[cfg(test)]
mod tests;

/// Sorts, and leaves equal elements in their order.
#[cfg(not(target_arch = "wasm32"))]
pub fn sort_by<T>(elements: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    elements.sort_by(compare);
}

/// Sorts, and leaves equal elements in their order. Places are sorted instead, since the standard library's
/// sort has kilobytes of code for each type.
#[cfg(target_arch = "wasm32")]
pub fn sort_by<T>(elements: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let places = sorted_places(elements.len(), &|one, other| compare(&elements[one], &elements[other]));
    arrange(places, &mut |one, other| elements.swap(one, other));
}

/// Returns which element comes first, second and so on. The standard library's sort is ten times as long, and lists are
/// short here.
#[cfg(any(target_arch = "wasm32", test))]
fn sorted_places(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places = Vec::with_capacity(count);
    for place in 0..count {
        let before = places.partition_point(|other| compare(*other, place) != Ordering::Greater);
        places.insert(before, place);
    }
    places
}

/// Swaps until each element is where `places` wants it.
#[cfg(any(target_arch = "wasm32", test))]
fn arrange(mut places: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..places.len() {
        let mut here = start;
        while places[here] != start {
            let from = std::mem::replace(&mut places[here], here);
            swap(here, from);
            here = from;
        }
        places[here] = here;
    }
}

/// Adds the elements that a sorted vector lacks. It gets room for no other ones, because it nearly always stays as it is where
/// the server has one.
#[cfg(not(target_arch = "wasm32"))]
fn insert_all<T: Ord>(all: &mut Vec<T>, elements: impl Iterator<Item = T>) {
    let mut new: Vec<T> = elements.filter(|element| all.binary_search(element).is_err()).collect();
    if all.is_empty() {
        *all = new;
    } else {
        all.reserve_exact(new.len());
        all.append(&mut new);
    }
    // The sort merges parts that are sorted already.
    all.sort();
    all.dedup();
    all.shrink_to_fit();
}

/// Adds elements that a sorted vector lacks.
#[cfg(target_arch = "wasm32")]
fn insert_all<T: Ord>(all: &mut Vec<T>, elements: impl Iterator<Item = T>) {
    for element in elements {
        if let Err(place) = all.binary_search(&element) {
            insert_at(all, place, element);
        }
    }
}

/// Inserts an element at its place. The first one gets room for no other, because it stays alone nearly always where the
/// server has a sorted vector.
fn insert_at<T>(all: &mut Vec<T>, place: usize, element: T) {
    if cfg!(not(target_arch = "wasm32")) && all.is_empty() {
        all.reserve_exact(1);
    }
    all.insert(place, element);
}

/// Returns the part of a sorted slice whose keys are within `range`.
fn within<T, K: Ord>(
    all: &[T],
    key: impl Fn(&T) -> &K,
    range: &impl std::ops::RangeBounds<K>,
) -> std::ops::Range<usize> {
    use std::ops::Bound;

    let from = match range.start_bound() {
        Bound::Included(bound) => all.partition_point(|one| key(one) < bound),
        Bound::Excluded(bound) => all.partition_point(|one| key(one) <= bound),
        Bound::Unbounded => 0,
    };
    let to = match range.end_bound() {
        Bound::Included(bound) => all.partition_point(|one| key(one) <= bound),
        Bound::Excluded(bound) => all.partition_point(|one| key(one) < bound),
        Bound::Unbounded => all.len(),
    };
    from..to
}
