//! Parts that come and go while the page lives. Leptos has `<Show>` and `<For>` for it, whose code the browser's part
//! would have once more for each view, condition and key.

use leptos::prelude::*;

#[cfg(not(feature = "ssr"))]
use super::list::{List, Row};
use super::{IntoPart, Part};
use crate::reactive::Memo;

type Make = Box<dyn Fn() -> Part + Send + Sync>;

/// Shows a part while a condition holds.
pub fn shown_while(
    condition: impl Fn() -> bool + Send + Sync + 'static,
    make: impl Fn() -> Part + Send + Sync + 'static,
) -> impl IntoView {
    shown_or_not(Memo::new(move |_| condition()), Box::new(make))
}

fn shown_or_not(is_shown: Memo<bool>, make: Make) -> impl IntoView {
    move || if is_shown.get() { make() } else { ().part() }
}

/// A part for each key, in the order of the keys.
#[cfg(feature = "ssr")]
pub fn for_each<K: Clone + PartialEq + Send + Sync + 'static>(
    keys: impl Fn() -> Vec<K> + Send + Sync + 'static,
    make: impl Fn(K) -> Part + Send + Sync + 'static,
) -> impl IntoView {
    move || keys().into_iter().map(&make).collect_view()
}

/// A part for each key, in the order of the keys. A part whose key stays is kept, and moved where it has to be.
#[cfg(not(feature = "ssr"))]
pub fn for_each<K: Clone + PartialEq + Send + Sync + 'static>(
    keys: impl Fn() -> Vec<K> + Send + Sync + 'static,
    make: impl Fn(K) -> Part + Send + Sync + 'static,
) -> impl IntoView {
    let parent = Owner::current().expect("a list is a part of another");
    let mut before: Vec<Option<K>> = Vec::new();
    following(Box::new(move || {
        let now = keys();
        let row = |key: &K| match before.iter().position(|old| old.as_ref() == Some(key)) {
            Some(place) => {
                before[place] = None;
                Row::Kept(place)
            }
            None => Row::made(&parent, &mut || make(key.clone())),
        };
        let rows = now.iter().map(row).collect();
        before = now.into_iter().map(Some).collect();
        List(rows)
    }))
}

#[cfg(not(feature = "ssr"))]
fn following(mut list: Box<dyn FnMut() -> List + Send + Sync>) -> impl IntoView {
    move || list()
}
