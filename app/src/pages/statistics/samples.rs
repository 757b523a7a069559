//! Figures for tests, made by the real function from made-up rows.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    AlertId, Kind, Line, Millis, Neighbour, Progress,
    statistics::{Asked, Basis, Counts, Ended, Query, Row, Utc, figures},
};

use super::shown::Report;
use crate::samples::{house, named_line};

const MINUTE: Millis = 60_000;

/// The time of the figures, which is noon of a Sunday.
pub(super) const AS_OF: Millis = 1_795_953_600_000;

/// A call of line 101-1, so many minutes before [`AS_OF`], to which somebody came after so many seconds.
pub(super) fn answered(number: u128, minutes: i64, seconds: i64) -> Row {
    let begun = AS_OF - minutes * MINUTE;
    Row {
        line: named_line("101-1"),
        house: house("1203"),
        id: AlertId(uuid::Uuid::from_u128(number)),
        kind: Some(Kind::Medical),
        drill: false,
        begun,
        ended: Some(Ended { how: Progress::Resolved, at: begun + 10 * MINUTE }),
        accepts: 1,
        came: 1,
        first_accept: Some(begun + seconds * 1_000),
        first_arrived: None,
        escalated: None,
        reached: [Neighbour::from(house("1204"))].into(),
        sounded: [].into(),
        seen: [].into(),
        steps: [].into(),
        first_reached: Some(begun + 600),
        words: 3,
    }
}

/// The report of some rows, of the seven days until [`AS_OF`].
pub(super) fn report_of(rows: &[Row]) -> Report {
    let query =
        Query::parse(&Asked { period: Some("7d"), ..Asked::default() }, &Utc, AS_OF).expect("a question");
    let flats: BTreeMap<Line, u64> = [(named_line("101-1"), 3)].into();
    let basis = Basis { zone: &Utc, as_of: AS_OF, positions: BTreeMap::new(), flats };
    Report {
        figures: figures(rows, &query, &basis),
        zone: Arc::new(Utc),
        query: "period=7d".into(),
        tag: "\"1\"".into(),
        state: None,
    }
}

/// The report of one call that was answered.
pub(super) fn report() -> Report {
    report_of(&[answered(1, 90, 38)])
}

/// The counts of one call that was answered.
pub(super) fn counts() -> Counts {
    report().figures.counts
}
