//! The task that writes the outbox. All waiting entries go into one transaction and one fsync.

use std::time::Duration;

use sqlx::{Connection as _, sqlite::SqliteConnection};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use batch::{Batch, gather};
use checkpoints::Checkpoints;

use super::{
    Appended, Committed, OutboxError, Readable, Sequence,
    file::{Opener, OutboxFile},
    place::Unopened,
    request::{Append, Change, Reply, Write},
};

mod batch;
mod checkpoints;
mod statements;

/// The time between two attempts to reopen a file that failed.
const REOPEN_EVERY: Duration = Duration::from_secs(1);
/// The time between two checks that the open file still stands at its path, while nothing is written.
const INSPECT_EVERY: Duration = Duration::from_secs(1);

/// The state of the file that the writer shows.
pub(super) struct Shown {
    pub(super) readable: watch::Sender<Option<Readable>>,
    pub(super) trouble: watch::Sender<Option<OutboxError>>,
    pub(super) end: watch::Sender<Sequence>,
}

/// True if the file is open, and if not, when it is reopened.
enum State {
    Open(OutboxFile),
    Failed { until: Instant, why: OutboxError },
}

/// Owns the file.
pub(super) struct Writer {
    opener: Opener,
    state: State,
    shown: Shown,
    checkpoints: Checkpoints,
    committed: Box<dyn Fn(Committed) + Send>,
}

/// The result of a commit.
#[derive(Default)]
struct Written {
    /// The effects of the entries that somebody waits for.
    appended: Vec<Appended>,
    /// The rows of each change.
    counts: Vec<u64>,
    /// The greatest number of an entry, notes included.
    end: Sequence,
}

impl Written {
    fn add(&mut self, appended: Appended) {
        if let Appended::New(sequence) = appended {
            self.end = self.end.max(sequence);
        }
        self.appended.push(appended);
    }
}

impl Writer {
    /// A writer of what [`Opener::open`] returned, which passes each committed event to `committed`.
    pub(super) fn new(
        opener: Opener,
        opened: Result<OutboxFile, OutboxError>,
        shown: Shown,
        committed: Box<dyn Fn(Committed) + Send>,
    ) -> Self {
        let state = State::Failed { until: Instant::now(), why: OutboxError::closed() };
        let mut writer = Self { opener, state, shown, checkpoints: Checkpoints::default(), committed };
        writer.enter(opened);
        writer
    }

