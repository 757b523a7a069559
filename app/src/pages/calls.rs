//! `/calls`, the past calls of a line, each with what happened when. Residents read their own line's, administrators any
//! line's. Only houses are named, and no words of the callers are kept. Plain HTML.

use std::sync::Arc;

use backend::statistics::Listed;
use domain::{
    Actor, Line, Millis, Progress,
    statistics::{Row, Step, Zone},
};
use http::StatusCode;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::location::Url;

use crate::{
    calendar,
    components::{PlainHeader, SmallPrint},
    context::PageContext,
    i18n::{Locale, t_string, td_string, use_i18n},
    page_table::{CALLS, HOME},
    request,
    words::{self, text},
};

/// The content of the page. The server provides one in an [`Arc`] as context.
pub struct Shown {
    /// The line that is shown; `None` while an administrator has chosen none.
    pub line: Option<Line>,
    /// The lines that an administrator can choose.
    pub lines: Vec<Line>,
    /// The answer.
    pub answer: Answer,
    /// The zone whose days and hours are shown.
    pub zone: Arc<dyn Zone>,
}

/// The answer to show.
pub enum Answer {
    /// A page of calls.
    Calls {
        /// The calls, the newest first.
        calls: Vec<Past>,
        /// The place behind which the next page begins, if there is one.
        older: Option<String>,
    },
    /// No line is chosen.
    Nothing,
    /// The line is another one than the resident's.
    NotYours,
    /// The line or the place is not one that can be.
    Invalid,
    /// This process has no statistics.
    Absent,
    /// The calls cannot be read right now.
    Unavailable,
}

/// A call.
pub struct Past {
    /// The call, as statistics keep it.
    pub listed: Listed,
    /// The words of the house or the office that ended it, while the server still has them.
    pub note: Option<String>,
}

/// The page of past calls.
#[component]
pub fn CallsPage() -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let shown = use_context::<Arc<Shown>>();
    let now = PageContext::current().now;
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, calls.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="narrow past-calls">
            <h1>{text!(i18n, calls.title)}</h1>
            {shown.map(|shown| content(locale, &shown, now))}
            <a class="button secondary" href=HOME.path rel="external">{text!(i18n, state_page.home)}</a>
        </main>
        <SmallPrint />
    }
    .into_any()
}

fn content(locale: Locale, shown: &Shown, now: Millis) -> AnyView {
    let choice = (!shown.lines.is_empty()).then(|| choice(locale, shown));
    let heading = shown.line.as_ref().map(|line| view! { <h2>{words::line(locale, line)}</h2> });
    let answer = match &shown.answer {
        Answer::Calls { calls, older } => list(locale, shown, calls, older.as_deref(), now),
        Answer::Nothing => view! { <p class="summary">{td_string!(locale, calls.choose)}</p> }.into_any(),
        Answer::NotYours => problem(StatusCode::FORBIDDEN, td_string!(locale, calls.not_yours)),
        Answer::Invalid => problem(StatusCode::UNPROCESSABLE_ENTITY, td_string!(locale, calls.invalid)),
        Answer::Absent => problem(StatusCode::NOT_FOUND, td_string!(locale, statistics.absent)),
        Answer::Unavailable => {
            problem(StatusCode::SERVICE_UNAVAILABLE, td_string!(locale, calls.unavailable))
        }
    };
    view! { {choice} {heading} {answer} }.into_any()
}

fn problem(status: StatusCode, words: &'static str) -> AnyView {
    request::answer_with(status);
    view! { <p class="notice error" role="alert">{words}</p> }.into_any()
}

/// The form by which an administrator chooses a line.
fn choice(locale: Locale, shown: &Shown) -> AnyView {
    let option = |line: &Line| {
        let is_chosen = shown.line.as_ref() == Some(line);
        view! { <option value=line.to_string() selected=is_chosen>{words::line(locale, line)}</option> }
            .into_any()
    };
    let options: Vec<AnyView> = shown.lines.iter().map(option).collect();
    view! {
        <form class="filters" method="get" action=CALLS.path data-testid="choose-line">
            <label>
                <span>{td_string!(locale, people.line)}</span>
                <select name="line">{options}</select>
            </label>
            <button class="primary" type="submit">{td_string!(locale, statistics.show)}</button>
        </form>
    }
    .into_any()
}

