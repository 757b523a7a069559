//! Calls by day or week, and by hour and day of the week.

use std::collections::BTreeMap;

use domain::statistics::{Counts, Date, Day};
use leptos::prelude::*;

use super::{
    card::{Card, Table, key, legend},
    shown::Report,
    wording,
};
use crate::{
    calendar,
    components::charts::{Column, columns, heat, heat_step},
    i18n::{Locale, td_string},
};

/// Above so many days a column is a week.
const MOST_DAYS: usize = 62;
/// About so many columns have words below them.
const LABELS: usize = 6;

/// Calls over time.
pub(super) fn over_time(locale: Locale, report: &Report) -> AnyView {
    let counts = &report.figures.counts;
    let by_week = counts.by_day.len() > MOST_DAYS;
    let days: Vec<(Date, Column)> = if by_week {
        weeks(&counts.by_day)
    } else {
        counts.by_day.iter().map(|day| (day.date, column(day))).collect()
    };
    let heading =
        if by_week { td_string!(locale, statistics.by_week) } else { td_string!(locale, statistics.by_day) };
    let most = days.iter().map(|(_, column)| total(column)).max().unwrap_or_default();
    let name = td_string!(
        locale,
        statistics.over_time_name,
        calls = wording::calls(locale, counts.calls),
        most = most,
        nobody = counts.nobody_came
    );
    let table = Table {
        head: head(locale),
        rows: days.iter().map(|(date, column)| row(locale, *date, column)).collect(),
        foot: Some(sums(locale, counts)),
    };
    Card {
        id: "over-time",
        class: "c7",
        heading: heading.to_owned(),
        legend: outcomes(locale, report),
        chart: columns(&labelled(locale, days), &name),
        means: td_string!(
            locale,
            statistics.over_time_means,
            minutes = domain::statistics::WAITS_FOR / 60_000
        ),
        table,
    }
    .view(locale)
}

fn column(day: &Day) -> Column {
    let tally = day.tally;
    Column {
        label: None,
        came: tally.came,
        taken_back: tally.taken_back,
        waiting: tally.waiting,
        nobody: tally.nobody,
        unfinished: day.unfinished,
    }
}

fn total(column: &Column) -> u64 {
    column.came + column.taken_back + column.waiting + column.nobody
}

/// Adds days up to weeks, each named by its Monday or by the first day of the period.
fn weeks(days: &[Day]) -> Vec<(Date, Column)> {
    let mut weeks: BTreeMap<Date, (Date, Column)> = BTreeMap::new();
    for day in days {
        let monday = day.date.plus(-i64::try_from(day.date.weekday()).unwrap_or_default());
        let (_, week) = weeks.entry(monday).or_insert_with(|| (day.date, Column::default()));
        let one = column(day);
        week.came += one.came;
        week.taken_back += one.taken_back;
        week.waiting += one.waiting;
        week.nobody += one.nobody;
        week.unfinished |= one.unfinished;
    }
    weeks.into_values().collect()
}

/// Puts words below some of the columns.
fn labelled(locale: Locale, days: Vec<(Date, Column)>) -> Vec<Column> {
    let every = days.len().div_ceil(LABELS).max(1);
    // A week is easier to count with than five days.
    let every = if every > 3 { every.next_multiple_of(7).min(every + 4) } else { every };
    let label = |(index, (date, column)): (usize, (Date, Column))| {
        let label = (index % every == 0).then(|| calendar::day(locale, date));
        Column { label, ..column }
    };
    days.into_iter().enumerate().map(label).collect()
}

fn head(locale: Locale) -> Vec<String> {
    [
        td_string!(locale, statistics.day_column),
        td_string!(locale, statistics.calls_column),
        td_string!(locale, statistics.came_column),
        td_string!(locale, statistics.taken_back_column),
        td_string!(locale, statistics.waiting_column),
        td_string!(locale, statistics.nobody_column),
    ]
    .map(str::to_owned)
    .into()
}

fn row(locale: Locale, date: Date, column: &Column) -> Vec<String> {
    let day = calendar::weekday(locale, date);
    let name = if column.unfinished { td_string!(locale, statistics.unfinished_day, day = day) } else { day };
    let numbers = [total(column), column.came, column.taken_back, column.waiting, column.nobody];
    std::iter::once(name).chain(numbers.map(|number| number.to_string())).collect()
}

fn sums(locale: Locale, counts: &Counts) -> Vec<String> {
    let Counts { calls, accepted, taken_back, waiting, nobody_came, .. } = *counts;
    let numbers = [calls, accepted, taken_back, waiting, nobody_came];
    let name = td_string!(locale, statistics.total).to_owned();
    std::iter::once(name).chain(numbers.map(|number| number.to_string())).collect()
}

