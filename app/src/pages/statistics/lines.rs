//! Calls by line as a table, with the first lines on the page and the others behind it.

use domain::{Line, statistics::OfLine};
use leptos::prelude::*;

use super::{shown::Report, wording::duration_or_none};
use crate::{
    components::charts::share,
    i18n::{Locale, td_string},
    words,
};

/// The number of lines on the page itself; the others are behind it.
const FIRST_LINES: usize = 8;

/// Calls by line, those with most calls first.
pub(super) fn by_line(locale: Locale, report: &Report) -> AnyView {
    let (now, before) = (&report.figures.counts, &report.figures.previous.counts);
    let mut lines: Vec<(&Line, &OfLine)> = now.lines.iter().collect();
    lines.sort_by_key(|(_, of_line)| std::cmp::Reverse((of_line.nobody_came > 0, of_line.calls)));
    let most = lines.iter().map(|(_, of_line)| of_line.calls).max().unwrap_or_default();
    let all = lines.iter().map(|(line, of_line)| {
        let before = before.by_line.get(*line).copied().unwrap_or_default();
        (
            words::line(locale, line),
            share(of_line.calls, most),
            cells(locale, of_line, before),
            of_line.nobody_came > 0,
        )
    });
    let mut shown: Vec<AnyView> =
        all.map(|(name, bar, cells, is_red)| row(name, bar, cells, is_red)).collect();
    let rest = shown.split_off(shown.len().min(FIRST_LINES));
    let number = rest.len();
    let rest = (number > 0).then(|| {
        view! {
            <details id="lines-table">
                <summary>{td_string!(locale, statistics.other_lines, count = number)}</summary>
                {frame(locale, rest)}
            </details>
        }
    });
    view! {
        <section class="card c7" data-testid="lines">
            <h2>{td_string!(locale, statistics.lines)}</h2>
            {frame(locale, shown)}
            {rest}
        </section>
    }
    .into_any()
}

/// Returns the cells of a line, with calls now and before, nobody came, false alarms, median and p90.
fn cells(locale: Locale, line: &OfLine, before: u64) -> [String; 6] {
    let times = line.to_first_accept_ms;
    [
        line.calls.to_string(),
        before.to_string(),
        line.nobody_came.to_string(),
        line.false_alarms.to_string(),
        duration_or_none(locale, times.p50),
        duration_or_none(locale, times.p90),
    ]
}

fn row(
    name: String,
    bar: String,
    [now, before, nobody, taken_back, median, p90]: [String; 6],
    is_red: bool,
) -> AnyView {
    let class = if is_red { "nobody" } else { "" };
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td class="wide" inner_html=bar></td>
            <td>{now}</td>
            <td class="soft">{before}</td>
            <td class=class>{nobody}</td>
            <td>{taken_back}</td>
            <td>{median}</td>
            <td>{p90}</td>
        </tr>
    }
    .into_any()
}

fn frame(locale: Locale, rows: Vec<AnyView>) -> AnyView {
    view! {
        <div class="scrolls" tabindex="0">
            <table>
                <thead>
                    <tr>
                        <th scope="col">{td_string!(locale, statistics.line_column)}</th>
                        <td class="wide"></td>
                        <th scope="col">{td_string!(locale, statistics.now_column)}</th>
                        <th scope="col">{td_string!(locale, statistics.before_column)}</th>
                        <th scope="col">{td_string!(locale, statistics.nobody_column)}</th>
                        <th scope="col">{td_string!(locale, statistics.false_alarms_column)}</th>
                        <th scope="col">{td_string!(locale, statistics.median)}</th>
                        <th scope="col">{td_string!(locale, statistics.p90)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        pages::statistics::samples::{answered, report_of},
        samples::named_line,
    };

    #[test]
    fn lines_that_were_left_alone_come_first_and_many_lines_are_behind_the_first() {
        let of = |number: u32| domain::statistics::Row {
            line: named_line(&format!("10{number}-1")),
            ..answered(u128::from(number), i64::from(number) * 60, 30)
        };
        let mut rows: Vec<_> = (1..=9).map(of).collect();
        rows.push(domain::statistics::Row { came: 0, first_accept: None, ..of(9) });
        rows[9].id = domain::AlertId(uuid::Uuid::from_u128(99));
        let html = by_line(Locale::ko, &report_of(&rows)).to_html();
        let at = |text: &str| html.find(text).unwrap_or(usize::MAX);
        assert!(at("109-1") < at("101-1") && at("101-1") < at("<details"), "{html}");
        assert_eq!(html.matches("class=\"nobody\"").count(), 1);
        assert_eq!(html.matches("<table").count(), 2);
    }
}
