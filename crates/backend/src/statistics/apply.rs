//! Applies a page of the log to the tables. The events, the calls that follow from them, and the positions change
//! together.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AlertId, Line, Millis,
    event::{LOOK_BACK, OPEN_FOR},
    record,
    statistics::{Held, Row, rows},
    topic,
};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::{
    events,
    positions::{self, Places},
    store::{StatisticsError, Tables, call, value},
};
use crate::delivery::log::Record;

/// The time around an event, in milliseconds, in which others can belong to the same call. It is 49 hours, and one more
/// for clocks that differ.
const AROUND: Millis = LOOK_BACK + MARGIN;
/// An hour, in milliseconds.
const MARGIN: Millis = OPEN_FOR / 24;
/// The most calls of a line that are looked up at once.
const AT_ONCE: usize = 64;

/// The part of the log that was read and is not yet in the tables.
#[derive(Default)]
pub(super) struct Page {
    held: BTreeMap<String, Held>,
    pub(super) places: Places,
    records: u64,
}

impl Page {
    /// Adds a record's event. A record that cannot be read is reported and kept by the fan-out.
    pub(super) fn add(&mut self, record: &Record) {
        self.records += 1;
        let name = record.topic.as_str();
        let is_of_call = topic::OF_ALERTS.contains(&name)
            || [topic::ACCEPT, topic::STATUS, topic::RECEIPT].contains(&name);
        let Some(value) = record.value.as_ref().filter(|_| is_of_call) else { return };
        let Ok(event) = record::read_at(&record.topic, value, record.position, record.time) else {
            metrics::counter!("iutsai_statistics_unreadable_total").increment(1);
            return;
        };
        let Some(held) = Held::new(event, record.position) else { return };
        match self.held.get_mut(&held.key()) {
            Some(known) => known.merge(held),
            None => drop(self.held.insert(held.key(), held)),
        }
    }

    /// Returns the number of records.
    pub(super) fn len(&self) -> u64 {
        self.records
    }
}

/// Applies a page.
pub(super) async fn apply(
    to: &mut AnyConnection,
    tables: Tables,
    page: &Page,
) -> Result<(), StatisticsError> {
    let mut touched: BTreeMap<Line, Vec<(Millis, Option<AlertId>)>> = BTreeMap::new();
    for (key, held) in &page.held {
        let times = events::hold(to, tables, key, held).await?;
        if !times.is_empty() {
            let named = times.into_iter().map(|at| (at, held.event().alert()));
            touched.entry(held.event().line().clone()).or_default().extend(named);
        }
    }
    for (line, times) in touched {
        for span in spans(times) {
            derive(to, tables, &line, &span).await?;
        }
    }
    positions::save(to, tables, &page.places).await
}

/// A part of a line's time, with the calls that new events of it name.
#[derive(Debug, PartialEq)]
struct Span {
    first: Millis,
    last: Millis,
    calls: BTreeSet<AlertId>,
}

/// Joins times that are so close that their calls may be the same, because a page of a year must not fold a year at
/// once.
fn spans(mut times: Vec<(Millis, Option<AlertId>)>) -> Vec<Span> {
    times.sort_unstable();
    let mut spans: Vec<Span> = Vec::new();
    for (at, call) in times {
        match spans.last_mut() {
            Some(span) if at.saturating_sub(span.last) <= AROUND => {
                span.last = at;
                span.calls.extend(call);
            }
            _ => spans.push(Span { first: at, last: at, calls: call.into_iter().collect() }),
        }
    }
    spans
}

/// Folds what is held of a line around a span of time, and stores the calls that began in it or are named by its events.
async fn derive(
    to: &mut AnyConnection,
    tables: Tables,
    line: &Line,
    span: &Span,
) -> Result<(), StatisticsError> {
    let held = held(to, tables, line, span).await?;
    // A call nearer to the edges may have events beyond them, unless it is named.
    let complete = span.first.saturating_sub(LOOK_BACK)..=span.last.saturating_add(MARGIN);
    let is_whole = |row: &Row| span.calls.contains(&row.id) || complete.contains(&row.begun);
    for row in rows(line, held).into_iter().filter(is_whole) {
        keep(to, tables, row).await?;
    }
    Ok(())
}