    /// Writes until it is closed.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Write>) {
        loop {
            let until = match &self.state {
                State::Open(_) => Instant::now() + self.checkpoints.due_after().unwrap_or(INSPECT_EVERY),
                State::Failed { until, .. } => *until,
            };
            let mut batch = gather(&mut queue, until).await;
            let closing = batch.closing.take();
            if matches!(self.state, State::Failed { .. }) && Instant::now() >= until {
                let opened = self.opener.open(true).await;
                self.enter(opened.map_err(OutboxError::from));
            }
            if batch.len() > 0 {
                self.commit(batch).await;
            } else {
                // `trouble` shows a failure, and nobody waits for an answer.
                let _ = self.keep_in_place().await;
                if let State::Open(file) = &self.state {
                    self.checkpoints.begin_if_due(file);
                }
            }
            let Some(closing) = closing else { continue };
            self.shown.readable.send_replace(None);
            if let State::Open(file) = self.state {
                file.close().await;
            }
            // Closed with the lock, which the next server may have as soon as this one reports that it has closed the
            // file.
            drop(self.opener);
            // The receiver may have gone on.
            let _ = closing.send(());
            return;
        }
    }

    fn enter(&mut self, opened: Result<OutboxFile, OutboxError>) {
        let (state, readable, trouble) = match opened {
            Ok(file) => {
                self.shown.end.send_if_modified(|end| advance(end, Sequence(file.end)));
                let readable = Readable::of(&file);
                (State::Open(file), Some(readable), None)
            }
            Err(why) => {
                let until = Instant::now() + REOPEN_EVERY;
                (State::Failed { until, why: why.clone() }, None, Some(why))
            }
        };
        self.state = state;
        self.shown.readable.send_replace(readable);
        self.show_trouble(trouble);
    }

    fn show_trouble(&self, trouble: Option<OutboxError>) {
        let mut was = None;
        self.shown.trouble.send_if_modified(|known| {
            was = std::mem::replace(known, trouble.clone());
            was != trouble
        });
        match (was, trouble) {
            (None, Some(error)) => tracing::error!(%error, "calls cannot be stored, retrying"),
            (Some(_), None) => tracing::info!("calls can be stored again"),
            _ => {}
        }
    }

    /// Commits a batch and answers. Nobody is answered, and the hub does not learn of an event, before the file that holds
    /// it stands where the next start will look for it.
    async fn commit(&mut self, batch: Batch) {
        let Batch { appends, changes, .. } = batch;
        let mut written = match &mut self.state {
            State::Open(file) => write(&mut file.writer, &appends, &changes).await,
            State::Failed { why, .. } => Err(why.clone()),
        };
        if written.is_ok() {
            written = self.keep_in_place().await.and(written);
        }
        match written {
            Ok(written) => self.answer(appends, changes, written),
            Err(error) => {
                metrics::counter!("iutsai_outbox_failures_total").increment(1);
                self.opener.refresh();
                // A waiter that has gone needs no answer.
                for append in appends {
                    let _ = append.reply.send(Err(error.clone()));
                }
                for (_, reply) in changes {
                    let _ = reply.send(Err(error.clone()));
                }
                self.fail(error).await;
            }
        }
    }

    fn answer(&mut self, appends: Vec<Append>, changes: Vec<(Change, Reply<u64>)>, written: Written) {
        metrics::counter!("iutsai_outbox_commits_total").increment(1);
        let new = written.appended.iter().filter(|appended| matches!(appended, Appended::New(_))).count();
        metrics::counter!("iutsai_outbox_entries_total").increment(new as u64);
        self.checkpoints.add(appends.len() + changes.len());
        for (append, appended) in appends.into_iter().zip(written.appended) {
            let Append { entry, event, reply } = append;
            // The hub has the event of an entry that was there before.
            if let Appended::New(sequence) = appended {
                (self.committed)(Committed { sequence, at: entry.at, event, traceparent: entry.traceparent });
            }
            // A client that went away does not take its entry with it, so a missing listener is not an error.
            let _ = reply.send(Ok(appended));
        }
        self.shown.end.send_if_modified(|end| advance(end, written.end));
        for ((_, reply), count) in changes.into_iter().zip(written.counts) {
            // A note has no waiter, and that of another change may have gone.
            let _ = reply.send(Ok(count));
        }
    }

    /// Puts the outbox back where it was opened, if it was moved away or replaced while it was in use.
    async fn keep_in_place(&mut self) -> Result<(), OutboxError> {
        let State::Open(file) = &mut self.state else { return Ok(()) };
        if self.opener.is_in_place() {
            self.show_trouble(None);
            return Ok(());
        }
        // Until that succeeds, the open file is the only place where everything is.
        if let Err(error) = self.opener.copy(file).await {
            self.show_trouble(Some(error.clone()));
            return Err(error);
        }
        let why = OutboxError("it was moved away while it was in use".into());
        let moved = State::Failed { until: Instant::now(), why };
        let State::Open(file) = std::mem::replace(&mut self.state, moved) else { return Ok(()) };
        // Closing deletes the write-ahead log by its path (SQLite, "Write-Ahead Logging"), so it comes before another file's
        // log can stand there.
        self.shown.readable.send_replace(None);
        file.close().await;
        let opened = self.opener.open(false).await.map_err(OutboxError::from);
        let outcome = opened.as_ref().map(drop).map_err(Clone::clone);
        self.enter(opened);
        outcome
    }

    /// A failed commit may have left a part of itself behind, so the file is reopened before anything is added to it.
    async fn fail(&mut self, error: OutboxError) {
        // A write refused while the file is down must not postpone the next attempt to reopen it.
        if !matches!(self.state, State::Open(_)) {
            return;
        }
        let failed = State::Failed { until: Instant::now(), why: error.clone() };
        let State::Open(file) = std::mem::replace(&mut self.state, failed) else { return };
        self.enter(Err(error));
        file.close().await;
    }
}

impl From<Unopened> for OutboxError {
    fn from(error: Unopened) -> Self {
        match error {
            Unopened::InUse(error) | Unopened::Unusable(error) => error,
        }
    }
}

/// Moves `end` forward; whether it moved.
fn advance(end: &mut Sequence, to: Sequence) -> bool {
    let is_further = to > *end;
    *end = (*end).max(to);
    is_further
}

/// Writes all of it in one transaction.
async fn write(
    file: &mut SqliteConnection,
    appends: &[Append],
    changes: &[(Change, Reply<u64>)],
) -> Result<Written, OutboxError> {
    let mut written = Written::default();
    if let ([append], []) = (appends, changes) {
        written.add(statements::insert(file, &append.entry).await?);
        return Ok(written);
    }
    let mut transaction = file.begin().await?;
    let connection: &mut SqliteConnection = &mut transaction;
    for append in appends {
        written.add(statements::insert(connection, &append.entry).await?);
    }
    for (change, _) in changes {
        let changed = statements::change(connection, change).await?;
        written.counts.push(changed.rows);
        written.end = written.end.max(changed.appended.unwrap_or_default());
    }
    transaction.commit().await?;
    Ok(written)
}
