//! The links between the pages of the management office.

use leptos::prelude::*;

use crate::{
    i18n::{Locale, td_string},
    page_table::{HOME, PEOPLE, Page, STATISTICS},
};

/// The links, with the page that is shown marked.
pub(crate) fn office_nav(locale: Locale, shown: Page) -> AnyView {
    let pages = [
        (HOME, td_string!(locale, office.now)),
        (STATISTICS, td_string!(locale, office.statistics)),
        (PEOPLE, td_string!(locale, office.people)),
    ];
    let links = pages.map(|(page, words)| {
        let current = (page == shown).then_some("page");
        view! {
            <a class="quiet-button" href=page.path rel="external" aria-current=current>{words}</a>
        }
        .into_any()
    });
    view! {
        <nav class="office-nav no-print" aria-label=td_string!(locale, office.label)>{Vec::from(links)}</nav>
    }
    .into_any()
}
