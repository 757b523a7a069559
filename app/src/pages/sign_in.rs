//! `/sign-in`, a plain form, and a second one for the code of an account with a second factor. Below the first one is
//! the way to the housing service, where one is set up. Where it failed the address names the reason.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    components::{PlainHeader, SmallPrint},
    context::{DemoAccounts, PageContext},
    i18n::{Locale, t, t_string, td_string, use_i18n},
    words::text,
};

/// The housing service by which people can sign in. The server provides one as context where it is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name in Korean.
    pub korean: String,
    /// Its name in English.
    pub english: String,
    /// The address that leads there, with where to go on to.
    pub address: String,
}

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
                <a href="/" rel="external">{text!(i18n, sign_in.go_home)}</a>
            </p>
        }
    });
    // The page is rendered once for each address.
    let given = move |name: &str| query.with_untracked(|query| query.get(name));
    let (locale, next) = (i18n.get_locale_untracked(), given("next").unwrap_or_else(|| "/".to_owned()));
    let is_second_step = given("step").as_deref() == Some("code");
    let forms = if is_second_step { code_forms(locale, &next) } else { password_form(locale, &next) };
    let service = use_context::<Service>().filter(|_| !is_second_step);
    let service = service.map(|service| service_link(locale, service));
    let demo = page.demo.filter(|_| !is_second_step);
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, sign_in.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="narrow">
            <h1>{text!(i18n, sign_in.heading)}</h1>
            <p class="tagline">{text!(i18n, app.tagline)}</p>
            {signed_in}
            {move || problem().map(|problem| view! { <p class="notice error" role="alert">{problem}</p> })}
            {forms}
            {service}
            {demo.map(|accounts| view! { <Demo accounts /> })}
        </main>
        <SmallPrint />
    }
    .into_any()
}

/// The form for name and password.
fn password_form(locale: Locale, next: &str) -> AnyView {
    view! {
        <form class="stack" method="post" action="/sign-in">
            {kept_fields(next)}
            <label>
                <span>{td_string!(locale, sign_in.name)}</span>
                <input
                    name="name"
                    autocomplete="username"
                    autocapitalize="none"
                    spellcheck="false"
                    required
                    autofocus
                />
            </label>
            <label>
                <span>{td_string!(locale, sign_in.password)}</span>
                <input name="password" type="password" autocomplete="current-password" required />
            </label>
            <button type="submit" class="primary">{td_string!(locale, sign_in.submit)}</button>
        </form>
    }
    .into_any()
}

/// The way to the housing service. It is a link, because the policy of the page lets forms lead to this site alone.
fn service_link(locale: Locale, Service { korean, english, address }: Service) -> AnyView {
    let name = match locale {
        Locale::ko => korean,
        Locale::en => english,
    };
    view! {
        <div class="stack">
            <a class="button" href=address rel="external" data-testid="by-service">
                {td_string!(locale, sign_in.by_service, name = name.as_str())}
            </a>
        </div>
    }
    .into_any()
}

/// The forms of an account with a second factor, for the code of the app, and for a recovery code.
fn code_forms(locale: Locale, next: &str) -> AnyView {
    view! {
        <section class="stack" data-testid="second-step">
            <h2>{td_string!(locale, second_factor.enter)}</h2>
            <p>{td_string!(locale, second_factor.enter_means)}</p>
            <form class="stack" method="post" action="/sign-in/code">
                {kept_fields(next)}
                <label>
                    <span>{td_string!(locale, second_factor.code)}</span>
                    <input
                        name="code"
                        type="text"
                        inputmode="numeric"
                        autocomplete="one-time-code"
                        maxlength="9"
                        required
                        autofocus
                    />
                </label>
                <button type="submit" class="primary">{td_string!(locale, second_factor.submit)}</button>
            </form>
            <details class="act" data-testid="phone-lost">
                <summary>{td_string!(locale, second_factor.lost)}</summary>
                <form class="stack" method="post" action="/sign-in/code">
                    {kept_fields(next)}
                    <label>
                        <span>{td_string!(locale, second_factor.recovery)}</span>
                        <input
                            name="code"
                            type="text"
                            autocomplete="off"
                            autocapitalize="characters"
                            spellcheck="false"
                            maxlength="32"
                            required
                        />
                    </label>
                    <button type="submit">{td_string!(locale, second_factor.submit)}</button>
                </form>
            </details>
            <a href="/sign-in" rel="external">{td_string!(locale, second_factor.other_account)}</a>
        </section>
    }
    .into_any()
}

/// Where a form leads on to, and that the server is to find out whether this browser keeps the cookie.
fn kept_fields(next: &str) -> AnyView {
    view! {
        <input type="hidden" name="next" value=next.to_owned() />
        <input type="hidden" name="check" value="1" />
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
            <h2>{text!(i18n, sign_in.demo_heading)}</h2>
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
        "service-away" => Some(td_string!(locale, sign_in.service_away)),
        "service-refused" => Some(td_string!(locale, sign_in.service_refused)),
        "service-unreadable" => Some(td_string!(locale, sign_in.service_unreadable)),
        "service-cancelled" => Some(td_string!(locale, sign_in.service_cancelled)),
        "service-expired" => Some(td_string!(locale, sign_in.service_expired)),
        "service-unknown" => Some(td_string!(locale, sign_in.service_unknown)),
        "service-other" => Some(td_string!(locale, sign_in.service_other)),
        "service-office" => Some(td_string!(locale, sign_in.service_office)),
        "code" => Some(td_string!(locale, second_factor.wrong_code)),
        "expired" => Some(td_string!(locale, second_factor.expired)),
        _ => None,
    }
}
