//! Records who was shown the location of a call, once for each call and account. It works in the background and in
//! batches; a database that is slow or away delays only this.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use domain::{CallKey, Millis};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    calls::hub::{Hub, Means, Viewer, Viewing},
    database::{self, Database},
    people::PeopleError,
};

/// The time between two batches.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// The pause after a batch that the database did not take.
const PAUSE: Duration = Duration::from_secs(5);
/// The time for the last batches at a stop.
const LAST_WITHIN: Duration = Duration::from_secs(2);
/// The most rows of one transaction.
const TOGETHER: usize = 500;
/// The most rows that wait for the database.
const WAITING: usize = 50_000;
/// The most pairs of call and account that are remembered as recorded. The table itself drops doubles.
const REMEMBERED: usize = 100_000;

/// A row.
#[derive(Clone, Debug)]
struct Use {
    call: CallKey,
    viewer: Arc<Viewer>,
    means: Means,
    at: Millis,
}

/// Rows that wait to be written.
#[derive(Default)]
struct Waiting {
    rows: VecDeque<Use>,
    known: HashMap<CallKey, HashSet<String>>,
    remembered: usize,
}

impl Waiting {
    /// Adds the viewers that the call is not known to have had.
    fn add(&mut self, viewing: Viewing) {
        if self.remembered > REMEMBERED {
            (self.known, self.remembered) = (HashMap::new(), 0);
        }
        let Viewing { call, means, viewers, at } = viewing;
        let known = self.known.entry(call.clone()).or_default();
        for viewer in viewers {
            if known.contains(&viewer.name) {
                continue;
            }
            if self.rows.len() >= WAITING {
                metrics::counter!("iutsai_location_uses_lost_total").increment(1);
                continue;
            }
            known.insert(viewer.name.clone());
            self.remembered += 1;
            self.rows.push_back(Use { call: call.clone(), viewer, means, at });
        }
    }

    fn take(&mut self) -> Vec<Use> {
        let count = self.rows.len().min(TOGETHER);
        self.rows.drain(..count).collect()
    }

    /// Puts rows back that were not written.
    fn put_back(&mut self, rows: Vec<Use>) {
        for row in rows.into_iter().rev() {
            self.rows.push_front(row);
        }
    }
}

/// Records what the hub publishes.
pub(crate) struct Recorder {
    database: Database,
    viewings: mpsc::Receiver<Viewing>,
}

impl Recorder {
    /// A recorder of everything that `hub` shows from now on.
    pub(crate) fn new(database: Database, hub: &Hub) -> Self {
        Self { database, viewings: hub.viewings() }
    }

    /// Records until it is cancelled; then it writes what waits.
    pub(crate) async fn run(mut self, stopping: CancellationToken) {
        let mut waiting = Waiting::default();
        let mut writing: Option<JoinHandle<Vec<Use>>> = None;
        let mut ticks = interval(WRITE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                viewing = self.viewings.recv() => match viewing {
                    Some(viewing) => waiting.add(viewing),
                    None => break,
                },
                left = finished(&mut writing), if writing.is_some() => {
                    writing = None;
                    waiting.put_back(left);
                }
                _ = ticks.tick(), if writing.is_none() && !waiting.rows.is_empty() => {
                    let (database, rows) = (self.database.clone(), waiting.take());
                    writing = Some(tokio::spawn(async move { write_or_wait(&database, rows).await }));
                }
            }
        }
        if let Some(writing) = writing
            && let Ok(Ok(left)) = timeout(LAST_WITHIN, writing).await
        {
            waiting.put_back(left);
        }
        while let Ok(viewing) = self.viewings.try_recv() {
            waiting.add(viewing);
        }
        self.write_last(waiting).await;
    }

    async fn write_last(&self, mut waiting: Waiting) {
        let writing = async {
            while !waiting.rows.is_empty() {
                write(&self.database, &waiting.take()).await?;
            }
            Ok::<(), PeopleError>(())
        };
        match timeout(LAST_WITHIN, writing).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last uses of locations are not recorded"),
            Err(_) => tracing::warn!("the last uses of locations are not recorded, the database is too slow"),
        }
    }
}

