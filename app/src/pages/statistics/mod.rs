//! `/admin/statistics`, for an overview in ten seconds, and the numbers behind it. It is plain HTML; the small script
//! `public/statistics.js` puts new figures in place when a call changes them.

mod card;
mod compared;
mod form;
mod lines;
mod notices;
mod numbers;
mod over_time;
#[cfg(test)]
mod samples;
mod shown;
mod tables;
mod times;
mod verdict;
mod wording;

use http::StatusCode;
use leptos::prelude::*;

pub use self::shown::{Answer, Form, Report, Shown, State, Verified};
use crate::{
    calendar,
    components::office_page,
    i18n::{Locale, td_string},
    page_table::STATISTICS,
    request,
};

/// The statistics page.
#[component]
pub fn StatisticsPage() -> impl IntoView {
    office_page(STATISTICS, |locale| td_string!(locale, statistics.title), page)
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
    let as_of = calendar::instant(locale, figures.as_of, zone);
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
            {lines::by_line(locale, report)} {times::false_alarms(locale, report)}
            {tables::ends(locale, report)} {tables::alarms(locale, report)} {tables::drills(locale, report)}
            {times::other_steps(locale, report)} {tables::nobody(locale, report)}
        </div>
        {notices::sources(locale, report)}
    }
    .into_any()
}
