//! `/admin/statistics`, for an overview in ten seconds, and the numbers behind it. It is plain HTML; the small script
//! `public/statistics.js` puts new figures in place when a call changes them.

mod card;
mod compared;
mod form;
mod notices;
mod numbers;
mod over_time;
#[cfg(test)]
mod samples;
mod shown;
mod tables;
mod times;
mod verdict;
pub(crate) mod wording;

use std::sync::Arc;

use domain::Role;
use http::StatusCode;
use leptos::prelude::*;
use leptos_meta::Title;

pub use self::shown::{Answer, Form, Report, Shown, State, Verified};
use crate::{
    components::{PlainHeader, SmallPrint, office_nav},
    context::PageContext,
    i18n::{Locale, t_string, td_string, use_i18n},
    page_table::STATISTICS,
    request,
};

/// The statistics page.
#[component]
pub fn StatisticsPage() -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let is_administrator =
        PageContext::current().viewer.is_some_and(|viewer| viewer.role == Role::Administrator);
    let shown = use_context::<Arc<Shown>>().filter(|_| is_administrator);
    let content = shown.map_or_else(|| for_administrators(locale), |shown| page(locale, &shown));
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, statistics.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        {is_administrator.then(|| office_nav(locale, STATISTICS))}
        {content}
        <SmallPrint />
    }
    .into_any()
}

/// Explains to everybody else whose page this is.
fn for_administrators(locale: Locale) -> AnyView {
    request::answer_with(StatusCode::FORBIDDEN);
    view! {
        <main id="main" class="narrow" data-testid="administrators-only">
            <h1>{td_string!(locale, statistics.title)}</h1>
            <p class="notice">{td_string!(locale, statistics.administrators_only)}</p>
            <a class="button primary" href="/" rel="external">{td_string!(locale, not_found.home)}</a>
        </main>
    }
    .into_any()
}

fn page(locale: Locale, shown: &Shown) -> AnyView {
    let Shown { form, answer } = shown;
    let question = form::question(locale, form, answer);
    let Answer::Report(report) = answer else {
        return without_figures(locale, answer, question);
    };
    view! {
        <main
            id="main"
            class="statistics"
            data-testid="statistics"
            data-figures=format!("/api/statistics?{}", report.query)
            data-tag=report.tag.clone()
        >
            {question}
            <p id="stale" class="notice no-print" role="status" hidden>{td_string!(locale, statistics.stale)}</p>
            <div id="report" class="report">{figures(locale, report)}</div>
        </main>
    }
    .into_any()
}

/// The page where there is nothing to show. The form stays, so that another question can be asked.
fn without_figures(locale: Locale, answer: &Answer, question: AnyView) -> AnyView {
    let (status, words) = match answer {
        Answer::Absent => (StatusCode::NOT_FOUND, Some(td_string!(locale, statistics.absent))),
        Answer::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, Some(td_string!(locale, statistics.unavailable)))
        }
        // The form shows the fault.
        Answer::Invalid(_) | Answer::Report(_) => (StatusCode::UNPROCESSABLE_ENTITY, None),
    };
    request::answer_with(status);
    let question = (status != StatusCode::NOT_FOUND).then_some(question);
    view! {
        <main id="main" class="statistics" data-testid="statistics">
            <h1>{td_string!(locale, statistics.title)}</h1>
            {question}
            {words.map(|words| view! { <p class="notice error" role="alert">{words}</p> })}
        </main>
    }
    .into_any()
}

fn figures(locale: Locale, report: &Report) -> AnyView {
    let figures = &report.figures;
    let (zone, previous) = (&*report.zone, &figures.previous);
    let heading = wording::period(locale, figures.from, figures.to, zone);
    let before = if previous.to > previous.from {
        wording::period(locale, previous.from, previous.to, zone)
    } else {
        wording::NONE.to_owned()
    };
    let beside = td_string!(locale, statistics.compared_with, period = before);
    let as_of = wording::instant(locale, figures.as_of, zone);
    let as_of = td_string!(locale, statistics.as_of, as_of = as_of, zone = figures.timezone.as_str());
    view! {
        <div class="statistics-head">
            <h1>{heading}</h1>
            <p class="summary" data-testid="as-of">{as_of} " · " {beside}</p>
        </div>
        {notices::notices(locale, report)}
        {verdict::verdict(locale, &figures.counts)}
        {numbers::numbers(locale, report)}
        <div class="charts">
            {over_time::over_time(locale, report)} {times::first_accept(locale, report)}
            {over_time::by_week(locale, report)} {tables::kinds(locale, report)}
            {tables::lines(locale, report)} {times::false_alarms(locale, report)}
            {tables::ends(locale, report)} {tables::alarms(locale, report)} {tables::drills(locale, report)}
            {times::other_steps(locale, report)} {tables::nobody(locale, report)}
        </div>
        {notices::sources(locale, report)}
    }
    .into_any()
}
