//! The reliability of the figures, and the addresses at which programs get them.

use backend::canary::Pulse;
use leptos::prelude::*;
use leptos_router::location::Url;

use super::{
    shown::{Report, State, Verified},
    wording,
};
use crate::{
    calendar,
    i18n::{Locale, td_string},
};

/// Banners above the figures.
pub(super) fn notices(locale: Locale, report: &Report) -> AnyView {
    let Some(state) = report.state else {
        return notice("notice", td_string!(locale, statistics.state_unknown).to_owned());
    };
    let different = state.verified.filter(|verified| verified.different > 0).map(|verified| {
        notice(
            "notice error",
            td_string!(locale, statistics.different, calls = wording::calls(locale, verified.different)),
        )
    });
    let behind = state.behind.filter(|records| *records > 0);
    let behind =
        behind.map(|records| notice("notice", td_string!(locale, statistics.behind, count = records)));
    let demo = state.has_demo.then(|| notice("notice", td_string!(locale, statistics.has_demo).to_owned()));
    view! { {different} {behind} {demo} }.into_any()
}

fn notice(class: &'static str, words: String) -> AnyView {
    view! { <p class=class>{words}</p> }.into_any()
}

/// Returns the sources of the figures, and the links to the same figures for programs and spreadsheets.
pub(super) fn sources(locale: Locale, report: &Report) -> AnyView {
    let nightly = nightly(locale, report);
    // Another process counts, and this one does not know how far.
    let is_unknown = report.state.is_some_and(|state| state.behind.is_none());
    let unknown = is_unknown.then(|| view! { <p>{td_string!(locale, statistics.behind_unknown)}</p> });
    let clamped = report.figures.counts.clamped;
    let clamped = (clamped > 0).then(|| {
        view! { <p>{td_string!(locale, statistics.clamped, count = clamped)}</p> }
    });
    let to = |path: &str| format!("{path}?{}", report.query);
    view! {
        <footer class="sources summary">
            <p>{nightly}</p>
            {use_context::<Pulse>().map(|pulse| silent_calls(locale, &pulse))}
            {unknown}
            {clamped}
            <p class="no-print downloads">
                <a href=to("/api/statistics.csv") download="" rel="external" data-testid="statistics-csv">
                    {td_string!(locale, statistics.csv)}
                </a>
                <a href=to("/api/statistics") rel="external">"JSON"</a>
                <span>{td_string!(locale, statistics.printed)}</span>
            </p>
            {calls(locale, &report.query)}
        </footer>
    }
    .into_any()
}

/// The time that the service's silent calls to itself took.
fn silent_calls(locale: Locale, pulse: &Pulse) -> AnyView {
    // Rounded up, because a time of nothing would be no time.
    let millis = |micros: i64| micros.max(0).unsigned_abs().div_ceil(1_000);
    let words = match (pulse.micros.p50, pulse.micros.p99) {
        (Some(p50), Some(p99)) => td_string!(
            locale,
            office.silent_calls,
            count = pulse.micros.count,
            p50 = millis(p50),
            p99 = millis(p99)
        ),
        _ => td_string!(locale, office.no_silent_call).to_owned(),
    };
    view! { <p data-testid="silent-calls">{words}</p> }.into_any()
}

/// The download of a row for each call. It names flats, so it asks for a reason.
fn calls(locale: Locale, query: &str) -> AnyView {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let hidden = pairs.map(|(name, value)| {
        let value = Url::unescape(&value.replace('+', " "));
        view! { <input type="hidden" name=name.to_owned() value=value /> }.into_any()
    });
    let hidden: Vec<AnyView> = hidden.collect();
    view! {
        <form class="reason no-print" method="get" action="/api/incidents.csv" data-testid="incidents-csv">
            {hidden}
            <label>
                <span>{td_string!(locale, audit.reason)}</span>
                <input name="reason" type="text" required=true maxlength="200" />
            </label>
            <button class="quiet-button" type="submit">{td_string!(locale, statistics.incidents_csv)}</button>
        </form>
    }
    .into_any()
}

/// The result of the nightly comparison in words.
fn nightly(locale: Locale, report: &Report) -> String {
    let moment = |at| calendar::instant(locale, at, &*report.zone);
    match report.state {
        Some(State { verified: Some(Verified { at, compared, different: 0 }), .. }) => {
            td_string!(locale, statistics.verified, at = moment(at), count = compared)
        }
        Some(State { verified: Some(Verified { at, different, .. }), .. }) => {
            td_string!(locale, statistics.verified_different, at = moment(at), count = different)
        }
        Some(State { last_batch: Some(at), .. }) => {
            td_string!(locale, statistics.last_batch, at = moment(at))
        }
        _ => td_string!(locale, statistics.not_verified).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domain::statistics::Percentiles;

    use super::*;
    use crate::pages::statistics::samples::{AS_OF, report};

    fn html_of(state: Option<State>) -> String {
        let report = Report { state, ..report() };
        format!("{}{}", notices(Locale::ko, &report).to_html(), sources(Locale::ko, &report).to_html())
    }

    #[test]
    fn reasons_to_doubt_the_figures_are_shown_above_them() {
        let good = State {
            behind: Some(0),
            verified: Some(Verified { at: AS_OF, compared: 41, different: 0 }),
            ..State::default()
        };
        let html = html_of(Some(good));
        assert!(!html.contains("notice") && html.contains("11월 29일 12:00"), "{html}");
        let different = Verified { at: AS_OF, compared: 41, different: 2 };
        assert!(html_of(Some(State { verified: Some(different), ..good })).contains("notice error"));
        assert!(html_of(Some(State { behind: Some(7), ..good })).contains("기록 7개"));
        assert!(html_of(Some(State { behind: None, ..good })).contains("어디까지 세었는지"));
        for weak in [Some(State { behind: Some(7), ..good }), Some(State { has_demo: true, ..good }), None] {
            assert_eq!(html_of(weak).matches("class=\"notice\"").count(), 1);
        }
    }

    #[test]
    fn silent_calls_are_shown_with_their_times_in_whole_milliseconds() {
        let pulse = |micros| Pulse { micros: Percentiles::of(micros), failure: None };
        let html = silent_calls(Locale::en, &pulse(vec![2_400, 9_001])).to_html();
        assert!(html.contains("2. Half arrived within 3 ms, 99 % within 10 ms"), "{html}");
        let html = silent_calls(Locale::ko, &pulse(Vec::new())).to_html();
        assert!(html.contains("닿은 소리 없는 점검이 없어요"), "{html}");
    }

    #[test]
    fn programs_get_the_figures_of_the_same_question() {
        let html = html_of(None);
        assert!(html.contains("/api/statistics.csv?period=7d"), "{html}");
        assert!(html.contains("action=\"/api/incidents.csv\"") && html.contains("name=\"period\""), "{html}");
    }
}
