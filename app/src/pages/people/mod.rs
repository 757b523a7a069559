//! `/admin/people`: the lines of the complex, the houses of one, who lives there, and what the office can do about
//! it. Plain HTML; every act is a form.

mod cards;
mod import;
mod line;
mod lines;
mod notice;
mod reach;
mod shown;

use http::StatusCode;
use leptos::prelude::*;
use leptos_router::location::Url;

pub use self::shown::{Card, Shown, View, Wrong};
use crate::{
    components::office_page,
    i18n::{Locale, td_string},
    page_table::PEOPLE,
    request,
};

/// The lines and the houses.
#[component]
pub fn PeoplePage() -> impl IntoView {
    page()
}

/// The import of a table.
#[component]
pub fn ImportPage() -> impl IntoView {
    page()
}

/// Invitations just made.
#[component]
pub fn CardsPage() -> impl IntoView {
    page()
}

fn page() -> AnyView {
    office_page(PEOPLE, |locale| td_string!(locale, people.title), content)
}

fn content(locale: Locale, shown: &Shown) -> AnyView {
    match shown {
        Shown::People { complex, reach, view, zone } => {
            match complex.lines.iter().find(|of| of.line.as_str() == view.line) {
                Some(of_line) => line::line(locale, of_line, view, &**zone),
                None => lines::lines(locale, complex, reach, view, &**zone),
            }
        }
        Shown::Unavailable => {
            request::answer_with(StatusCode::SERVICE_UNAVAILABLE);
            view! {
                <main id="main" class="people">
                    <h1>{td_string!(locale, people.title)}</h1>
                    <p class="notice error" role="alert">{td_string!(locale, people.unavailable)}</p>
                </main>
            }
            .into_any()
        }
        Shown::Import(wrong) => import::form(locale, wrong.as_ref()),
        Shown::Preview { preview, table, is_outdated } => {
            import::preview(locale, preview, table, *is_outdated)
        }
        Shown::Cards { address, cards, zone } => cards::cards(locale, address, cards, &**zone),
    }
}

/// The address of a line's page.
fn address_of(line: &str) -> String {
    format!("{}?line={}", PEOPLE.path, Url::escape(line))
}

/// The address of an act on an account.
fn act(name: &str, act: &str) -> String {
    format!("/api/people/{}/{act}", Url::escape(name))
}

/// A field that the form sends and nobody sees.
fn hidden(name: &'static str, value: &str) -> AnyView {
    view! { <input type="hidden" name=name value=value.to_owned() /> }.into_any()
}
