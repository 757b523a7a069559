//! `/admin/audit`: the records of acts, with filters in the address, the download, and the monthly check. Plain HTML.

mod check;
mod filters;
mod records;
mod shown;
mod wording;

use http::StatusCode;
use leptos::prelude::*;

pub use self::shown::{Answer, Records, Shown, View};
pub use crate::components::Unchecked;
use crate::{
    components::office_page,
    i18n::{Locale, td_string},
    page_table::AUDIT,
    request,
};

/// The page of the records.
#[component]
pub fn AuditPage() -> impl IntoView {
    office_page(AUDIT, |locale| td_string!(locale, audit.title), content)
}

fn content(locale: Locale, shown: &Shown) -> AnyView {
    let Shown { view, answer, zone } = shown;
    let answer = match answer {
        Answer::Records(found) => view! {
            {records::records(locale, view, found, &**zone)}
            {filters::download(locale, view)}
            {check::check(locale, found, &**zone)}
        }
        .into_any(),
        Answer::Invalid => failed(StatusCode::UNPROCESSABLE_ENTITY, td_string!(locale, audit.invalid_filter)),
        Answer::Unavailable => failed(StatusCode::SERVICE_UNAVAILABLE, td_string!(locale, audit.unavailable)),
    };
    view! {
        <main id="main" class="people" data-testid="audit">
            <h1>{td_string!(locale, audit.title)}</h1>
            <p class="summary">{td_string!(locale, audit.means)}</p>
            {notice(locale, view)}
            {filters::filters(locale, view)}
            {answer}
        </main>
    }
    .into_any()
}

fn failed(status: StatusCode, words: &'static str) -> AnyView {
    request::answer_with(status);
    view! { <p class="notice error" role="alert">{words}</p> }.into_any()
}

/// The result of the last form.
fn notice(locale: Locale, view: &View) -> AnyView {
    let done = (view.done == "checked").then(|| {
        view! { <p class="notice" role="status" data-testid="done">{td_string!(locale, audit.done_checked)}</p> }
    });
    let words = match view.problem.as_str() {
        "" => None,
        "invalid" | "malformed" | "too-large" => Some(td_string!(locale, audit.invalid)),
        _ => Some(td_string!(locale, audit.unavailable)),
    };
    let problem =
        words.map(|words| view! { <p class="notice error" role="alert" data-testid="problem">{words}</p> });
    view! { {done} {problem} }.into_any()
}
