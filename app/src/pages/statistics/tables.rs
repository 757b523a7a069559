//! The parts that read best as tables, which are kinds, alarms of flats, drills, and the calls to which nobody came.

use domain::statistics::{Alarms, Counts, Drills};
use leptos::prelude::*;

use super::{
    card::Table,
    numbers::address,
    shown::Report,
    times::head,
    wording::{self, calls, duration_or_none, flats, percent_or_none},
};
use crate::{
    calendar,
    components::charts::share,
    i18n::{Locale, td_string},
    words,
};

/// Calls by kind.
pub(super) fn kinds(locale: Locale, report: &Report) -> AnyView {
    let (now, before) = (&report.figures.counts, &report.figures.previous.counts);
    let mut kinds: Vec<&str> = now.by_kind.keys().chain(before.by_kind.keys()).copied().collect();
    let of = |counts: &Counts, kind: &str| counts.by_kind.get(kind).copied().unwrap_or_default();
    kinds.sort_by_key(|kind| (std::cmp::Reverse(of(now, kind)), *kind));
    kinds.dedup();
    let most = now.by_kind.values().copied().max().unwrap_or_default();
    let rows = kinds.into_iter().map(|kind| {
        let (bar, before, now) = (share(of(now, kind), most), of(before, kind), of(now, kind));
        view! {
            <tr>
                <th scope="row">{wording::kind(locale, kind)}</th>
                <td class="wide" inner_html=bar></td>
                <td>{now}</td>
                <td class="soft">{before}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <section class="card c5" data-testid="kinds">
            <h2>{td_string!(locale, statistics.kinds)}</h2>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{td_string!(locale, statistics.kind_column)}</th>
                        <td class="wide"></td>
                        <th scope="col">{td_string!(locale, statistics.now_column)}</th>
                        <th scope="col">{td_string!(locale, statistics.before_column)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
                <tfoot>
                    <tr>
                        <th scope="row">{td_string!(locale, statistics.total)}</th>
                        <td class="wide"></td>
                        <td>{now.calls}</td>
                        <td class="soft">{before.calls}</td>
                    </tr>
                </tfoot>
            </table>
        </section>
    }
    .into_any()
}

/// Shows how often flats were alarmed, and how often at night.
pub(super) fn alarms(locale: Locale, report: &Report) -> AnyView {
    let (now, before) = (report.figures.counts.alarms, report.figures.previous.counts.alarms);
    let times = |count: Option<i64>| {
        count.map_or_else(
            || wording::NONE.to_owned(),
            |count| td_string!(locale, statistics.times, count = count),
        )
    };
    let both = (&now, &before);
    let rows = vec![
        pair(both, td_string!(locale, statistics.alarmed_flats), |alarms: &Alarms| {
            flats(locale, alarms.flats)
        }),
        pair(both, td_string!(locale, statistics.alarms_median), |alarms: &Alarms| times(alarms.by_flat.p50)),
        pair(both, td_string!(locale, statistics.alarms_p90), |alarms: &Alarms| times(alarms.by_flat.p90)),
        pair(both, td_string!(locale, statistics.alarms_most), |alarms: &Alarms| times(alarms.by_flat.max)),
        pair(both, td_string!(locale, statistics.night_share), |alarms: &Alarms| {
            percent_or_none(alarms.at_night, alarms.all)
        }),
        pair(both, td_string!(locale, statistics.night_most), |alarms: &Alarms| {
            times(alarms.at_night_by_flat.max)
        }),
    ];
    let table = Table { head: head(locale, td_string!(locale, statistics.flat_column)), rows, foot: None };
    section(
        "alarms",
        td_string!(locale, statistics.alarms),
        td_string!(locale, statistics.alarms_means),
        table,
    )
}

/// Drills, which enter nothing else.
pub(super) fn drills(locale: Locale, report: &Report) -> AnyView {
    let both = (&report.figures.counts.drill, &report.figures.previous.counts.drill);
    let rows = vec![
        pair(both, td_string!(locale, statistics.drills), |drills: &Drills| calls(locale, drills.drills)),
        pair(both, td_string!(locale, statistics.drills_came), |drills: &Drills| {
            calls(locale, drills.accepted)
        }),
        pair(both, td_string!(locale, statistics.kpi_reached), |drills: &Drills| {
            percent_or_none(drills.reach.flats, drills.reach.of_flats)
        }),
        pair(both, td_string!(locale, statistics.kpi_accept), |drills: &Drills| {
            duration_or_none(locale, drills.to_first_accept_ms.p50)
        }),
    ];
    let table = Table { head: head(locale, td_string!(locale, statistics.drill_column)), rows, foot: None };
    section(
        "drills",
        td_string!(locale, statistics.drills),
        td_string!(locale, statistics.drills_means),
        table,
    )
}

/// The numbers that complete the sum of the calls, and escalation.
pub(super) fn ends(locale: Locale, report: &Report) -> AnyView {
    let (now, before) = (&report.figures.counts, &report.figures.previous.counts);
    let both = (now, before);
    let rows = vec![
        pair(both, td_string!(locale, statistics.resolved), |counts: &Counts| counts.resolved.to_string()),
        pair(both, td_string!(locale, statistics.cancelled), |counts: &Counts| counts.cancelled.to_string()),
        pair(both, td_string!(locale, statistics.expired), |counts: &Counts| counts.expired.to_string()),
        pair(both, td_string!(locale, statistics.open), |counts: &Counts| counts.unfinished.to_string()),
    ];
    let foot =
        Some(pair(both, td_string!(locale, statistics.total), |counts: &Counts| counts.calls.to_string()));
    let table = Table { head: head(locale, td_string!(locale, statistics.end_column)), rows, foot };
    let means = td_string!(locale, statistics.escalated, count = now.escalated);
    section("ends", td_string!(locale, statistics.ends), &means, table)
}

/// A row of a table that has two periods beside each other.
fn pair<T>((now, before): (&T, &T), name: &str, of: impl Fn(&T) -> String) -> Vec<String> {
    vec![name.to_owned(), of(now), of(before)]
}

fn section(id: &'static str, heading: &'static str, means: &str, table: Table) -> AnyView {
    let means = means.to_owned();
    view! {
        <section class="card c4" data-testid=id>
            <h2>{heading}</h2>
            {table.view()}
            <p class="means">{means}</p>
        </section>
    }
    .into_any()
}

/// Every call to which nobody came, with the way to it.
pub(super) fn nobody(locale: Locale, report: &Report) -> AnyView {
    let calls = &report.figures.counts.nobody;
    if calls.is_empty() {
        return ().into_any();
    }
    let items = calls.iter().map(|call| {
        let address = address(call, report.figures.as_of, &*report.zone);
        let when = calendar::instant(locale, call.begun, &*report.zone);
        let (line, house) = (words::line(locale, &call.line), words::house(locale, &call.house));
        view! {
            <li>
                <a href=address rel="external">{format!("{when} · {line} {house}")}</a>
            </li>
        }
    });
    view! {
        <section class="card left-alone" id="nobody" data-testid="nobody">
            <h2>{td_string!(locale, statistics.nobody_heading)}</h2>
            <ul>{items.collect_view()}</ul>
            <p class="means">{td_string!(locale, statistics.nobody_means)}</p>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::statistics::samples::{answered, report_of};

    #[test]
    fn kinds_have_each_kind_once_and_their_sum() {
        let html =
            kinds(Locale::ko, &report_of(&[answered(1, 90, 38), answered(2, 8 * 24 * 60, 38)])).to_html();
        assert_eq!(html.matches("응급 환자").count(), 1, "{html}");
        assert_eq!(html.matches("scope=\"row\"").count(), 2);
    }

    #[test]
    fn without_a_call_that_was_left_alone_there_is_no_list_of_them() {
        assert!(!nobody(Locale::ko, &report_of(&[answered(1, 90, 38)])).to_html().contains("<section"));
    }
}
