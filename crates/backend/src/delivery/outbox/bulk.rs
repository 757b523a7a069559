//! The records of thousands of entries in one row. A start reads a million records, and SQLite joins their columns in a
//! fraction of the time in which each comes through the driver as a row of its own.

use std::iter;

use domain::Millis;
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{OutboxError, Sequence};

/// The query of a [`Bulk`] with its bounds, which are the number behind which it begins, the last number, and the most
/// entries. The first column has for each entry its number, its time and the octets of its other columns.
pub(super) const QUERY: &str = "
    SELECT group_concat(sequence || ',' || stored_at || ',' || octet_length(topic) || ',' || octet_length(line)
                        || ',' || octet_length(value), ';'),
           group_concat(topic, ''), group_concat(line, ''), group_concat(value, '')
    FROM (SELECT sequence, topic, line, value, stored_at FROM entries
          WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence LIMIT $3)";

/// The records of consecutive entries.
#[derive(Debug)]
pub(crate) struct Bulk {
    spans: Vec<Span>,
    topics: Vec<u8>,
    lines: Vec<u8>,
    values: Vec<u8>,
}

/// The number and the time of an entry, and where each of its other columns ends among those of all.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    sequence: Sequence,
    at: Millis,
    topic: usize,
    line: usize,
    value: usize,
}

/// A record of a [`Bulk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BulkRecord<'a> {
    /// The entry's number.
    pub(crate) sequence: Sequence,
    /// The entry's time.
    pub(crate) at: Millis,
    /// The topic.
    pub(crate) topic: &'a str,
    /// The record's key.
    pub(crate) line: &'a [u8],
    /// The record's value.
    pub(crate) value: &'a [u8],
}

impl Bulk {
    /// Returns the bulk that the only row of [`QUERY`] has.
    ///
    /// # Errors
    /// [`OutboxError`] if the columns are of other entries, which they are not in a file that was read to its end.
    pub(super) fn read(row: &SqliteRow) -> Result<Self, OutboxError> {
        let column = |index: usize| row.try_get::<Option<Vec<u8>>, _>(index);
        let heads: Option<String> = row.try_get(0)?;
        let spans = spans(heads.as_deref().unwrap_or_default());
        let columns = [column(1)?, column(2)?, column(3)?];
        let [topics, lines, values] = columns.map(Option::unwrap_or_default);
        let spans = spans.filter(|spans| {
            let end = spans.last().copied().unwrap_or_default();
            (end.topic, end.line, end.value) == (topics.len(), lines.len(), values.len())
        });
        let spans = spans.ok_or_else(|| OutboxError("its entries do not fit together".into()))?;
        Ok(Self { spans, topics, lines, values })
    }

    /// Returns how many records there are.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Returns the last entry's number; `None` without any.
    pub(crate) fn last(&self) -> Option<Sequence> {
        self.spans.last().map(|span| span.sequence)
    }

    /// The records in order.
    pub(crate) fn records(&self) -> impl Iterator<Item = BulkRecord<'_>> {
        let before = iter::once(Span::default()).chain(self.spans.iter().copied());
        before.zip(&self.spans).map(|(before, span)| BulkRecord {
            sequence: span.sequence,
            at: span.at,
            // Every topic is a text of the program's own.
            topic: std::str::from_utf8(&self.topics[before.topic..span.topic]).unwrap_or_default(),
            line: &self.lines[before.line..span.line],
            value: &self.values[before.value..span.value],
        })
    }
}

/// Returns the entries that the first column lists; `None` if it is none.
fn spans(heads: &str) -> Option<Vec<Span>> {
    let mut end = Span::default();
    let span = |head: &str| {
        let mut numbers = head.split(',').map(|number| number.parse::<i64>().ok());
        let mut next = || numbers.next().flatten();
        (end.sequence, end.at) = (Sequence(next()?), next()?);
        for column in [&mut end.topic, &mut end.line, &mut end.value] {
            *column += usize::try_from(next()?).ok()?;
        }
        Some(end)
    };
    heads.split_terminator(';').map(span).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::delivery::outbox::{Entry, Origin, Outbox, Purpose};

    const WRITTEN: [(&str, &str, &[u8], Millis); 4] = [
        ("an-alert", "101-1", b"{\"a\":1}", 1_000),
        ("an-status", "가동 1,2;3", b"\0\xff,;\0", -5),
        ("an-receipt", "101-2", b" ", 1_002),
        ("an-alert", "101-1", b"[]", 1_003),
    ];

    fn entry(topic: &str, line: &str, value: &[u8], at: Millis) -> Entry {
        let origin = Origin { id: Uuid::now_v7(), resident: String::new(), route: "/alert".into() };
        let (topic, line, value) = (topic.into(), line.into(), value.to_vec());
        Entry { origin, digest: [0; 32], topic, line, value, at, traceparent: None }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn records_of_any_octets_come_in_order_up_to_the_end_that_was_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(directory.path(), Purpose::Log, |_| {}).await.unwrap();
        for (topic, line, value, at) in WRITTEN {
            outbox.append_note(entry(topic, line, value, at)).await.await.unwrap().unwrap();
        }
        let pages = outbox.pages().unwrap();
        let end = *outbox.end().borrow();
        let bulk = pages.bulk(Sequence(0), end).await.unwrap();
        let read: Vec<_> = bulk.records().map(|one| (one.topic, one.line, one.value, one.at)).collect();
        assert_eq!(read, WRITTEN.map(|(topic, line, value, at)| (topic, line.as_bytes(), value, at)));
        assert_eq!((bulk.len(), bulk.last()), (4, Some(end)));

        let numbers: Vec<Sequence> = bulk.records().map(|one| one.sequence).collect();
        let part = pages.bulk(numbers[0], numbers[2]).await.unwrap();
        assert_eq!(part.records().map(|one| one.sequence).collect::<Vec<_>>(), numbers[1..3]);
        let rest = pages.bulk(end, Sequence(i64::MAX)).await.unwrap();
        assert_eq!((rest.len(), rest.last(), rest.records().count()), (0, None, 0));
        outbox.close().await;
    }

    #[test]
    fn a_list_of_entries_that_is_none_is_noticed() {
        assert_eq!(spans("").map(|spans| spans.len()), Some(0));
        assert_eq!(spans("7,8,1,2,3;8,9,1,2,3").map(|spans| spans[1].value), Some(6));
        for wrong in ["7,8,1,2", "7,8,1,2,-3", "7,8,1,2,x", "7;8"] {
            assert!(spans(wrong).is_none(), "{wrong}");
        }
    }
}
