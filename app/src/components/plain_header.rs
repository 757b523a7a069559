//! The head of the pages that need no connection, with the name, which leads home, and the language.

use leptos::prelude::*;

use super::LanguageSwitch;
use crate::{language::use_i18n, part::IntoPart, words::text};

/// The head of a page without a connection.
#[component]
pub fn PlainHeader() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <header class="page-header">
            <a class="brand" href="/" rel="external">
                {text!(i18n, app.name)}
            </a>
            <div class="page-header-tools">
                <LanguageSwitch />
            </div>
        </header>
    }
    .still()
}
