//! The title of the page's tab while a neighbour calls for help, which is words and the page's own title by turns.

use std::time::Duration;

use crate::reactive::{Signal, StoredValue, effect};

use leptos::prelude::*;

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
