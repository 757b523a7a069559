//! Up to where the log is read, as the tables keep it.

use std::collections::BTreeMap;

use domain::{statistics, topic};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::store::{StatisticsError, Tables, execute};
use crate::delivery::{
    log::{Ends, Partition, Positions, Record},
    outbox::{LogId, Sequence},
};

/// The one topic of a log that is a file.
pub(super) const FILE: &str = "outbox";

/// The place up to which a partition is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The next offset to read.
    pub(super) next: i64,
    /// The id of the file or the cluster.
    pub(super) log: String,
    /// The id of the last event that was read of a file; empty for Kafka.
    pub(super) last: String,
}

/// The place up to which each partition is read.
pub(super) type Places = BTreeMap<Partition, Place>;

/// Returns what is stored.
pub(super) async fn load(from: &mut AnyConnection, tables: Tables) -> Result<Places, StatisticsError> {
    let query = format!("SELECT topic, partition_id, next_offset, log, last_id FROM {}", tables.positions());
    let mut places = Places::new();
    for row in sqlx::query(AssertSqlSafe(query)).fetch_all(from).await? {
        let partition: i64 = row.try_get("partition_id")?;
        let partition = i32::try_from(partition).map_err(StatisticsError::stored)?;
        let place = Place {
            next: row.try_get("next_offset")?,
            log: row.try_get("log")?,
            last: row.try_get("last_id")?,
        };
        places.insert((row.try_get("topic")?, partition), place);
    }
    Ok(places)
}

/// Stores these places in addition to the others.
pub(super) async fn save(
    to: &mut AnyConnection,
    tables: Tables,
    places: &Places,
) -> Result<(), StatisticsError> {
    let query = format!(
        "INSERT INTO {} (topic, partition_id, next_offset, log, last_id) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (topic, partition_id) DO UPDATE SET next_offset = excluded.next_offset, log = excluded.log,
             last_id = excluded.last_id",
        tables.positions()
    );
    for ((topic, partition), place) in places {
        sqlx::query(AssertSqlSafe(query.clone()))
            .bind(topic.as_str())
            .bind(i64::from(*partition))
            .bind(place.next)
            .bind(place.log.as_str())
            .bind(place.last.as_str())
            .execute(&mut *to)
            .await?;
    }
    Ok(())
}

/// Removes the places of the other kind of log, which a node had before Kafka was set up, or afterwards.
pub(super) async fn keep_kind(
    of: &mut AnyConnection,
    tables: Tables,
    is_file: bool,
) -> Result<(), StatisticsError> {
    let others = if is_file { "<>" } else { "=" };
    let delete = format!("DELETE FROM {} WHERE topic {others} '{FILE}'", tables.positions());
    execute(of, delete, &[]).await.map(drop)
}

/// Returns the place behind a record of the file or the cluster with this id. In a file it is not that of an
/// entry that goes after a day, because the last entry that was read must be found again.
pub(super) fn behind(record: &Record, is_file: bool, log: &str) -> Option<(Partition, Place)> {
    let (next, log) = (record.position.offset + 1, log.to_owned());
    if is_file {
        let last = record.id.filter(|_| !topic::is_passing(&record.topic))?.to_string();
        return Some(((FILE.to_owned(), 0), Place { next, log, last }));
    }
    let partition = (record.topic.clone(), record.position.partition);
    Some((partition, Place { next, log, last: String::new() }))
}

/// Returns where a file is read on; `None` if nothing of any file was read.
pub(super) fn in_file(places: &Places) -> Option<Positions> {
    let place = places.get(&(FILE.to_owned(), 0))?;
    Some(Positions::Local {
        log: LogId(place.log.parse().ok()?),
        sequence: Sequence(place.next - 1),
        event: place.last.parse::<Uuid>().ok()?,
    })
}

/// Returns where a cluster is read on; `None` if the places are of another cluster, or a partition ends before what was
/// read of it. Then all of it is read again.
pub(super) fn in_cluster(places: &Places, cluster: &str, ends: &Ends) -> Option<Positions> {
    let is_there = |(partition, place): (&Partition, &Place)| {
        place.log == cluster && ends.get(partition).is_some_and(|end| place.next <= *end)
    };
    let next = || places.iter().map(|(partition, place)| (partition.clone(), place.next)).collect();
    places.iter().all(is_there).then(|| Positions::Kafka(next()))
}

/// Returns the places as figures show them.
pub(super) fn shown(places: Places) -> statistics::Positions {
    let mut shown = statistics::Positions::new();
    for ((topic, partition), place) in places {
        shown.entry(topic).or_default().insert(partition, place.next);
    }
    shown
}
