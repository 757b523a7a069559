//! The times that the steps of calls took, and false alarms by hour.

use domain::statistics::{CLASS_BOUNDS, Counts, Distribution, FALSE_ALARM_WITHIN, Percentiles};
use leptos::prelude::*;

use super::{
    card::{Card, Table, key, legend},
    shown::Report,
    wording,
};
use crate::{
    components::charts::{Bar, bars},
    i18n::{Locale, td_string},
};

/// The time of one step, now and in the period before.
struct Step {
    id: &'static str,
    class: &'static str,
    heading: &'static str,
    means: &'static str,
    classes: (Distribution, Distribution),
    times: (Percentiles, Percentiles),
}

/// Shows the time until the first neighbour accepted.
pub(super) fn first_accept(locale: Locale, report: &Report) -> AnyView {
    let (now, before) = both(report);
    Step {
        id: "first-accept",
        class: "c5",
        heading: td_string!(locale, statistics.kpi_accept),
        means: td_string!(locale, statistics.accept_means),
        classes: (now.distributions.to_first_accept, before.distributions.to_first_accept),
        times: (now.to_first_accept_ms, before.to_first_accept_ms),
    }
    .view(locale)
}

/// Shows the times of the other steps.
pub(super) fn other_steps(locale: Locale, report: &Report) -> AnyView {
    let (now, before) = both(report);
    let reached = Step {
        id: "reached",
        class: "c4 no-print",
        heading: td_string!(locale, statistics.to_reached),
        means: td_string!(locale, statistics.reached_means),
        classes: (now.distributions.to_reached, before.distributions.to_reached),
        times: (now.to_reached_ms, before.to_reached_ms),
    };
    let arrived = Step {
        id: "arrived",
        class: "c4 no-print",
        heading: td_string!(locale, statistics.to_arrived),
        means: td_string!(locale, statistics.arrived_means),
        classes: (now.distributions.to_arrived, before.distributions.to_arrived),
        times: (now.to_arrived_ms, before.to_arrived_ms),
    };
    let resolved = Step {
        id: "resolved",
        class: "c4 no-print",
        heading: td_string!(locale, statistics.to_resolved),
        means: td_string!(locale, statistics.resolved_means),
        classes: (now.distributions.to_resolved, before.distributions.to_resolved),
        times: (now.to_resolved_ms, before.to_resolved_ms),
    };
    view! { {reached.view(locale)} {arrived.view(locale)} {resolved.view(locale)} }.into_any()
}

impl Step {
    fn view(self, locale: Locale) -> AnyView {
        let Self { id, class, heading, means, classes: (now, before), times } = self;
        let bar = |(index, (now, before)): (usize, (u64, u64))| {
            let label = CLASS_BOUNDS.get(index).map_or_else(
                || format!("{}+", bound(locale, CLASS_BOUNDS.len() - 1)),
                |bound| wording::duration(locale, *bound),
            );
            Bar { label: Some(label), now, before }
        };
        let classes: Vec<Bar> = now.into_iter().zip(before).enumerate().map(bar).collect();
        let name = td_string!(
            locale,
            statistics.times_name,
            what = heading,
            median = wording::duration_or_none(locale, times.0.p50),
            p90 = wording::duration_or_none(locale, times.0.p90)
        );
        Card {
            id,
            class,
            heading: heading.to_owned(),
            legend: this_and_before(locale, times.0.count, times.1.count),
            chart: bars(&classes, &name),
            means: means.to_owned(),
            table: table(locale, &classes, times),
        }
        .view(locale)
    }
}

fn both(report: &Report) -> (&Counts, &Counts) {
    (&report.figures.counts, &report.figures.previous.counts)
}

fn bound(locale: Locale, index: usize) -> String {
    wording::duration(locale, CLASS_BOUNDS.get(index).copied().unwrap_or_default())
}

fn this_and_before(locale: Locale, now: u64, before: u64) -> AnyView {
    legend(vec![
        key("c-came", td_string!(locale, statistics.now_key, calls = wording::calls(locale, now))),
        key("before-line", td_string!(locale, statistics.before, value = wording::calls(locale, before))),
    ])
}

