//! The one that writes the outbox: everything that waits goes into one transaction and one fsync.

use std::{fs::File, time::Duration};

use sqlx::{Row, Sqlite, SqlitePool, Transaction};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};
use wire::Position;

use super::{Entry, OutboxError, Sequence, Write};

/// At most this much shares a commit.
const BATCH: usize = 512;
/// A mark alone is not worth an fsync: it waits this long for an entry to travel with.
const MARKS_WAIT: Duration = Duration::from_millis(200);

type Reply = oneshot::Sender<Result<Sequence, OutboxError>>;

#[derive(Default)]
struct Batch {
    entries: Vec<(Entry, Reply)>,
    marks: Vec<(Sequence, Position)>,
    closing: Option<oneshot::Sender<()>>,
}

impl Batch {
    fn add(&mut self, write: Write) {
        match write {
            Write::Append(entry, reply) => self.entries.push((entry, reply)),
            Write::Mark(sequence, position) => self.marks.push((sequence, position)),
            Write::Close(done) => self.closing = Some(done),
        }
    }

    fn is_urgent(&self) -> bool {
        !self.entries.is_empty() || self.closing.is_some()
    }

    fn len(&self) -> usize {
        self.entries.len() + self.marks.len()
    }
}

/// Writes until it is closed. The lock is held as long as the file is in use.
pub(super) async fn run(pool: SqlitePool, mut queue: mpsc::Receiver<Write>, lock: File) {
    loop {
        let mut batch = gather(&mut queue).await;
        let Some(closing) = commit(&pool, &mut batch).await else { continue };
        pool.close().await;
        drop(lock);
        // Whoever asked for it may have gone on.
        let _ = closing.send(());
        return;
    }
}

async fn gather(queue: &mut mpsc::Receiver<Write>) -> Batch {
    let mut batch = Batch::default();
    let mut deadline = None;
    while !batch.is_urgent() && batch.len() < BATCH {
        let next = match deadline {
            None => queue.recv().await,
            Some(deadline) => match timeout_at(deadline, queue.recv()).await {
                Ok(next) => next,
                Err(_) => return batch,
            },
        };
        let Some(write) = next else {
            batch.closing = Some(oneshot::channel().0);
            return batch;
        };
        batch.add(write);
        deadline = deadline.or_else(|| Some(Instant::now() + MARKS_WAIT));
    }
    while batch.len() < BATCH {
        let Ok(write) = queue.try_recv() else { break };
        batch.add(write);
    }
    batch
}

/// Commits a batch and answers; gives back who waits for the end, if the end was asked for.
async fn commit(pool: &SqlitePool, batch: &mut Batch) -> Option<oneshot::Sender<()>> {
    let Batch { entries, marks, closing } = std::mem::take(batch);
    let (entries, replies): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
    let count = entries.len();
    match write(pool, &entries, &marks).await {
        Ok(sequences) => {
            metrics::counter!("iutsai_outbox_commits_total").increment(1);
            metrics::counter!("iutsai_outbox_entries_total").increment(count as u64);
            for (reply, sequence) in replies.into_iter().zip(sequences) {
                // A client that went away does not take its entry with it.
                let _ = reply.send(Ok(sequence));
            }
        }
        Err(error) => {
            tracing::error!(%error, entries = count, marks = marks.len(), "the outbox could not commit");
            metrics::counter!("iutsai_outbox_failures_total").increment(1);
            for reply in replies {
                let _ = reply.send(Err(error.clone()));
            }
        }
    }
    closing
}

async fn write(
    pool: &SqlitePool,
    entries: &[Entry],
    marks: &[(Sequence, Position)],
) -> Result<Vec<Sequence>, OutboxError> {
    if entries.is_empty() && marks.is_empty() {
        return Ok(Vec::new());
    }
    let mut transaction = pool.begin().await?;
    let mut sequences = Vec::with_capacity(entries.len());
    for entry in entries {
        sequences.push(insert(&mut transaction, entry).await?);
    }
    for (sequence, position) in marks {
        sqlx::query(
            "UPDATE entries SET partition_id = $1, record_offset = $2, record_timestamp = $3 WHERE sequence = $4",
        )
        .bind(position.partition)
        .bind(position.offset)
        .bind(position.timestamp)
        .bind(sequence.0)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(sequences)
}

/// An entry that is there already keeps its place: one request of a batch must not fail the others.
async fn insert(transaction: &mut Transaction<'_, Sqlite>, entry: &Entry) -> Result<Sequence, OutboxError> {
    let inserted = sqlx::query(
        "INSERT INTO entries (id, resident, route, digest, topic, line, value, stored_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id, resident, route) DO UPDATE SET id = excluded.id
         RETURNING sequence",
    )
    .bind(entry.origin.id)
    .bind(&entry.origin.resident)
    .bind(&entry.origin.route)
    .bind(&entry.digest[..])
    .bind(&entry.topic)
    .bind(&entry.line)
    .bind(&entry.value)
    .bind(entry.at)
    .fetch_one(&mut **transaction)
    .await?;
    Ok(Sequence(inserted.try_get("sequence")?))
}
