//! The first row of four numbers, each beside that of the period before.

use domain::{
    event::OPEN_FOR,
    statistics::{Counts, Reach, Unanswered, Zone},
};
use leptos::prelude::*;
use leptos_router::location::Url;

use super::{
    compared::{Better, delta},
    shown::Report,
    wording,
};
use crate::{
    calendar,
    i18n::{Locale, td_string},
    page_table::STATISTICS,
    words,
};

/// The number of calls to which nobody came that the first row links to.
const FIRST: usize = 3;

/// The four numbers.
pub(super) fn numbers(locale: Locale, report: &Report) -> AnyView {
    let (now, before) = (&report.figures.counts, &report.figures.previous.counts);
    view! {
        <dl class="kpis" data-testid="numbers">
            {all(locale, now, before)} {left_alone(locale, report)} {accepted(locale, now, before)}
            {reached(locale, now.reach, before.reach)}
        </dl>
    }
    .into_any()
}

/// One of the numbers.
struct Tile {
    class: &'static str,
    name: &'static str,
    test_id: &'static str,
    value: String,
    delta: AnyView,
    before: String,
    means: AnyView,
}

impl Tile {
    fn view(self) -> AnyView {
        let Self { class, name, test_id, value, delta, before, means } = self;
        view! {
            <div class=class data-testid=test_id>
                <dt>{name}</dt>
                <dd class="value">{value}</dd>
                {delta}
                <dd class="before">{before}</dd>
                <dd class="means">{means}</dd>
            </div>
        }
        .into_any()
    }
}

fn all(locale: Locale, now: &Counts, before: &Counts) -> AnyView {
    let drills = wording::calls(locale, now.drills);
    Tile {
        class: "kpi",
        name: td_string!(locale, statistics.kpi_calls),
        test_id: "kpi-calls",
        value: wording::calls(locale, now.calls),
        delta: delta(locale, Some(signed(now.calls)), Some(signed(before.calls)), Better::Neither, |size| {
            wording::calls(locale, size.unsigned_abs())
        }),
        before: beside(locale, &wording::calls(locale, before.calls)),
        means: td_string!(locale, statistics.drills_apart, drills = drills).into_any(),
    }
    .view()
}

fn left_alone(locale: Locale, report: &Report) -> AnyView {
    let (now, before) = (&report.figures.counts, &report.figures.previous.counts);
    let links = now.nobody.iter().take(FIRST).map(|call| {
        let words = calendar::instant(locale, call.begun, &*report.zone);
        let line = words::line(locale, &call.line);
        let address = address(call, report.figures.as_of, &*report.zone);
        view! { <a href=address rel="external">{format!("{words} · {line}")}</a> }
    });
    let rest = now.nobody.len().saturating_sub(FIRST);
    let rest = (rest > 0).then(|| {
        view! { <a href="#nobody" rel="external">{td_string!(locale, statistics.and_others, count = rest)}</a> }
    });
    Tile {
        class: if now.nobody_came > 0 { "kpi red" } else { "kpi" },
        name: td_string!(locale, statistics.kpi_nobody),
        test_id: "kpi-nobody",
        value: wording::calls(locale, now.nobody_came),
        delta: delta(
            locale,
            Some(signed(now.nobody_came)),
            Some(signed(before.nobody_came)),
            Better::Fewer,
            |size| wording::calls(locale, size.unsigned_abs()),
        ),
        before: beside(locale, &wording::calls(locale, before.nobody_came)),
        means: view! { {links.collect_view()} {rest} }.into_any(),
    }
    .view()
}

fn accepted(locale: Locale, now: &Counts, before: &Counts) -> AnyView {
    let (now, before) = (&now.to_first_accept_ms, &before.to_first_accept_ms);
    let duration = |millis| wording::duration_or_none(locale, millis);
    let (median, p90, p90_before) = (duration(now.p50), duration(now.p90), duration(before.p90));
    Tile {
        class: "kpi",
        name: td_string!(locale, statistics.kpi_accept),
        test_id: "kpi-accept",
        value: median,
        delta: delta(locale, now.p50, before.p50, Better::Fewer, |size| wording::duration(locale, size)),
        before: beside(locale, &duration(before.p50)),
        means: td_string!(locale, statistics.median_and_p90, p90 = p90, before = p90_before).into_any(),
    }
    .view()
}

fn reached(locale: Locale, now: Reach, before: Reach) -> AnyView {
    let share = |reach: Reach| wording::percent(reach.flats, reach.of_flats).map(signed);
    let value = |reach: Reach| wording::percent_or_none(reach.flats, reach.of_flats);
    let means = td_string!(
        locale,
        statistics.share_means,
        flats = now.flats,
        of = now.of_flats,
        reached = now.reached,
        calls = now.calls
    );
    Tile {
        class: "kpi",
        name: td_string!(locale, statistics.kpi_reached),
        test_id: "kpi-reached",
        value: value(now),
        delta: delta(locale, share(now), share(before), Better::More, |size| {
            td_string!(locale, statistics.points, points = size)
        }),
        before: beside(locale, &value(before)),
        means: means.into_any(),
    }
    .view()
}

fn beside(locale: Locale, value: &str) -> String {
    td_string!(locale, statistics.before, value = value)
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Returns the address of a call to which nobody came. It is its own page while the hub knows it, later the figures of
/// its day and line.
pub(super) fn address(call: &Unanswered, as_of: domain::Millis, zone: &dyn Zone) -> String {
    let (line, house) = (Url::escape(call.line.as_str()), Url::escape(call.house.as_str()));
    if as_of.saturating_sub(call.begun) < 2 * OPEN_FOR {
        return format!("/call/{}?house={house}&line={line}", call.id);
    }
    let day = zone.local(call.begun).date;
    format!("{}?from={day}&until={day}&line={line}#nobody", STATISTICS.path)
}

#[cfg(test)]
mod tests {
    use domain::{AlertId, statistics::Utc};

    use super::*;
    use crate::{
        pages::statistics::samples::{AS_OF, report},
        samples::{house, named_line},
    };

    #[test]
    fn a_call_to_which_nobody_came_is_red_and_leads_to_its_page_or_to_its_day() {
        let call = |begun| Unanswered {
            begun,
            id: AlertId(uuid::Uuid::from_u128(1)),
            line: named_line("102-2"),
            house: house("1203"),
        };
        let young = address(&call(AS_OF - OPEN_FOR), AS_OF, &Utc);
        assert_eq!(young, "/call/00000000-0000-0000-0000-000000000001?house=1203&line=102%2D2");
        let old = address(&call(AS_OF - 3 * OPEN_FOR), AS_OF, &Utc);
        let day = Utc.local(AS_OF - 3 * OPEN_FOR).date;
        assert_eq!(old, format!("/admin/statistics?from={day}&until={day}&line=102%2D2#nobody"));

        let mut report = report();
        assert!(!numbers(Locale::ko, &report).to_html().contains("kpi red"), "zero is not red");
        report.figures.counts.nobody_came = 1;
        report.figures.counts.nobody = vec![call(AS_OF - OPEN_FOR)];
        let html = numbers(Locale::ko, &report).to_html();
        assert!(html.contains("kpi red") && html.contains("/call/00000000"), "{html}");
    }

    #[test]
    fn without_a_call_before_nothing_is_compared() {
        let html = numbers(Locale::ko, &report()).to_html();
        assert!(html.contains("비교할 앞 기간의 기록이 없어요"), "{html}");
    }
}
