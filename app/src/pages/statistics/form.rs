//! The questions to the page, as presets in links, and a form for days, line and kind. All of it is in the address.

use domain::{
    Kind,
    statistics::{Invalid, MOST_DAYS, Part, Preset},
};
use leptos::prelude::*;
use leptos_router::location::Url;

use super::{
    shown::{Answer, Form, Report},
    wording,
};
use crate::{
    i18n::{Locale, td_string},
    page_table::STATISTICS,
    words,
};

/// Where the sentence about a question that makes no sense stands.
const PROBLEM: &str = "form-problem";

/// Presets and form.
pub(super) fn question(locale: Locale, form: &Form, answer: &Answer) -> AnyView {
    let (invalid, report) = match answer {
        Answer::Invalid(invalid) => (Some(invalid), None),
        Answer::Report(report) => (None, Some(&**report)),
        Answer::Absent | Answer::Unavailable => (None, None),
    };
    let problem = invalid.map(|invalid| {
        view! { <p class="notice error" id=PROBLEM role="alert">{sentence(locale, invalid)}</p> }
    });
    view! {
        <nav class="presets no-print" aria-label=td_string!(locale, statistics.period)>
            {presets(locale, form, report.is_some())}
        </nav>
        <form class="filters no-print" method="get" action=STATISTICS.path>
            {fields(locale, form, report, invalid.map(Invalid::part))}
            <button class="primary" type="submit">{td_string!(locale, statistics.show)}</button>
        </form>
        {problem}
    }
    .into_any()
}

fn presets(locale: Locale, form: &Form, is_answered: bool) -> AnyView {
    let is_own = !form.from.is_empty() || !form.until.is_empty();
    let links = Preset::ALL.map(|preset| {
        let is_usual = preset == Preset::Usual && form.period.is_empty() && !is_own;
        let is_current = is_answered && (form.period == preset.as_str() || is_usual);
        let mut address = format!("{}?period={}", STATISTICS.path, preset.as_str());
        for (name, value) in [("line", &form.line), ("kind", &form.kind)] {
            if !value.is_empty() {
                address.push_str(&format!("&{name}={}", Url::escape(value)));
            }
        }
        view! {
            <a class="quiet-button" href=address rel="external" aria-current=is_current.then_some("true")>
                {preset_words(locale, preset)}
            </a>
        }
        .into_any()
    });
    Vec::from(links).into_any()
}

fn preset_words(locale: Locale, preset: Preset) -> &'static str {
    match preset {
        Preset::Usual => td_string!(locale, statistics.four_weeks),
        Preset::Week => td_string!(locale, statistics.seven_days),
        Preset::ThisMonth => td_string!(locale, statistics.this_month),
        Preset::LastMonth => td_string!(locale, statistics.last_month),
        Preset::Quarter => td_string!(locale, statistics.ninety_days),
    }
}

fn fields(locale: Locale, form: &Form, report: Option<&Report>, wrong: Option<Part>) -> AnyView {
    let shown = report.map(|report| wording::days(report.figures.from, report.figures.to, &*report.zone));
    // The fields show the days that are shown, and what was written where it makes no sense.
    let from = shown.map_or_else(|| form.from.clone(), |(first, _)| first.to_string());
    let until = shown.map_or_else(|| form.until.clone(), |(_, last)| last.to_string());
    let is_from = wrong == Some(Part::From);
    let is_until = matches!(wrong, Some(Part::To | Part::Until));
    view! {
        {day("from", td_string!(locale, statistics.from), from, is_from)}
        {day("until", td_string!(locale, statistics.until), until, is_until)}
        {choice("line", td_string!(locale, statistics.line_column), lines(locale, form), wrong == Some(Part::Line))}
        {choice("kind", td_string!(locale, statistics.kind_column), kinds(locale, form), wrong == Some(Part::Kind))}
    }
    .into_any()
}

/// A field for a day. One that does not hold a day is a field for text, because a browser would empty it.
fn day(name: &'static str, words: &'static str, value: String, is_wrong: bool) -> AnyView {
    let kind = if is_wrong && value.parse::<domain::statistics::Date>().is_err() { "text" } else { "date" };
    view! {
        <label>
            <span>{words}</span>
            <input
                name=name
                type=kind
                value=value
                aria-invalid=is_wrong.then_some("true")
                aria-describedby=is_wrong.then_some(PROBLEM)
            />
        </label>
    }
    .into_any()
}

/// An option, with its value, its words, and whether it is chosen.
type Choice = (String, String, bool);

