//! `/sign-in`, a plain form. Where it failed the address names the reason.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    components::{PlainHeader, SmallPrint},
    context::{DemoAccounts, PageContext},
    i18n::{Locale, t, t_string, td_string, use_i18n},
    words::say,
};

/// The sign-in page.
#[component]
pub fn SignInPage() -> impl IntoView {
    let i18n = use_i18n();
    let page = PageContext::current();
    let query = use_query_map();
    let asked = move |name: &str| query.with(|query| query.get(name));
    let problem = move || asked("problem").and_then(|problem| problem_words(i18n.get_locale(), &problem));
    let signed_in = page.viewer.map(|viewer| {
        view! {
            <p class="notice">
                {t_string!(i18n, sign_in.signed_in, name = viewer.name)} " "
                <a href="/" rel="external">{say!(i18n, sign_in.go_home)}</a>
            </p>
        }
    });
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, sign_in.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="narrow">
            <h1>{say!(i18n, sign_in.heading)}</h1>
            <p class="tagline">{say!(i18n, app.tagline)}</p>
            {signed_in}
            {move || problem().map(|problem| view! { <p class="notice error" role="alert">{problem}</p> })}
            <form class="stack" method="post" action="/sign-in">
                <input type="hidden" name="next" value=move || asked("next").unwrap_or_else(|| "/".to_owned()) />
                // Asks the server to find out whether this browser keeps the cookie.
                <input type="hidden" name="check" value="1" />
                <label>
                    <span>{say!(i18n, sign_in.name)}</span>
                    <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus />
                </label>
                <label>
                    <span>{say!(i18n, sign_in.password)}</span>
                    <input name="password" type="password" autocomplete="current-password" required />
                </label>
                <button type="submit" class="primary">{say!(i18n, sign_in.submit)}</button>
            </form>
            {page.demo.map(|accounts| view! { <Demo accounts /> })}
        </main>
        <SmallPrint />
    }
    .into_any()
}

/// The accounts of the demo complex.
#[component]
fn Demo(accounts: DemoAccounts) -> impl IntoView {
    let i18n = use_i18n();
    let names = accounts.names.into_iter().map(|name| view! { <li><code>{name}</code></li> });
    view! {
        <section class="demo">
            <h2>{say!(i18n, sign_in.demo_heading)}</h2>
            <p>{t!(i18n, sign_in.demo_password, password = accounts.password)}</p>
            <ul>{names.collect_view()}</ul>
        </section>
    }
    .into_any()
}

fn problem_words(locale: Locale, problem: &str) -> Option<&'static str> {
    match problem {
        "refused" => Some(td_string!(locale, sign_in.refused)),
        "busy" => Some(td_string!(locale, sign_in.busy)),
        "locked" => Some(td_string!(locale, sign_in.locked)),
        "cookie" => Some(td_string!(locale, sign_in.cookie)),
        "insecure" => Some(td_string!(locale, sign_in.insecure)),
        "unavailable" => Some(td_string!(locale, sign_in.unavailable)),
        _ => None,
    }
}
