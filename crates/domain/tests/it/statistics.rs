//! Figures by example. They cover rows, local time, and how figures add up.

mod kept;

use std::collections::BTreeMap;

use domain::{
    Millis, Progress,
    event::OPEN_FOR,
    statistics::{
        Asked, Basis, Date, Ended, FALSE_ALARM_WITHIN, Figures, Outcome, Query, Row, Utc, WAITS_FOR, Zone,
        figures,
    },
};

use crate::{
    examples::a_house,
    history::{MORNING, alert_id, line},
};

pub(crate) const HOUR: Millis = 60 * 60 * 1000;
pub(crate) const DAY: Millis = 24 * HOUR;

/// The clocks of Korea, nine hours ahead, without summer time.
pub(crate) struct Seoul;

impl Zone for Seoul {
    fn name(&self) -> &str {
        "Asia/Seoul"
    }

    fn offset(&self, _: Millis) -> Millis {
        9 * HOUR
    }
}

/// The clocks of Germany in 2026, with summer time from 29 March to 25 October, 01:00 UTC each.
pub(crate) struct Berlin;

impl Zone for Berlin {
    fn name(&self) -> &str {
        "Europe/Berlin"
    }

    fn offset(&self, at: Millis) -> Millis {
        let change = |date: &str| midnight(date) + HOUR;
        let summer = change("2026-03-29")..change("2026-10-25");
        if summer.contains(&at) { 2 * HOUR } else { HOUR }
    }
}

fn midnight(date: &str) -> Millis {
    Utc.midnight(date.parse().expect("a date"))
}

/// The row of a call to which nobody came.
pub(crate) fn row(number: usize, begun: Millis) -> Row {
    Row {
        line: line(),
        house: a_house("1203"),
        id: alert_id(number),
        kind: None,
        drill: false,
        begun,
        ended: None,
        accepts: 0,
        came: 0,
        first_accept: None,
        first_arrived: None,
        escalated: None,
        reached: [].into(),
        sounded: [].into(),
        seen: [].into(),
        steps: [].into(),
        first_reached: None,
        words: 0,
    }
}

fn accepted(row: Row, after: Millis) -> Row {
    Row { accepts: 1, came: 1, first_accept: Some(row.begun + after), ..row }
}

fn ended(row: Row, how: Progress, after: Millis) -> Row {
    Row { ended: Some(Ended { how, at: row.begun + after }), ..row }
}

pub(crate) fn month(zone: &dyn Zone, from: &str, to: &str) -> Query {
    let asked = Asked { from: Some(from), to: Some(to), ..Asked::default() };
    Query::parse(&asked, zone, MORNING).expect("a question")
}

pub(crate) fn asked(rows: &[Row], query: &Query, zone: &dyn Zone, as_of: Millis) -> Figures {
    let basis = Basis { zone, as_of, positions: BTreeMap::new(), flats: [(line(), 4)].into() };
    figures(rows, query, &basis)
}

#[test]
fn a_cancel_after_waiting_in_vain_is_not_a_false_alarm() {
    let now = MORNING + 2 * OPEN_FOR;
    let soon = ended(row(0, MORNING), Progress::Cancelled, FALSE_ALARM_WITHIN);
    let late = ended(row(1, MORNING), Progress::Cancelled, FALSE_ALARM_WITHIN + 1);
    let there = Row { came: 1, first_arrived: Some(MORNING + 5), ..soon.clone() };
    let coming = accepted(soon.clone(), 5);
    let resolved = ended(row(2, MORNING), Progress::Resolved, 5);
    let judged = |row: &Row| (row.is_false_alarm(), row.outcome(now));
    assert_eq!(judged(&soon), (true, Outcome::TakenBack));
    assert_eq!(judged(&late), (false, Outcome::Nobody));
    assert_eq!(judged(&there), (false, Outcome::Came));
    assert_eq!(judged(&coming), (true, Outcome::Came));
    assert_eq!(judged(&resolved), (false, Outcome::Nobody));
    let open = row(3, MORNING);
    assert_eq!(open.outcome(MORNING + WAITS_FOR - 1), Outcome::Waiting);
    assert_eq!(open.outcome(MORNING + WAITS_FOR), Outcome::Nobody);
    assert_eq!(
        (open.end(MORNING + OPEN_FOR - 1), open.end(MORNING + OPEN_FOR)),
        (None, Some(Progress::Expired))
    );
}

#[test]
fn a_month_in_seoul_begins_and_ends_at_its_own_midnight() {
    let query = month(&Seoul, "2026-11-01", "2026-12-01");
    assert_eq!(query.period.from(), midnight("2026-10-31") + 15 * HOUR);
    let (from, to) = (query.period.from(), query.period.to());
    let begun = [from - 1, from, from + HOUR - 1, to - 1, to];
    let rows: Vec<Row> = begun.iter().zip(0..).map(|(begun, number)| row(number, *begun)).collect();
    let Figures { counts, previous, .. } = asked(&rows, &query, &Seoul, to + DAY);
    assert_eq!((counts.calls, previous.counts.calls), (3, 1));
    assert_eq!((counts.by_hour[0], counts.by_hour[23]), (2, 1));
    // 1 November was a Sunday, 30 November a Monday.
    assert_eq!((counts.by_weekday[6], counts.by_weekday[0]), (2, 1));
    assert_eq!((counts.heat_map[6][0], counts.heat_map[0][23]), (2, 1));
    assert_eq!(counts.by_day.len(), 30);
    let days: Vec<(String, u64)> =
        counts.by_day.iter().map(|day| (day.date.to_string(), day.tally.calls)).collect();
    assert_eq!((&days[0], &days[29]), (&("2026-11-01".to_owned(), 2), &("2026-11-30".to_owned(), 1)));
}

#[test]
fn buckets_add_up_where_clocks_change() {
    for (from, to, hours) in
        [("2026-03-01", "2026-04-01", 31 * 24 - 1), ("2026-10-01", "2026-11-01", 31 * 24 + 1)]
    {
        let query = month(&Berlin, from, to);
        let begun = (query.period.from()..query.period.to()).step_by(20 * 60 * 1000);
        let rows: Vec<Row> = begun.zip(0..).map(|(begun, number)| row(number, begun)).collect();
        let counts = asked(&rows, &query, &Berlin, query.period.to()).counts;
        let calls = 3 * hours;
        assert_eq!(counts.calls, calls, "{from}");
        assert_eq!(counts.by_hour.iter().sum::<u64>(), calls);
        assert_eq!(counts.by_weekday.iter().sum::<u64>(), calls);
        assert_eq!(counts.by_day.iter().map(|day| day.tally.calls).sum::<u64>(), calls);
        assert_eq!(counts.by_day.len(), 31);
        // The hour from 2 to 3 is skipped in spring and comes twice in autumn.
        assert_eq!(counts.by_hour[2], if hours < 744 { 3 * 30 } else { 3 * 32 });
        let change = if hours < 744 { "2026-03-29" } else { "2026-10-25" };
        let change: Date = change.parse().expect("a date");
        let day = counts.by_day.iter().find(|day| day.date == change).expect("the day of the change");
        assert_eq!(day.tally.calls, if hours < 744 { 3 * 23 } else { 3 * 25 });
    }
}
