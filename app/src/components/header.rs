//! The head of the home page, with the flat, the connection, the language, and signing out.

use domain::Role;
use leptos::prelude::*;

use super::{LanguageSwitch, connection_pill::ConnectionPill};
use crate::{
    home::Home,
    i18n::td_string,
    language::use_i18n,
    page_table::STATISTICS,
    part::IntoPart,
    reactive::Signal,
    words::{self, text},
};

/// The head of the home page.
#[component]
pub fn Header() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let flat = move || {
        let locale = i18n.get_locale();
        home.viewer.with_value(|viewer| match viewer.flat() {
            Some((line, house)) => {
                format!("{} · {}", words::line(locale, line), words::house(locale, house))
            }
            None => td_string!(locale, names.office).to_owned(),
        })
    };
    let is_administrator = home.viewer.with_value(|viewer| viewer.role == Role::Administrator);
    view! {
        <header class="page-header">
            <div class="brand-and-flat">
                <span class="brand">{text!(i18n, app.name)}</span>
                <span class="flat">{Signal::derive(flat)}</span>
            </div>
            <ConnectionPill />
            <div class="page-header-tools">
                {is_administrator
                    .then(|| view! {
                        <a class="quiet-button" href=STATISTICS.path rel="external" data-testid="statistics">
                            {text!(i18n, header.statistics)}
                        </a>
                    })}
                <LanguageSwitch />
                <form method="post" action="/sign-out">
                    <button class="quiet-button" type="submit" data-testid="sign-out">
                        {text!(i18n, header.sign_out)}
                    </button>
                </form>
            </div>
        </header>
    }
    .still()
}
