//! The calls with which a location of the caller or of a helper went out, and of whom, read from the outbox, which is
//! complete and waits for nobody.

use std::collections::BTreeMap;

use domain::{CallKey, Millis, Position, event::LOOK_BACK, record, topic};
use tokio::sync::Mutex;

use super::{Privacy, PrivacyError};
use crate::{
    clock,
    database::{self, Database},
    delivery::outbox::{Entry, LogId, PAGE, Sequence},
};

/// The place up to which the outbox was read.
#[derive(Default)]
pub(super) struct Followed(Mutex<Option<(LogId, Sequence)>>);

/// A flat whose location went out, with the call's id, by whom and when.
type Located = BTreeMap<CallKey, (String, Millis)>;

impl Privacy {
    /// Records whose locations have gone out since the last time. Entries that cannot be recorded are read again.
    pub(super) async fn follow(&self) -> Result<(), PrivacyError> {
        let mut followed = self.followed.0.lock().await;
        let (pages, log) = (self.outbox.pages()?, self.outbox.log()?);
        let end = *self.outbox.end().borrow();
        let mut after = match *followed {
            Some((known, after)) if known == log => after,
            _ => pages.before(clock::now() - LOOK_BACK).await?,
        };
        loop {
            let entries = pages.of_locations(after).await?;
            let is_last = entries.len() < PAGE as usize;
            // Nothing up to the end of before the last page was left out.
            let least = if is_last { end } else { after };
            after = entries.last().map_or(least, |(last, _)| least.max(*last));
            let located = located(entries.iter().map(|(_, entry)| entry));
            if !located.is_empty() {
                write(&self.database, &located).await?;
            }
            *followed = Some((log, after));
            if is_last {
                return Ok(());
            }
        }
    }
}

/// Returns the flats whose locations these entries have.
fn located<'a>(entries: impl Iterator<Item = &'a Entry>) -> Located {
    let mut located = Located::new();
    for entry in entries.filter(|entry| !entry.origin.resident.is_empty()) {
        if let Some(flat) = flat_of(entry) {
            located.entry(flat).or_insert_with(|| (entry.origin.resident.clone(), entry.at));
        }
    }
    located
}

fn flat_of(entry: &Entry) -> Option<CallKey> {
    if !topic::OF_ALERTS.contains(&entry.topic.as_str()) && entry.topic != topic::LOCATION {
        return None;
    }
    let nowhere = Position { timestamp: entry.at, partition: -1, offset: -1 };
    record::read(&entry.topic, &entry.value, nowhere).ok()?.located()
}

/// Writes them. The location of somebody who has withdrawn or left in the meantime is marked to be destroyed.
async fn write(database: &Database, located: &Located) -> Result<(), PrivacyError> {
    let now = clock::now();
    database::outcome(async {
        let mut transaction = database.pool().begin().await?;
        for (CallKey { line, house, id }, (account, at)) in located {
            let insert = sqlx::query(
                "INSERT INTO located_calls (line, house, alert, account, at, withdrawn_at)
                 SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT),
                     CASE WHEN COUNT(*) > 0 THEN CAST($4 AS TEXT) ELSE '' END, CAST($5 AS BIGINT),
                     CASE WHEN COUNT(*) > 0 THEN 0 ELSE CAST($6 AS BIGINT) END
                 FROM residents WHERE name = $4 AND location_use <> 'withdrawn'
                 ON CONFLICT (line, house, alert) DO NOTHING",
            );
            let insert = insert.bind(line.as_str()).bind(house.as_str()).bind(id.to_string());
            let insert = insert.bind(account.as_str()).bind(*at).bind(now);
            insert.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use domain::{Alert, AlertId, Event, House, Line, Location, Moved};
    use uuid::Uuid;

    use super::*;
    use crate::delivery::outbox::Origin;

    fn entry(event: &Event, resident: &str) -> Entry {
        let (topic, value) = record::write(event);
        let origin = Origin { id: Uuid::now_v7(), resident: resident.into(), route: "/alert".into() };
        let (topic, line) = (topic.into(), "101-1".into());
        Entry { origin, digest: [0; 32], topic, line, value, at: 7, traceparent: None }
    }

    fn alert(location: Option<Location>) -> Alert {
        Alert {
            location,
            ..Alert::new(AlertId::generate(), Line::new("101-1").unwrap(), House::new("1203").unwrap(), 7)
        }
    }

    #[test]
    fn only_flats_with_a_location_of_somebody_are_listed_and_each_once() {
        let here = Location::new(37.5, 127.0, None).unwrap();
        let (with, without) = (alert(Some(here)), alert(None));
        let moved = |of: &Alert| Moved {
            line: of.line.clone(),
            alert: of.id,
            target: Some(of.house.clone()),
            house: None,
            house_line: None,
            location: Some(here),
            at: 9,
        };
        let (house, house_line) = (House::new("0501").ok(), Line::new("101-2").ok());
        let helper = Moved { house, house_line, ..moved(&with) };
        let gone = Moved { location: None, house: House::new("1301").ok(), ..moved(&with) };
        let foreign = alert(Some(here));
        let entries = [
            entry(&Event::Alert(with.clone()), "kim"),
            entry(&Event::Moved(moved(&with)), "kim"),
            entry(&Event::Alert(without), "kim"),
            entry(&Event::Alert(foreign), ""),
            entry(&Event::Moved(helper), "lee"),
            entry(&Event::Moved(gone), "choi"),
        ];
        let (line, house) = (Line::new("101-2").unwrap(), House::new("0501").unwrap());
        let of_helper = CallKey { line, house, id: with.id };
        let expected = Located::from([(with.key(), ("kim".into(), 7)), (of_helper, ("lee".into(), 7))]);
        assert_eq!(located(entries.iter()), expected);
    }
}