/// Returns all that is held of the calls that a span of time names. A row depends on the events of its id alone, unless an
/// accept names no call, which may be of any; then it also returns everything around the span. Reading the whole line for
/// each word would make a day of hundreds of calls cost as much as their square.
async fn held(
    from: &mut AnyConnection,
    tables: Tables,
    line: &Line,
    Span { first, last, calls }: &Span,
) -> Result<Vec<Held>, StatisticsError> {
    let calls: Vec<&AlertId> = calls.iter().collect();
    let mut all = Vec::new();
    for calls in calls.chunks(AT_ONCE) {
        all.extend(events::of_calls(from, tables, line, calls).await?);
    }
    // A word by a wrong clock may lie far from its call, to which accepts without a call belong as well.
    let (first, last) =
        all.iter().map(events::at).fold((*first, *last), |(first, last), at| (first.min(at), last.max(at)));
    let around = first.saturating_sub(AROUND)..=last.saturating_add(AROUND);
    if events::names_no_call(from, tables, line, &around).await? {
        all.extend(events::around(from, tables, line, &around).await?);
    }
    Ok(all)
}

/// Stores a call as its events have it. A settled call has lost some of its events, so its row is added to.
async fn keep(to: &mut AnyConnection, tables: Tables, row: Row) -> Result<(), StatisticsError> {
    let select =
        format!("SELECT value, settled FROM {} WHERE line = $1 AND house = $2 AND id = $3", tables.calls());
    let known = sqlx::query(AssertSqlSafe(select))
        .bind(row.line.as_str())
        .bind(row.house.as_str())
        .bind(row.id.to_string())
        .fetch_optional(&mut *to)
        .await?;
    let Some(known) = known else { return insert(to, tables, &row, (0, 0)).await };
    let is_settled = known.try_get::<i64, _>("settled")? != 0;
    let known = call(&known)?;
    let merged = if is_settled { known.clone().merge(row) } else { row };
    if merged == known {
        return Ok(());
    }
    update(to, tables.calls(), "", &merged).await?;
    if is_settled && tables == Tables::Live {
        metrics::counter!("iutsai_statistics_late_words_total").increment(1);
        update(to, "statistics_history", ", sent = 0", &merged).await?;
    }
    Ok(())
}

/// Stores a call that is not known yet. `marks` is whether it is one of the demo's past, and whether it is settled.
pub(super) async fn insert(
    to: &mut AnyConnection,
    tables: Tables,
    row: &Row,
    marks: (i64, i64),
) -> Result<(), StatisticsError> {
    let insert = format!(
        "INSERT INTO {} (line, house, id, begun, value, demo, settled) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tables.calls()
    );
    sqlx::query(AssertSqlSafe(insert))
        .bind(row.line.as_str())
        .bind(row.house.as_str())
        .bind(row.id.to_string())
        .bind(row.begun)
        .bind(value(row)?)
        .bind(marks.0)
        .bind(marks.1)
        .execute(to)
        .await?;
    Ok(())
}

/// Stores a call that is known in another way. `and` is a further change of the row, as SQL.
pub(super) async fn update(
    to: &mut AnyConnection,
    table: &str,
    and: &str,
    row: &Row,
) -> Result<(), StatisticsError> {
    let update =
        format!("UPDATE {table} SET begun = $1, value = $2{and} WHERE line = $3 AND house = $4 AND id = $5");
    sqlx::query(AssertSqlSafe(update))
        .bind(row.begun)
        .bind(value(row)?)
        .bind(row.line.as_str())
        .bind(row.house.as_str())
        .bind(row.id.to_string())
        .execute(to)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_are_far_apart_are_folded_apart() {
        assert_eq!(spans(Vec::new()), []);
        let (far, [one, other]) = (3 * AROUND, [(); 2].map(|()| AlertId::generate()));
        let times = vec![(far, Some(one)), (AROUND, None), (0, Some(other)), (far + 5, Some(one))];
        let near = Span { first: 0, last: AROUND, calls: [other].into() };
        assert_eq!(spans(times), [near, Span { first: far, last: far + 5, calls: [one].into() }]);
    }
}