fn choice(name: &'static str, words: &'static str, choices: Vec<Choice>, is_wrong: bool) -> AnyView {
    let options = choices.into_iter().map(|(value, words, is_chosen)| {
        view! { <option value=value selected=is_chosen>{words}</option> }
    });
    view! {
        <label>
            <span>{words}</span>
            <select
                name=name
                aria-invalid=is_wrong.then_some("true")
                aria-describedby=is_wrong.then_some(PROBLEM)
            >
                {options.collect_view()}
            </select>
        </label>
    }
    .into_any()
}

fn lines(locale: Locale, form: &Form) -> Vec<Choice> {
    let known = form.lines.iter().map(|line| {
        let value = line.to_string();
        let is_chosen = value == form.line;
        (value, words::line(locale, line), is_chosen)
    });
    with_all(locale, &form.line, known.collect())
}

fn kinds(locale: Locale, form: &Form) -> Vec<Choice> {
    let known = Kind::ALL.map(|kind| {
        let is_chosen = kind.as_str() == form.kind;
        (kind.as_str().to_owned(), words::kind(locale, kind).to_owned(), is_chosen)
    });
    with_all(locale, &form.kind, known.into())
}

/// Puts the choice of everything in front, and what was written at the end where it is not one of the choices.
fn with_all(locale: Locale, written: &str, known: Vec<Choice>) -> Vec<Choice> {
    let all = (String::new(), td_string!(locale, statistics.all).to_owned(), written.is_empty());
    let is_unknown = !written.is_empty() && !known.iter().any(|(.., is_chosen)| *is_chosen);
    let unknown = is_unknown.then(|| (written.to_owned(), written.to_owned(), true));
    std::iter::once(all).chain(known).chain(unknown).collect()
}

/// Why a question makes no sense, for people.
fn sentence(locale: Locale, invalid: &Invalid) -> String {
    let part = match invalid.part() {
        Part::From => td_string!(locale, statistics.from),
        Part::To | Part::Until => td_string!(locale, statistics.until),
        Part::Period => td_string!(locale, statistics.period),
        Part::Line => td_string!(locale, statistics.line_column),
        Part::Kind => td_string!(locale, statistics.kind_column),
    };
    match invalid {
        Invalid::NotATime(_) => td_string!(locale, statistics.not_a_day, part = part),
        Invalid::Implausible(_) => td_string!(locale, statistics.implausible, part = part),
        Invalid::Backwards => td_string!(locale, statistics.backwards).to_owned(),
        Invalid::TooLong => td_string!(locale, statistics.too_long, days = MOST_DAYS),
        Invalid::Line(_) | Invalid::Kind | Invalid::Preset => {
            td_string!(locale, statistics.unknown, part = part)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc};

    use super::*;
    use crate::{i18n::I18nLocaleTrait, pages::statistics::samples::report, samples::named_line};

    fn written() -> Form {
        Form {
            from: "2026-02-30".into(),
            until: "2026-03-01".into(),
            line: "109-9".into(),
            kind: "fire".into(),
            lines: vec![named_line("101-1")],
            ..Form::default()
        }
    }

    #[test]
    fn a_question_that_makes_no_sense_keeps_what_was_written_beside_a_sentence() {
        let html =
            question(Locale::ko, &written(), &Answer::Invalid(Invalid::NotATime(Part::From))).to_html();
        for kept in ["value=\"2026-02-30\"", "value=\"2026-03-01\"", "value=\"109-9\""] {
            assert!(html.contains(kept), "{kept} in {html}");
        }
        assert!(html.contains("시작일") && html.contains("role=\"alert\""), "{html}");
        assert_eq!(html.matches("aria-invalid").count(), 1);
        assert_eq!(html.matches("type=\"text\"").count(), 1, "a browser would empty a field for days");
    }

    #[test]
    fn the_fields_show_the_days_that_are_shown_and_links_keep_line_and_kind() {
        let answer = Answer::Report(Arc::new(report()));
        let form = Form { period: "7d".into(), from: String::new(), until: String::new(), ..written() };
        let html = question(Locale::ko, &form, &answer).to_html();
        assert!(html.contains("value=\"2026-11-23\"") && html.contains("value=\"2026-11-29\""), "{html}");
        assert!(html.contains("period=this-month&amp;line=109%2D9&amp;kind=fire"), "{html}");
        assert_eq!(html.matches("aria-current").count(), 1);
    }

    #[test]
    fn every_reason_has_words_in_every_language() {
        for invalid in [
            Invalid::NotATime(Part::Until),
            Invalid::Implausible(Part::From),
            Invalid::Backwards,
            Invalid::TooLong,
            Invalid::Kind,
            Invalid::Preset,
        ] {
            let locales: &[Locale] = Locale::get_all();
            let words: BTreeSet<_> = locales.iter().map(|locale| sentence(*locale, &invalid)).collect();
            assert!(words.len() == locales.len() && !words.contains(""), "{words:?}");
        }
    }
}
