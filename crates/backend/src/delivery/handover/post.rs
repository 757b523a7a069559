//! The hand-over between processes: a row holds the event, a PostgreSQL notification (NOTIFY) carries its id. A notification
//! is lost to a process that does not listen, so all rows are read again whenever listening begins.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{Event, Position, event::LOOK_BACK, record};
use sqlx::{AssertSqlSafe, Row, any::AnyRow, postgres::PgListener};
use uuid::{Builder, Uuid};

use crate::{
    clock,
    database::{self, Database, DatabaseError},
};

/// The notification's name.
const CHANNEL: &str = "iutsai_handover";
/// The pause after a database did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// How long writing a row is retried; after that the log has had time enough.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The table of what was handed over. Clones share what was read.
#[derive(Clone)]
pub(super) struct Post {
    database: Database,
    /// Ids of rows. They are UUIDv7, so they are in the order of time.
    read: Arc<Mutex<BTreeSet<Uuid>>>,
}

impl Post {
    pub(super) fn new(database: Database) -> Self {
        Self { database, read: Arc::default() }
    }

    /// Hands an event to every process that listens, now or later. Retries for minutes.
    pub(super) async fn send(&self, event: &Event) {
        let trying = async {
            while let Err(error) = self.write(event).await {
                tracing::warn!(%error, "a call cannot be handed over to other processes yet, retrying");
                tokio::time::sleep(PAUSE).await;
            }
        };
        if tokio::time::timeout(PATIENCE, trying).await.is_err() {
            tracing::error!("a call was not handed over: other processes have it when the log does");
        } else {
            metrics::counter!("iutsai_handed_over_total").increment(1);
        }
    }

    async fn write(&self, event: &Event) -> Result<(), DatabaseError> {
        let (topic, value) = record::write(event);
        let (id, now) = (Uuid::now_v7().to_string(), clock::now());
        database::answer(async {
            let mut transaction = self.database.pool().begin().await?;
            sqlx::query("INSERT INTO handovers (id, topic, value, at) VALUES ($1, $2, $3, $4)")
                .bind(&id)
                .bind(topic)
                .bind(value)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
            sqlx::query("DELETE FROM handovers WHERE at < $1")
                .bind(now - LOOK_BACK)
                .execute(&mut *transaction)
                .await?;
            // It is delivered when the transaction commits, so every listener finds the row.
            let notify = format!("NOTIFY {CHANNEL}, '{id}'");
            sqlx::query(AssertSqlSafe(notify)).execute(&mut *transaction).await?;
            transaction.commit().await
        })
        .await
    }

    /// Every event of a rebuild's time that was not read before.
    pub(super) async fn unread(&self) -> Result<Vec<Event>, DatabaseError> {
        let rows = sqlx::query("SELECT id, topic, value FROM handovers WHERE at >= $1 ORDER BY id")
            .bind(clock::now() - LOOK_BACK)
            .fetch_all(self.database.pool());
        let rows = database::answer(rows).await?;
        Ok(rows.iter().filter_map(|row| self.read(row)).collect())
    }

    async fn one(&self, id: &str) -> Result<Option<Event>, DatabaseError> {
        let row = sqlx::query("SELECT id, topic, value FROM handovers WHERE id = $1")
            .bind(id.to_owned())
            .fetch_optional(self.database.pool());
        Ok(database::answer(row).await?.and_then(|row| self.read(&row)))
    }

    /// Passes each event that is handed over to `take`.
    pub(super) async fn listen(&self, take: impl Fn(Event)) {
        loop {
            if let Err(error) = self.listen_once(&take).await {
                tracing::warn!(%error, "nothing can be handed over between processes, retrying");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn listen_once(&self, take: &impl Fn(Event)) -> Result<(), DatabaseError> {
        self.database.prepare().await?;
        let mut listener = PgListener::connect(self.database.url()).await?;
        listener.listen(CHANNEL).await?;
        loop {
            // What came while nobody listened.
            self.unread().await?.into_iter().for_each(take);
            while let Some(notification) = listener.try_recv().await? {
                self.one(notification.payload()).await?.into_iter().for_each(take);
            }
        }
    }

    /// The event of a row that was not read before.
    fn read(&self, row: &AnyRow) -> Option<Event> {
        let read = || -> Result<Option<Event>, Box<dyn std::error::Error>> {
            if !self.is_unread(row.try_get::<String, _>("id")?.parse()?) {
                return Ok(None);
            }
            let (topic, value): (String, Vec<u8>) = (row.try_get("topic")?, row.try_get("value")?);
            let nowhere = Position { timestamp: clock::now(), partition: -1, offset: -1 };
            Ok(Some(record::read(&topic, &value, nowhere)?))
        };
        read().unwrap_or_else(|error| {
            tracing::error!(%error, "what was handed over cannot be read");
            None
        })
    }

    /// Whether the row is read for the first time; from now on it is not. Rows that are gone by now are forgotten.
    fn is_unread(&self, id: Uuid) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let is_unread = read.insert(id);
        let gone = u64::try_from(clock::now() - LOOK_BACK).unwrap_or_default();
        // What another clock wrote goes a while later.
        let first = Builder::from_unix_timestamp_millis(gone, &[0; 10]).into_uuid();
        *read = read.split_off(&first);
        is_unread
    }
}
