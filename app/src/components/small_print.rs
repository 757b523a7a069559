//! The end of every page, with the limits of this service.

use leptos::prelude::*;

use crate::{
    language::use_i18n,
    page_table::{CALLS, INSTALL},
    part::IntoPart,
    reactive::{RwSignal, Signal, effect},
    words::text,
};

/// The notes at the end of a page.
#[component]
pub fn SmallPrint(
    /// True if this page can sound alarms.
    #[prop(optional)]
    listens: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let insecure = RwSignal::new(false);
    effect(move || insecure.set(!window().is_secure_context()));
    view! {
        <footer class="small-print">
            <p>
                {text!(i18n, print.not_119)} " " <a class="tel" href="tel:119">
                    {text!(i18n, print.call_119)}
                </a>
            </p>
            {listens.then(|| view! {
                <p>
                    {text!(i18n, print.only_open)} " " <a class="tel to-home-screen" href=INSTALL.path rel="external">
                        {text!(i18n, install.link)}
                    </a>
                </p>
                <p><a href=CALLS.path rel="external" data-testid="past-calls">{text!(i18n, calls.link)}</a></p>
            })}
            <p class="warning" hidden=Signal::derive(move || !insecure.get())>
                {text!(i18n, print.insecure)}
            </p>
        </footer>
    }
    .still()
}