fn list(locale: Locale, shown: &Shown, calls: &[Past], older: Option<&str>, now: Millis) -> AnyView {
    let is_empty = calls.is_empty();
    let has_demo = calls.iter().any(|call| call.listed.is_demo);
    let calls: Vec<AnyView> = calls.iter().map(|call| one(locale, call, &*shown.zone, now)).collect();
    let line = shown.line.as_ref().map(Line::as_str).unwrap_or_default();
    let older = older.map(|place| {
        let to = format!("{}?line={}&before={}", CALLS.path, Url::escape(line), Url::escape(place));
        view! {
            <a class="quiet-button" href=to rel="external" data-testid="older">{td_string!(locale, calls.older)}</a>
        }
    });
    view! {
        {is_empty.then(|| view! { <p class="summary">{td_string!(locale, calls.none)}</p> })}
        {has_demo.then(|| view! { <p class="notice">{td_string!(locale, statistics.has_demo)}</p> })}
        <ol class="stack" data-testid="past-calls">{calls}</ol>
        {older}
        <p class="summary">{td_string!(locale, calls.kept)}</p>
    }
    .into_any()
}

fn one(locale: Locale, past: &Past, zone: &dyn Zone, now: Millis) -> AnyView {
    let Past { listed: Listed { row, .. }, note } = past;
    let kind = row.kind.map(|kind| words::kind(locale, kind));
    let drill =
        row.drill.then(|| view! { <span class="badge drill">{td_string!(locale, feed.drill)}</span> });
    let called = view! {
        <li>{time(row.begun, zone)} " " {td_string!(locale, calls.called)}</li>
    };
    let steps: Vec<AnyView> = row.steps.iter().map(|step| timed(locale, step, zone)).collect();
    let note = note.clone().map(|note| {
        view! { <p class="incident-text" data-testid="note">{note}</p> }
    });
    view! {
        <li class="past-call" data-testid="past-call" data-alert=row.id.to_string() data-drill=row.drill.to_string()>
            <h3>
                {calendar::date(locale, zone.local(row.begun).date)} " " {calendar::time(row.begun, zone)} " · "
                {words::house(locale, &row.house)}
            </h3>
            <p class="summary">
                {drill} " " {kind.map(|kind| view! { <span class="badge">{kind}</span> })} " "
                <span data-testid="outcome">{outcome(locale, row, now)}</span>
            </p>
            <ol class="timeline">{called} {steps}</ol>
            {note}
        </li>
    }
    .into_any()
}

/// Returns how a call ended, and how many neighbours came.
fn outcome(locale: Locale, row: &Row, now: Millis) -> String {
    let end = row.end(now).map_or_else(|| td_string!(locale, feed.open), |how| words::ended(locale, how));
    let came = match row.came {
        0 => td_string!(locale, calls.nobody_came).to_owned(),
        count => td_string!(locale, calls.came, count = count),
    };
    format!("{end} · {came}")
}

/// The time of day of something that happened, to the second.
fn time(at: Millis, zone: &dyn Zone) -> AnyView {
    let [hours, minutes, seconds] = zone.clock(at);
    view! { <time>{format!("{hours:02}:{minutes:02}:{seconds:02}")}</time> }.into_any()
}

fn timed(locale: Locale, step: &Step, zone: &dyn Zone) -> AnyView {
    view! { <li>{time(step.at, zone)} " " {step_words(locale, step)}</li> }.into_any()
}

/// A step in words, with the house that took it.
fn step_words(locale: Locale, step: &Step) -> String {
    let what = match step.progress {
        None => td_string!(locale, calls.accepted),
        Some(Progress::Withdrawn) => td_string!(locale, calls.withdrew),
        Some(Progress::Arrived) => td_string!(locale, calls.arrived),
        Some(Progress::Cancelled) => td_string!(locale, calls.cancelled),
        Some(Progress::Resolved) => td_string!(locale, calls.resolved),
        Some(Progress::Escalated) => return escalated(locale, step),
        Some(Progress::Expired) => return td_string!(locale, feed.expired).to_owned(),
    };
    let line = step.line.as_ref().map(|line| format!("{} ", words::line(locale, line))).unwrap_or_default();
    let who = match &step.by {
        Actor::House(house) => words::house(locale, house),
        Actor::Administrator => td_string!(locale, names.office).to_owned(),
        Actor::Service => td_string!(locale, names.service).to_owned(),
    };
    format!("{line}{who} · {what}")
}

/// The lines that an escalation alarmed, where it names them. It names none for the office.
fn escalated(locale: Locale, step: &Step) -> String {
    if step.lines.is_empty() {
        return td_string!(locale, calls.escalated).to_owned();
    }
    let lines: Vec<String> = step.lines.iter().map(|line| words::line(locale, line)).collect();
    td_string!(locale, calls.escalated_to, lines = lines.join(", "))
}

#[cfg(test)]
mod tests;
