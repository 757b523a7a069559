//! The title of the page's tab. While a neighbour calls for help it is words and the page's own title by turns.

use std::time::Duration;

use crate::reactive::{Signal, StoredValue, effect};

use leptos::prelude::*;

/// Gives the page its title, which follows the language. The browser does not use leptos's `<Title>`, which has a stack of
/// titles for pages that change in place.
pub fn show(title: impl Fn() -> String + Send + Sync + 'static) {
    #[cfg(feature = "ssr")]
    drop(leptos_meta::Title(leptos_meta::TitleProps::builder().text(title).build()));
    #[cfg(not(feature = "ssr"))]
    effect(move || document().set_title(&title()));
}

/// While `words` has some, the document's title alternates between them and its own. Twice in three seconds is slow
/// enough not to flash (WCAG 2.3.1).
pub fn alternate(words: Signal<Option<String>>) {
    let own = StoredValue::new(None::<String>);
    let restore = move || {
        if let Some(title) = own.try_update_value(Option::take).flatten() {
            document().set_title(&title);
        }
    };
    effect(move || {
        let Some(words) = words.get() else {
            return;
        };
        own.set_value(Some(document().title()));
        document().set_title(&words);
        let turn = move || {
            let own = own.try_get_value().flatten().unwrap_or_default();
            document().set_title(if document().title() == words { &own } else { &words });
        };
        let interval = set_interval_with_handle(turn, Duration::from_millis(1_500));
        on_cleanup(move || {
            if let Ok(interval) = interval {
                interval.clear();
            }
            restore();
        });
    });
}