fn table(locale: Locale, classes: &[Bar], (now, before): (Percentiles, Percentiles)) -> Table {
    let class = |(index, bar): (usize, &Bar)| {
        let name = if index < CLASS_BOUNDS.len() {
            td_string!(locale, statistics.within, time = bound(locale, index))
        } else {
            td_string!(locale, statistics.longer, time = bound(locale, CLASS_BOUNDS.len() - 1))
        };
        vec![name, bar.now.to_string(), bar.before.to_string()]
    };
    let mut rows: Vec<Vec<String>> = classes.iter().enumerate().map(class).collect();
    let time = |name: &str, now, before| {
        let worded = |time| wording::duration_or_none(locale, time);
        vec![name.to_owned(), worded(now), worded(before)]
    };
    rows.push(time(td_string!(locale, statistics.median), now.p50, before.p50));
    rows.push(time(td_string!(locale, statistics.p90), now.p90, before.p90));
    rows.push(time(td_string!(locale, statistics.p99), now.p99, before.p99));
    rows.push(time(td_string!(locale, statistics.longest), now.max, before.max));
    Table {
        head: head(locale, td_string!(locale, statistics.time_column)),
        rows,
        foot: Some(vec![
            td_string!(locale, statistics.total).to_owned(),
            now.count.to_string(),
            before.count.to_string(),
        ]),
    }
}

/// The headings of a table that has two periods beside each other.
pub(super) fn head(locale: Locale, first: &str) -> Vec<String> {
    let (now, before) =
        (td_string!(locale, statistics.now_column), td_string!(locale, statistics.before_column));
    [first, now, before].map(str::to_owned).into()
}

/// False alarms by hour.
pub(super) fn false_alarms(locale: Locale, report: &Report) -> AnyView {
    let (now, before) = both(report);
    let hours: Vec<Bar> = (0..24_usize)
        .map(|hour| Bar {
            label: (hour % 6 == 0).then(|| wording::hour(locale, hour)),
            now: now.false_alarms_by_hour[hour],
            before: before.false_alarms_by_hour[hour],
        })
        .collect();
    let share = |counts: &Counts| wording::percent_or_none(counts.false_alarms, counts.calls);
    let name = td_string!(
        locale,
        statistics.false_alarms_name,
        calls = wording::calls(locale, now.false_alarms),
        share = share(now)
    );
    let rows = hours.iter().enumerate();
    let rows = rows
        .map(|(hour, bar)| vec![wording::hour(locale, hour), bar.now.to_string(), bar.before.to_string()]);
    let mut rows: Vec<Vec<String>> = rows.collect();
    rows.push(vec![td_string!(locale, statistics.share_of_calls).to_owned(), share(now), share(before)]);
    let foot = vec![
        td_string!(locale, statistics.total).to_owned(),
        now.false_alarms.to_string(),
        before.false_alarms.to_string(),
    ];
    Card {
        id: "false-alarms",
        class: "c5",
        heading: td_string!(locale, statistics.false_alarms, share = share(now)),
        legend: this_and_before(locale, now.false_alarms, before.false_alarms),
        chart: bars(&hours, &name),
        means: td_string!(locale, statistics.false_alarms_means, minutes = FALSE_ALARM_WITHIN / 60_000),
        table: Table {
            head: head(locale, td_string!(locale, statistics.hour_column)),
            rows,
            foot: Some(foot),
        },
    }
    .view(locale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::statistics::samples::{answered, report_of};

    #[test]
    fn a_time_is_counted_in_its_class_and_the_table_has_the_same_numbers() {
        let report = report_of(&[answered(1, 90, 38), answered(2, 100, 400)]);
        let html = first_accept(Locale::ko, &report).to_html();
        assert!(html.contains("45초 안") && html.contains("5분 넘게"), "{html}");
        assert_eq!(html.matches("class=\"c-n\"").count(), 2, "{html}");
        // The median of two is the smaller.
        assert!(html.contains("중앙값 38초"), "{html}");
    }

    #[test]
    fn every_step_has_a_chart_with_a_table() {
        let html = other_steps(Locale::en, &report_of(&[answered(1, 90, 38)])).to_html();
        assert_eq!((html.matches("<figure").count(), html.matches("<table").count()), (3, 3));
    }
}
