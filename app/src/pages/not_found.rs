//! The page of any other address.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{PlainHeader, SmallPrint},
    i18n::{t_string, use_i18n},
    request,
    words::text,
};

/// The page of an address that names none.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let i18n = use_i18n();
    request::not_found();
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, not_found.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="narrow">
            <h1>{text!(i18n, not_found.heading)}</h1>
            <a class="button primary" href="/" rel="external">{text!(i18n, not_found.home)}</a>
        </main>
        <SmallPrint />
    }
    .into_any()
}
