//! The ordered maps and sets of the domain. The server has the standard library's trees. The browser has few elements and
//! its code travels over the network, so there they are sorted vectors, whose code is a small part of a tree's.

#[cfg(not(target_arch = "wasm32"))]
pub use std::collections::{BTreeMap, BTreeSet};

#[cfg(target_arch = "wasm32")]
pub use self::{map::Map as BTreeMap, set::Set as BTreeSet};

#[cfg(any(target_arch = "wasm32", test))]
mod map;
#[cfg(any(target_arch = "wasm32", test))]
mod set;
#[cfg(test)]
mod tests;

/// Returns the part of a sorted slice whose keys are within `range`.
#[cfg(any(target_arch = "wasm32", test))]
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
