//! The frame of the management office's pages, with the links between them, and an explanation for everybody who is not
//! an administrator.

use std::sync::Arc;

use backend::{
    audit::Month,
    canary::{Failure, Fault, Pulse},
};
use domain::Role;
use http::StatusCode;
use leptos::prelude::*;
use leptos_meta::Title;

use super::{PlainHeader, SmallPrint};
use crate::{
    calendar,
    context::PageContext,
    i18n::{Locale, t_string, td_string, use_i18n},
    page_table::{AUDIT, BOARD, DRILLS, ESCALATION, HOME, MY_SIGN_IN, PEOPLE, Page, STATISTICS},
    request,
};

/// The month whose records nobody has signed yet. The server provides it as context to every page of the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unchecked(pub Month);

/// Frames a page of the office. `content` shows the data that the server has provided for it, to administrators only.
pub(crate) fn office_page<Shown: Send + Sync + 'static>(
    page: Page,
    title: fn(Locale) -> &'static str,
    content: impl FnOnce(Locale, &Shown) -> AnyView,
) -> AnyView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let is_administrator =
        PageContext::current().viewer.is_some_and(|viewer| viewer.role == Role::Administrator);
    let shown = use_context::<Arc<Shown>>().filter(|_| is_administrator);
    let content =
        shown.map_or_else(|| for_administrators(locale, title(locale)), |shown| content(locale, &shown));
    view! {
        <Title text=move || format!("{} · {}", title(i18n.get_locale()), t_string!(i18n, app.name)) />
        <PlainHeader />
        {is_administrator.then(|| links(locale, page))}
        {is_administrator.then(|| failing(locale)).flatten()}
        {is_administrator.then(|| unchecked(locale)).flatten()}
        {content}
        <SmallPrint />
    }
    .into_any()
}

/// Explains to everybody else whose page this is.
fn for_administrators(locale: Locale, title: &'static str) -> AnyView {
    request::answer_with(StatusCode::FORBIDDEN);
    view! {
        <main id="main" class="narrow" data-testid="administrators-only">
            <h1>{title}</h1>
            <p class="notice">{td_string!(locale, statistics.administrators_only)}</p>
            <a class="button primary" href="/" rel="external">{td_string!(locale, not_found.home)}</a>
        </main>
    }
    .into_any()
}

/// The links, with the page that is shown marked.
fn links(locale: Locale, shown: Page) -> AnyView {
    let pages = [
        (HOME, td_string!(locale, office.now)),
        (STATISTICS, td_string!(locale, office.statistics)),
        (PEOPLE, td_string!(locale, office.people)),
        (DRILLS, td_string!(locale, drills.title)),
        (BOARD, td_string!(locale, board.title)),
        (ESCALATION, td_string!(locale, escalation.label)),
        (AUDIT, td_string!(locale, audit.link)),
        (MY_SIGN_IN, td_string!(locale, second_factor.title)),
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

/// A banner while the service's silent calls to itself fail. The server provides their pulse as context.
fn failing(locale: Locale) -> Option<AnyView> {
    let Failure { fault, .. } = use_context::<Pulse>()?.failure?;
    let words = fault_words(locale, fault);
    Some(
        view! {
            <div class="office-nav no-print">
                <p class="notice error" role="alert" data-testid="canary-failing">{words}</p>
            </div>
        }
        .into_any(),
    )
}

/// The meaning of a failure of the service's silent calls.
pub(crate) fn fault_words(locale: Locale, fault: Fault) -> &'static str {
    match fault {
        Fault::NotRecorded => td_string!(locale, office.not_recorded),
        Fault::NotDelivered => td_string!(locale, office.not_delivered),
    }
}

/// A banner while nobody has signed the check of last month's records.
fn unchecked(locale: Locale) -> Option<AnyView> {
    let Unchecked(last) = use_context::<Unchecked>()?;
    let words = td_string!(locale, audit.due, month = calendar::month(locale, last));
    let address = format!("{}#check", AUDIT.path);
    Some(
        view! {
            <div class="office-nav no-print">
                <p class="notice" role="status" data-testid="audit-due">
                    <a href=address rel="external">{words}</a>
                </p>
            </div>
        }
        .into_any(),
    )
}
