//! `/me`: who was shown the person's location, what is held, and the choice about the location. `/me/leave` deletes the
//! account. Plain forms.

mod choice;
mod uses;

use std::sync::Arc;

use backend::privacy::Held;
use domain::statistics::Zone;
use http::StatusCode;
use leptos::prelude::*;
use leptos_meta::Title;

use self::{choice::choice, uses::uses};
use super::my_sign_in::factor::any_code_field;
use crate::{
    components::{PlainHeader, SmallPrint},
    i18n::{Locale, t_string, td_string, use_i18n},
    page_table::{DEVICES, HOME, INSTALL, ME, ME_LEAVE, MY_SIGN_IN},
    request, words,
};

/// The content of the pages. The server provides one in an [`Arc`] as context.
pub struct Shown {
    /// Everything that is held; `None` where it cannot be read right now.
    pub held: Option<Held>,
    /// The zone whose times are shown.
    pub zone: Arc<dyn Zone>,
    /// A word for what was done.
    pub done: String,
    /// The last segment of the type of problem that kept something from being done.
    pub problem: String,
}

/// The page about the person.
#[component]
pub fn MePage() -> impl IntoView {
    page(|locale, shown, held| {
        view! {
            <h1>{td_string!(locale, me.heading)}</h1>
            {links(locale)}
            {notice(locale, shown)}
            <p class="summary">{who(locale, held)}</p>
            {choice(locale, held, &*shown.zone)}
            {uses(locale, held, &*shown.zone)}
            <section class="stack" aria-labelledby="me-data">
                <h2 id="me-data">{td_string!(locale, me.data_heading)}</h2>
                <p>{td_string!(locale, me.data_means)}</p>
                <a class="button secondary" href="/me/data.json" rel="external" download data-testid="data">
                    {td_string!(locale, me.download)}
                </a>
            </section>
            <section class="stack" aria-labelledby="me-leave">
                <h2 id="me-leave">{td_string!(locale, me.leave_heading)}</h2>
                <p>{td_string!(locale, me.leave_means)}</p>
                <a class="button secondary" href=ME_LEAVE.path rel="external" data-testid="leave">
                    {td_string!(locale, me.leave)}
                </a>
            </section>
        }
        .into_any()
    })
}

/// The question before an account is deleted.
#[component]
pub fn LeavePage() -> impl IntoView {
    page(|locale, shown, held| {
        let alone = held.is_alone.then(|| {
            view! { <p class="notice" data-testid="alone">{td_string!(locale, me.leave_alone)}</p> }
        });
        let code = held.has_second_factor.then(|| any_code_field(locale));
        view! {
            <h1>{td_string!(locale, me.leave_title)}</h1>
            {notice(locale, shown)}
            <p>{td_string!(locale, me.leave_consequences)}</p>
            {alone}
            <form class="stack" method="post" action=ME_LEAVE.path>
                <input type="hidden" name="username" autocomplete="username" value=held.account.clone() />
                <label>
                    <span>{td_string!(locale, me.password)}</span>
                    <input name="password" type="password" autocomplete="current-password" maxlength="256" required />
                </label>
                {code}
                <button class="primary" type="submit" data-testid="leave-now">{td_string!(locale, me.leave)}</button>
            </form>
            <a class="button secondary" href=ME.path rel="external">{td_string!(locale, me.stay)}</a>
        }
        .into_any()
    })
}

fn page(content: fn(Locale, &Shown, &Held) -> AnyView) -> AnyView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let shown = use_context::<Arc<Shown>>();
    let held = shown.as_ref().and_then(|shown| Some((shown, shown.held.as_ref()?)));
    let content = match held {
        Some((shown, held)) => content(locale, shown, held),
        None => unavailable(locale),
    };
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, me.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="people narrow me" data-testid="me">{content}</main>
        <SmallPrint />
    }
    .into_any()
}

fn unavailable(locale: Locale) -> AnyView {
    request::answer_with(StatusCode::SERVICE_UNAVAILABLE);
    view! {
        <h1>{td_string!(locale, me.heading)}</h1>
        <p class="notice error" role="alert">{td_string!(locale, me.unavailable)}</p>
        <a class="button secondary" href=HOME.path rel="external">{td_string!(locale, not_found.home)}</a>
    }
    .into_any()
}

/// The links between the pages about a person.
fn links(locale: Locale) -> AnyView {
    let pages = [
        (HOME.path, td_string!(locale, not_found.home)),
        (ME.path, td_string!(locale, me.link)),
        (MY_SIGN_IN.path, td_string!(locale, second_factor.title)),
        (DEVICES.path, td_string!(locale, devices.title)),
        (INSTALL.path, td_string!(locale, install.title)),
    ];
    let links = pages.map(|(path, words)| {
        let current = (path == ME.path).then_some("page");
        view! { <a class="quiet-button" href=path rel="external" aria-current=current>{words}</a> }.into_any()
    });
    view! { <nav class="me-nav" aria-label=td_string!(locale, me.title)>{Vec::from(links)}</nav> }.into_any()
}

fn notice(locale: Locale, shown: &Shown) -> Option<AnyView> {
    let done = match shown.done.as_str() {
        "given" => Some(td_string!(locale, me.done_given)),
        "paused" => Some(td_string!(locale, me.done_paused)),
        "withdrawn" => Some(td_string!(locale, me.done_withdrawn)),
        _ => None,
    };
    if let Some(words) = done {
        let view = view! { <p class="notice" role="status" data-testid="done">{words}</p> };
        return Some(view.into_any());
    }
    let words = match shown.problem.as_str() {
        "" => return None,
        "invalid" | "malformed" => td_string!(locale, me.invalid),
        "last-administrator" => td_string!(locale, me.last_administrator),
        "too-many" => td_string!(locale, me.too_many),
        "code-needed" | "code-refused" => td_string!(locale, second_factor.wrong_code),
        _ => td_string!(locale, me.unavailable),
    };
    let view = view! { <p class="notice error" role="alert" data-testid="problem">{words}</p> };
    Some(view.into_any())
}

fn who(locale: Locale, held: &Held) -> String {
    let flat = held.line.as_ref().zip(held.house.as_ref());
    let place =
        flat.map(|(line, house)| format!("{} {}", words::line(locale, line), words::house(locale, house)));
    let place = place.unwrap_or_else(|| td_string!(locale, names.office).to_owned());
    format!("{} · {place}", held.account)
}
