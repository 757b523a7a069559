//! The link to the other language. In the browser it changes the words in place; without wasm it is followed.

use leptos::prelude::*;

use crate::{
    i18n::{I18nLocaleTrait, Locale},
    language::use_i18n,
    locale::{self, PARAMETER},
    part::IntoPart,
    reactive::Signal,
    request,
    words::text,
};

/// Returns the name of a language in that language, so that its speakers can read it.
fn name(locale: Locale) -> &'static str {
    match locale {
        Locale::ko => "한국어",
        Locale::en => "English",
    }
}

fn other(locale: Locale) -> Locale {
    match locale {
        Locale::ko => Locale::en,
        Locale::en => Locale::ko,
    }
}

/// The switch between Korean and English.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let i18n = use_i18n();
    let to = move || other(i18n.get_locale());
    let [korean, english] =
        [Locale::ko, Locale::en].map(|locale| request::query_with(PARAMETER, locale.as_str()));
    let address = move || match to() {
        Locale::ko => korean.clone(),
        Locale::en => english.clone(),
    };
    view! {
        <a
            class="quiet-button"
            data-testid="locale"
            href=Signal::derive(address)
            rel="external"
            lang=Signal::derive(move || to().as_str())
            hreflang=Signal::derive(move || to().as_str())
            title=Signal::derive(text!(i18n, header.language))
            on:click=move |event| {
                event.prevent_default();
                locale::choose(i18n, to());
            }
        >
            {Signal::derive(move || name(to()))}
        </a>
    }
    .still()
}