fn outcomes(locale: Locale, report: &Report) -> AnyView {
    let counts = &report.figures.counts;
    let words = |name: &str, count: u64| format!("{name} {count}");
    let mut keys = vec![
        key("c-came", words(td_string!(locale, statistics.came_column), counts.accepted)),
        key("c-taken", words(td_string!(locale, statistics.taken_back_column), counts.taken_back)),
        key("c-nobody", words(td_string!(locale, statistics.nobody_key), counts.nobody_came)),
    ];
    if counts.waiting > 0 {
        keys.push(key("c-waiting", words(td_string!(locale, statistics.waiting_column), counts.waiting)));
    }
    if counts.by_day.iter().any(|day| day.unfinished) {
        let until = calendar::time(report.figures.as_of, &*report.zone);
        keys.push(key("hatched", td_string!(locale, statistics.unfinished, until = until)));
    }
    legend(keys)
}

/// Calls by hour and day of the week.
pub(super) fn by_week(locale: Locale, report: &Report) -> AnyView {
    let counts = &report.figures.counts;
    let days = calendar::weekdays(locale);
    let step = heat_step(&counts.heat_map);
    let hour = |hour: usize| hour.is_multiple_of(3).then(|| wording::hour(locale, hour));
    let at_night: u64 =
        (0..24_usize).filter(|hour| !(7..22).contains(hour)).map(|hour| counts.by_hour[hour]).sum();
    let keys = (1..=4_u64).map(|level| {
        let (from, to) = (step * (level - 1) + 1, step * level);
        let words = if from == to { from.to_string() } else { format!("{from}–{to}") };
        key(["h1", "h2", "h3", "h4"][usize::try_from(level - 1).unwrap_or_default()], words)
    });
    let busiest = (0..24_usize)
        .max_by_key(|hour| (counts.by_hour[*hour], std::cmp::Reverse(*hour)))
        .unwrap_or_default();
    let name = td_string!(
        locale,
        statistics.heat_name,
        hour = wording::hour(locale, busiest),
        count = counts.by_hour[busiest]
    );
    let rows = (0..24_usize).map(|hour| {
        let cells = counts.heat_map.iter().map(move |day| day[hour]).chain([counts.by_hour[hour]]);
        std::iter::once(wording::hour(locale, hour)).chain(cells.map(|count| count.to_string())).collect()
    });
    let total = td_string!(locale, statistics.total).to_owned();
    let sums = counts.by_weekday.iter().chain([&counts.calls]).map(u64::to_string);
    let mut head = vec![td_string!(locale, statistics.hour_column).to_owned()];
    head.extend(days.iter().map(|day| (*day).to_owned()));
    head.push(total.clone());
    Card {
        id: "by-week",
        class: "c7",
        heading: td_string!(locale, statistics.hours_and_days).to_owned(),
        legend: legend(keys.collect()),
        chart: heat(&counts.heat_map, &days, hour, &name),
        means: td_string!(locale, statistics.heat_means, count = at_night),
        table: Table { head, rows: rows.collect(), foot: Some(std::iter::once(total).chain(sums).collect()) },
    }
    .view(locale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::statistics::samples::{answered, report_of};

    #[test]
    fn the_table_behind_the_columns_adds_up_and_today_is_unfinished() {
        let rows = [answered(1, 90, 38), answered(2, 100, 20), answered(3, 3 * 24 * 60, 20)];
        let report = report_of(&rows);
        let html = over_time(Locale::ko, &report).to_html();
        assert_eq!(html.matches("\"c-unfinished\"").count(), 1, "{html}");
        assert!(html.contains("11월 29일 일 (아직 안 끝남)"), "{html}");
        let days = &report.figures.counts.by_day;
        assert_eq!(days.iter().map(|day| total(&column(day))).sum::<u64>(), report.figures.counts.calls);
    }

    #[test]
    fn many_days_become_weeks_that_add_up() {
        let rows = [answered(1, 90, 38), answered(2, 3 * 24 * 60, 20)];
        let days = report_of(&rows).figures.counts.by_day;
        let weeks = weeks(&days);
        // The seven days until a Sunday are one week from Monday on.
        assert_eq!(weeks.len(), 1);
        assert_eq!((weeks[0].0.weekday(), total(&weeks[0].1), weeks[0].1.unfinished), (0, 2, true));
    }

    #[test]
    fn the_heat_map_has_a_table_of_every_hour() {
        let html = by_week(Locale::en, &report_of(&[answered(1, 90, 38)])).to_html();
        assert_eq!(html.matches("scope=\"row\"").count(), 25);
        assert!(html.contains("class=\"t1\""), "{html}");
    }
}