/// Returns what a batch left, when it is done.
async fn finished(writing: &mut Option<JoinHandle<Vec<Use>>>) -> Vec<Use> {
    match writing {
        Some(writing) => writing.await.unwrap_or_else(|error| {
            tracing::error!(%error, "recording the uses of locations ended early");
            Vec::new()
        }),
        None => std::future::pending().await,
    }
}

/// Writes rows, and returns those that are to be written again after a pause.
async fn write_or_wait(database: &Database, rows: Vec<Use>) -> Vec<Use> {
    match write(database, &rows).await {
        Ok(()) => Vec::new(),
        Err(error) => {
            metrics::counter!("iutsai_location_failures_total").increment(1);
            tracing::warn!(%error, "the uses of locations are not recorded yet, retrying");
            sleep(PAUSE).await;
            rows
        }
    }
}

/// Writes rows in one transaction. One that is there already stays as it is, and a location whose use was withdrawn has
/// no record.
async fn write(database: &Database, rows: &[Use]) -> Result<(), PeopleError> {
    database::outcome(async {
        let mut transaction = database.pool().begin().await?;
        for Use { call, viewer, means, at } in rows {
            let insert = sqlx::query(
                "INSERT INTO location_uses
                     (line, house, alert, viewer, viewer_line, viewer_house, viewer_role, means, at)
                 SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT),
                     CAST($6 AS TEXT), CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS BIGINT)
                 WHERE NOT EXISTS (SELECT 1 FROM located_calls
                     WHERE line = $1 AND house = $2 AND alert = $3 AND withdrawn_at > 0)
                 ON CONFLICT (line, house, alert, viewer) DO NOTHING",
            );
            let insert = insert.bind(call.line.as_str()).bind(call.house.as_str()).bind(call.id.to_string());
            let insert = insert
                .bind(viewer.name.as_str())
                .bind(viewer.line.as_ref().map(domain::Line::as_str))
                .bind(viewer.house.as_ref().map(domain::House::as_str))
                .bind(viewer.role.as_str())
                .bind(means.as_str())
                .bind(*at);
            insert.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use domain::{AlertId, House, Line, Role};

    use super::*;

    fn call() -> CallKey {
        let (line, house) = (Line::new("101-1").unwrap(), House::new("1203").unwrap());
        CallKey { line, house, id: AlertId::generate() }
    }

    fn viewing(call: &CallKey, names: impl IntoIterator<Item = String>, means: Means) -> Viewing {
        let viewer = |name| Arc::new(Viewer { name, line: None, house: None, role: Role::Resident });
        let viewers = names.into_iter().map(viewer).collect();
        Viewing { call: call.clone(), means, viewers, at: 1 }
    }

    #[test]
    fn a_viewer_of_a_call_is_recorded_once_by_the_first_means() {
        let (mut waiting, call) = (Waiting::default(), call());
        let both = || ["kim".to_owned(), "lee".to_owned()];
        waiting.add(viewing(&call, both(), Means::Alarm));
        waiting.add(viewing(&call, both(), Means::Snapshot));
        waiting.add(viewing(&call, ["choi".to_owned()], Means::Snapshot));
        let rows: Vec<_> = waiting.rows.iter().map(|row| (row.viewer.name.as_str(), row.means)).collect();
        assert_eq!(rows, [("kim", Means::Alarm), ("lee", Means::Alarm), ("choi", Means::Snapshot)]);
    }

    #[test]
    fn what_waits_is_bounded_and_what_was_not_written_keeps_its_place() {
        let (mut waiting, call) = (Waiting::default(), call());
        let names = (0..WAITING + 10).map(|number| number.to_string());
        waiting.add(viewing(&call, names, Means::Alarm));
        assert_eq!(waiting.rows.len(), WAITING);
        let taken = waiting.take();
        assert_eq!(taken.len(), TOGETHER);
        waiting.put_back(taken);
        assert_eq!((waiting.rows.len(), waiting.rows[0].viewer.name.as_str()), (WAITING, "0"));
        // One that found no room is not taken for recorded.
        waiting.take();
        waiting.add(viewing(&call, [(WAITING + 1).to_string()], Means::Alarm));
        assert_eq!(waiting.rows.len(), WAITING - TOGETHER + 1);
    }
}
