//! The one that writes the outbox: everything that waits goes into one transaction and one fsync.

use std::{path::PathBuf, time::Duration};

use sqlx::{SqlitePool, sqlite::SqliteConnection};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};
use wire::{Millis, Position};

use super::{
    Entry, OutboxError, Sequence, SessionCopy,
    file::{OutboxFile, Unopened},
};

mod statements;

/// At most this much shares a commit.
const BATCH: usize = 512;
/// What nobody waits for is not worth an fsync of its own: it waits this long for an entry to travel with.
const NOTES_WAIT: Duration = Duration::from_millis(200);
/// How often a file that failed is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Answers who waits for a commit.
pub(super) type Reply<T> = oneshot::Sender<Result<T, OutboxError>>;

/// What the writer is asked to do.
pub(super) enum Write {
    /// Keep an entry.
    Append(Entry, Reply<Sequence>),
    /// Change what is kept, at once; who asks learns how many rows.
    Change(Change, Reply<u64>),
    /// The same, when there is an occasion.
    Note(Change, Reply<u64>),
    /// Commit and end.
    Close(oneshot::Sender<()>),
}

/// A change of what is kept.
pub(super) enum Change {
    /// Kafka acknowledged an entry.
    Mark(Sequence, Position),
    /// Kafka refuses an entry for good.
    Refuse(Sequence, String),
    /// The log lost these.
    Unmark(Vec<Sequence>),
    /// What is done with goes.
    Forget { topic: Option<&'static str>, before: Millis },
    /// The database told these sessions, at that time.
    Sessions(Vec<SessionCopy>, Millis),
}

#[derive(Default)]
struct Batch {
    entries: Vec<(Entry, Reply<Sequence>)>,
    changes: Vec<(Change, Reply<u64>)>,
    /// Somebody waits for it.
    is_urgent: bool,
    closing: Option<oneshot::Sender<()>>,
}

impl Batch {
    fn add(&mut self, write: Write) {
        self.is_urgent |= !matches!(write, Write::Note(..));
        match write {
            Write::Append(entry, reply) => self.entries.push((entry, reply)),
            Write::Change(change, reply) | Write::Note(change, reply) => self.changes.push((change, reply)),
            Write::Close(done) => self.closing = Some(done),
        }
    }

