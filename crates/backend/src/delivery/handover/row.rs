//! A row of the hand-over, which holds an event, its age, and an id that is in the order of time.

use std::time::Duration;

use domain::{Event, Millis, Position, record};
use sha2::{Digest, Sha256};
use sqlx::{Row, any::AnyRow};
use uuid::{Builder, Uuid};

use crate::clock;

/// An event that another process handed over.
pub(super) struct Posted {
    pub(super) event: Event,
    /// The time since it was received.
    pub(super) age: Duration,
}

/// The difference between a row's age at its writing and at its reading.
#[derive(Clone, Copy)]
pub(super) enum Late {
    /// At most this long, because nobody here has listened for this time.
    By(Duration),
    /// By this node's wall clock, because nobody here has listened before.
    ByWallClock,
}

/// Returns the id of a row.
pub(super) fn id(row: &AnyRow) -> Result<Uuid, Box<dyn std::error::Error>> {
    Ok(row.try_get::<String, _>("id")?.parse()?)
}

/// Returns the event of a row.
pub(super) fn posted(row: &AnyRow, late: Late) -> Option<Posted> {
    let read = || -> Result<Posted, Box<dyn std::error::Error>> {
        let (topic, value): (String, Vec<u8>) = (row.try_get("topic")?, row.try_get("value")?);
        let event = record::read(&topic, &value, nowhere(clock::now()))?;
        let written = Duration::from_millis(u64::try_from(row.try_get::<i64, _>("age")?).unwrap_or_default());
        let since = match late {
            Late::By(since) => since,
            Late::ByWallClock => clock::since(row.try_get("at")?),
        };
        Ok(Posted { event, age: written + since })
    };
    read().map_or_else(|error| unreadable(&*error), Some)
}

/// Logs that a row is skipped.
pub(super) fn unreadable(error: &dyn std::error::Error) -> Option<Posted> {
    tracing::error!(%error, "a handed-over event cannot be read, skipping it");
    None
}

/// Returns the id of the row of a record, which every process makes alike where the record's time is usable. It is a
/// UUIDv7 of that time.
pub(super) fn id_of(topic: &str, position: Position) -> Uuid {
    let place = format!("{topic}-{}-{}", position.partition, position.offset);
    let digest: [u8; 32] = Sha256::digest(place).into();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    let at = u64::try_from(position.time().unwrap_or_else(clock::now)).unwrap_or_default();
    Builder::from_unix_timestamp_millis(at, &random).into_uuid()
}

/// The position of an event that was not read from the log.
pub(super) fn nowhere(timestamp: Millis) -> Position {
    Position { timestamp, partition: -1, offset: -1 }
}

#[cfg(test)]
mod tests {
    use domain::topic;

    use super::*;

    const NOW: Millis = 1_795_900_000_000;
    const HOUR: Millis = 60 * 60 * 1000;

    #[test]
    fn the_row_of_a_record_has_the_same_id_in_every_process() {
        let position = Position { timestamp: NOW, partition: 1, offset: 7 };
        let id = id_of(topic::ALERT, position);
        assert_eq!(id, id_of(topic::ALERT, position));
        assert_ne!(id, id_of(topic::ACCEPT, position));
        assert_ne!(id, id_of(topic::ALERT, Position { offset: 8, ..position }));
        // Rows are in the order of time by their ids.
        let earlier = id_of(topic::ALERT, Position { timestamp: NOW - HOUR, ..position });
        assert!(earlier < id && id.get_version_num() == 7);
    }
}
