//! The hand-over between processes. A row holds the event, and a PostgreSQL notification (NOTIFY) carries its id. A
//! notification is lost to a process that does not listen, so all rows are read again whenever listening begins.

mod forgetting;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{Event, Line, event::LOOK_BACK, record};
use sqlx::{AssertSqlSafe, any::AnyRow, postgres::PgListener};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use uuid::{Builder, Uuid};

use super::row::{self, Late, Posted, posted, unreadable};
use crate::{
    clock,
    database::{self, Database, DatabaseError},
};

/// The notification's name.
const CHANNEL: &str = "iutsai_handover";
/// The pause after a database did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// The time for which writing a row is retried. After that the log has had time enough.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// The time between two readings of the table without a notification.
const READ_EVERY: Duration = Duration::from_secs(2);
/// Records of the log that are handed over at once, so that many leave the database to others.
const AT_ONCE: usize = 4;

/// The table of what was handed over. Clones share what was read.
#[derive(Clone)]
pub(super) struct Post {
    database: Database,
    /// Ids of rows. They are UUIDv7, so they are in the order of time.
    read: Arc<Mutex<BTreeSet<Uuid>>>,
    /// The turns of records of the log.
    turns: Arc<Semaphore>,
}

impl Post {
    pub(super) fn new(database: Database) -> Self {
        Self { database, read: Arc::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Hands an event to every process that listens, now or later. Retries for minutes.
    pub(super) async fn send(&self, event: &Event, received: Instant) {
        self.send_as(event, Uuid::now_v7(), Duration::ZERO, received).await;
    }

    /// Hands an event of the log over by this id, that was `age` old at `read`.
    pub(super) async fn send_logged(&self, event: &Event, id: Uuid, age: Duration, read: Instant) {
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await;
        self.send_as(event, id, age, read).await;
    }

    async fn send_as(&self, event: &Event, id: Uuid, age: Duration, since: Instant) {
        let trying = async {
            while let Err(error) = self.write(event, id, age + since.elapsed()).await {
                tracing::warn!(%error, "a call cannot be handed over to other processes yet, retrying");
                tokio::time::sleep(PAUSE).await;
            }
        };
        if tokio::time::timeout(PATIENCE, trying).await.is_err() {
            tracing::error!("a call was not handed over, so other processes receive it by the log");
        } else {
            metrics::counter!("iutsai_handed_over_total").increment(1);
        }
    }

    /// Writes a row and notifies of it, unless there is one of this id.
    async fn write(&self, event: &Event, id: Uuid, age: Duration) -> Result<(), DatabaseError> {
        let (topic, value) = record::write(event);
        let (id, now) = (id.to_string(), clock::now());
        database::answer(async {
            let mut transaction = self.database.pool().begin().await?;
            let insert = "INSERT INTO handovers (id, topic, value, at, age) VALUES ($1, $2, $3, $4, $5)
                          ON CONFLICT (id) DO NOTHING";
            let written = sqlx::query(insert)
                .bind(&id)
                .bind(topic)
                .bind(value)
                .bind(now)
                .bind(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
                .execute(&mut *transaction)
                .await?;
            if written.rows_affected() == 0 {
                return Ok(());
            }
            // It is delivered when the transaction commits, so every listener finds the row.
            let notify = format!("NOTIFY {CHANNEL}, '{id}'");
            sqlx::query(AssertSqlSafe(notify)).execute(&mut *transaction).await?;
            transaction.commit().await
        })
        .await
    }

    /// Every event of a rebuild's time that was not read before.
    pub(super) async fn unread(&self, late: Late) -> Result<Vec<Posted>, DatabaseError> {
        let rows = sqlx::query("SELECT id, topic, value, at, age FROM handovers WHERE at >= $1 ORDER BY id")
            .bind(clock::now() - LOOK_BACK)
            .fetch_all(self.database.pool());
        let rows = database::answer(rows).await?;
        Ok(rows.iter().filter_map(|row| self.read(row, late)).collect())
    }

    /// Every event of a rebuild's time about these lines, whether it was read before or not.
    pub(super) async fn about(&self, lines: &BTreeSet<Line>) -> Result<Vec<Posted>, DatabaseError> {
        let rows = sqlx::query("SELECT id, topic, value, at, age FROM handovers WHERE at >= $1 ORDER BY id")
            .bind(clock::now() - LOOK_BACK)
            .fetch_all(self.database.pool());
        let rows = database::answer(rows).await?;
        let posted = rows.iter().filter_map(|row| posted(row, Late::ByWallClock));
        Ok(posted.filter(|posted| lines.contains(posted.event.line())).collect())
    }

    async fn one(&self, id: &str) -> Result<Option<Posted>, DatabaseError> {
        let row = sqlx::query("SELECT id, topic, value, at, age FROM handovers WHERE id = $1")
            .bind(id.to_owned())
            .fetch_optional(self.database.pool());
        let late = Late::By(Duration::ZERO);
        Ok(database::answer(row).await?.and_then(|row| self.read(&row, late)))
    }

    /// Passes each event that is handed over to `take`.
    pub(super) async fn listen(&self, take: impl Fn(Posted)) {
        let mut listened = Instant::now();
        loop {
            if let Err(error) = self.listen_once(&take, &mut listened).await {
                tracing::warn!(%error, "the hand-over between processes is not available, retrying");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Listens until the connection fails. `listened` is when somebody last did.
    async fn listen_once(&self, take: &impl Fn(Posted), listened: &mut Instant) -> Result<(), DatabaseError> {
        self.database.prepare().await?;
        let mut listener = PgListener::connect(self.database.url()).await?;
        listener.listen(CHANNEL).await?;
        loop {
            // Rows that came while nobody listened, or whose notification was lost.
            self.unread(Late::By(listened.elapsed())).await?.into_iter().for_each(take);
            *listened = Instant::now();
            // A connection can end without a word (a cable, a firewall), so the table is read now and then as well.
            while let Ok(notified) = timeout(READ_EVERY, listener.try_recv()).await {
                let Some(notification) = notified? else { break };
                self.one(notification.payload()).await?.into_iter().for_each(take);
                *listened = Instant::now();
            }
        }
    }

    /// The event of a row that was not read before.
    fn read(&self, row: &AnyRow, late: Late) -> Option<Posted> {
        match row::id(row) {
            Ok(id) if self.is_unread(id) => posted(row, late),
            Ok(_) => None,
            Err(error) => unreadable(&*error),
        }
    }

    /// Returns whether the row is read for the first time; from now on it is not. Rows that are gone by now are forgotten.
    fn is_unread(&self, id: Uuid) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let is_unread = read.insert(id);
        let gone = u64::try_from(clock::now() - LOOK_BACK).unwrap_or_default();
        // Rows of another clock go a while later.
        let first = Builder::from_unix_timestamp_millis(gone, &[0; 10]).into_uuid();
        *read = read.split_off(&first);
        is_unread
    }
}