    fn len(&self) -> usize {
        self.entries.len() + self.changes.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Whether the file is open, and if not, when it is tried again.
enum State {
    Open(OutboxFile),
    Failed { until: Instant, why: OutboxError },
}

/// Owns the file.
pub(super) struct Writer {
    directory: PathBuf,
    state: State,
    reader: watch::Sender<Option<SqlitePool>>,
    trouble: watch::Sender<Option<OutboxError>>,
}

impl Writer {
    /// A writer of what [`OutboxFile::open`] gave.
    pub(super) fn new(
        directory: PathBuf,
        opened: Result<OutboxFile, OutboxError>,
        reader: watch::Sender<Option<SqlitePool>>,
        trouble: watch::Sender<Option<OutboxError>>,
    ) -> Self {
        let state = State::Failed { until: Instant::now(), why: OutboxError::closed() };
        let mut writer = Self { directory, state, reader, trouble };
        writer.take_up(opened);
        writer
    }

    /// Writes until it is closed.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Write>) {
        loop {
            let again = match &self.state {
                State::Open(_) => None,
                State::Failed { until, .. } => Some(*until),
            };
            let mut batch = gather(&mut queue, again).await;
            if again.is_some_and(|at| Instant::now() >= at) {
                self.try_again().await;
            }
            let closing = batch.closing.take();
            if !batch.is_empty() {
                self.commit(batch).await;
            }
            let Some(closing) = closing else { continue };
            self.reader.send_replace(None);
            if let State::Open(file) = self.state {
                file.close().await;
            }
            // Whoever asked for it may have gone on.
            let _ = closing.send(());
            return;
        }
    }

    fn take_up(&mut self, opened: Result<OutboxFile, OutboxError>) {
        let (state, reader, trouble) = match opened {
            Ok(file) => {
                let reader = file.reader.clone();
                (State::Open(file), Some(reader), None)
            }
            Err(why) => {
                let until = Instant::now() + TRY_AGAIN;
                (State::Failed { until, why: why.clone() }, None, Some(why))
            }
        };
        self.state = state;
        self.reader.send_replace(reader);
        let was = self.trouble.send_replace(trouble.clone());
        match (was, trouble) {
            (None, Some(error)) => tracing::error!(%error, "no call can be stored; the file is tried again"),
            (Some(_), None) => tracing::info!("calls can be stored again"),
            _ => {}
        }
    }

    async fn try_again(&mut self) {
        let opened = OutboxFile::open(&self.directory).await;
        self.take_up(opened.map_err(|error| match error {
            Unopened::InUse(error) | Unopened::Unusable(error) => error,
        }));
    }

    /// Commits a batch and answers.
    async fn commit(&mut self, batch: Batch) {
        let Batch { entries, changes, .. } = batch;
        let (entries, replies): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        let (changes, waiting): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
        let written = match &self.state {
            State::Open(file) => write(&file.writer, &entries, &changes).await,
            State::Failed { why, .. } => Err(why.clone()),
        };
        match written {
            Ok((sequences, counts)) => {
                metrics::counter!("iutsai_outbox_commits_total").increment(1);
                metrics::counter!("iutsai_outbox_entries_total").increment(entries.len() as u64);
                // A client that went away does not take its entry with it, so nobody listening is no error.
                for (reply, sequence) in replies.into_iter().zip(sequences) {
                    let _ = reply.send(Ok(sequence));
                }
                for (reply, count) in waiting.into_iter().zip(counts) {
                    let _ = reply.send(Ok(count));
                }
            }
            Err(error) => {
                metrics::counter!("iutsai_outbox_failures_total").increment(1);
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
                for reply in waiting {
                    let _ = reply.send(Err(error.clone()));
                }
                self.fail(error).await;
            }
        }
    }

    /// What a failed commit left behind is not built upon: the file is opened anew.
    async fn fail(&mut self, error: OutboxError) {
        // Who is refused while it is failed must not put off the next try.
        let State::Open(file) = &self.state else { return };
        let (reader, writer) = (file.reader.clone(), file.writer.clone());
        self.take_up(Err(error));
        reader.close().await;
        writer.close().await;
    }
}

/// The next batch; an empty one when it is time to try a failed file `again`.
async fn gather(queue: &mut mpsc::Receiver<Write>, again: Option<Instant>) -> Batch {
    let mut batch = Batch::default();
    let mut deadline = again;
    while !batch.is_urgent && batch.len() < BATCH {
        let next = match deadline {
            None => queue.recv().await,
            Some(deadline) => tokio::select! {
                biased;
                next = queue.recv() => next,
                () = sleep_until(deadline) => return batch,
            },
        };
        let Some(write) = next else {
            batch.closing = Some(oneshot::channel().0);
            return batch;
        };
        batch.add(write);
        let travel = Instant::now() + NOTES_WAIT;
        deadline = deadline.map_or(Some(travel), |deadline| Some(deadline.min(travel)));
    }
    while batch.len() < BATCH {
        let Ok(write) = queue.try_recv() else { break };
        batch.add(write);
    }
    batch
}

async fn write(
    pool: &SqlitePool,
    entries: &[Entry],
    changes: &[Change],
) -> Result<(Vec<Sequence>, Vec<u64>), OutboxError> {
    let mut transaction = pool.begin().await?;
    let connection: &mut SqliteConnection = &mut transaction;
    let mut sequences = Vec::with_capacity(entries.len());
    for entry in entries {
        sequences.push(statements::insert(connection, entry).await?);
    }
    let mut counts = Vec::with_capacity(changes.len());
    for change in changes {
        counts.push(statements::change(connection, change).await?);
    }
    transaction.commit().await?;
    Ok((sequences, counts))
}
