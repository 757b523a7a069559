//! The outbox as the log of one node. It is one partition, whose offsets are the entries' sequence numbers.

use std::time::Duration;

use domain::{Millis, Position, topic};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::{Ends, LogError, Outgoing, Positions, Read, Record, Start};
use crate::{
    clock,
    delivery::outbox::{Entry, Origin, Outbox, OutboxError, Pages, Sequence, Stored},
};

/// The partition that every topic has here.
const PARTITION: i32 = 0;
/// The pause before an outbox that cannot be read is read again.
pub(super) const PAUSE: Duration = Duration::from_millis(500);
/// The time between two looks for new entries. A reader that each commit wakes would read while the hub alarms, and the
/// statistics are not in a hurry.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Where an entry with this number and time stands.
#[must_use]
pub fn position(sequence: Sequence, at: Millis) -> Position {
    Position { timestamp: at, partition: PARTITION, offset: sequence.0 }
}

/// The end of every topic, where the last entry is `end`.
pub(super) fn ends(end: Sequence) -> Ends {
    topic::ALL.iter().map(|topic| ((topic.name.to_owned(), PARTITION), end.0 + 1)).collect()
}

/// Appends a note, and waits until it is written. It shares the fsync of an event.
pub(super) async fn append(outbox: &Outbox, outgoing: Outgoing<'_>) -> Result<(), LogError> {
    // Nobody asks for it again by its key, so the key is only unique.
    let id = outgoing.id.unwrap_or_else(Uuid::now_v7);
    let origin = Origin { id, resident: String::new(), route: outgoing.topic.into() };
    let entry = Entry {
        origin,
        digest: [0; 32],
        topic: outgoing.topic.into(),
        line: outgoing.key.into(),
        value: outgoing.value.into(),
        at: outgoing.timestamp,
        traceparent: outgoing.traceparent.map(str::to_owned),
    };
    match outbox.append_note(entry).await.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(LogError::of(&error)),
        Err(_) => Err(LogError::of(&OutboxError::closed())),
    }
}

/// As [`super::Log::follow`].
pub(super) async fn follow(outbox: &Outbox, start: Start, to: &mpsc::Sender<Read>) {
    let mut reading = Reading { start, after: None, caught_up: false };
    let mut failed = false;
    let mut more = outbox.end();
    loop {
        let seen = *more.borrow_and_update();
        match reading.read_to_end(outbox, seen, to).await {
            Ok(()) => {
                failed = false;
                tokio::select! {
                    outcome = grown(&more) => if outcome.is_err() { return },
                    () = to.closed() => return,
                }
            }
            Err(Stop::NoReader) => return,
            Err(Stop::Failed(error)) => {
                if !failed {
                    tracing::error!(%error, "the outbox cannot be read, retrying");
                }
                failed = true;
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = to.closed() => return,
                }
            }
        }
    }
}

/// Waits until the log has more than was seen, or returns an error if nothing will be appended any more.
async fn grown(end: &watch::Receiver<Sequence>) -> Result<(), watch::error::RecvError> {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if end.has_changed()? {
            return Ok(());
        }
    }
}

/// Why a reading stops.
enum Stop {
    /// The receiver is closed.
    NoReader,
    /// The file cannot be read now.
    Failed(OutboxError),
}

impl From<mpsc::error::SendError<Read>> for Stop {
    fn from(_: mpsc::error::SendError<Read>) -> Self {
        Self::NoReader
    }
}

impl From<OutboxError> for Stop {
    fn from(error: OutboxError) -> Self {
        Self::Failed(error)
    }
}

struct Reading {
    start: Start,
    /// The last entry that was read; `None` before the first page.
    after: Option<Sequence>,
    caught_up: bool,
}

impl Reading {
    /// Sends every entry that is not sent yet. `end` is where the log ended before this.
    async fn read_to_end(
        &mut self,
        outbox: &Outbox,
        end: Sequence,
        to: &mpsc::Sender<Read>,
    ) -> Result<(), Stop> {
        let pages = outbox.pages()?;
        let mut after = match self.after {
            Some(after) => after,
            None => {
                let (after, since) = begin(outbox, &pages, &self.start).await?;
                to.send(Read::Begun(since)).await?;
                let one_each = topic::ALL.iter().map(|topic| (topic.name.to_owned(), 1)).collect();
                to.send(Read::Partitions(one_each)).await?;
                after
            }
        };
        self.after = Some(after);
        loop {
            let page = pages.records(after).await?;
            if page.is_empty() {
                break;
            }
            for stored in page {
                after = stored.sequence;
                to.send(Read::Record(record(stored))).await?;
                self.after = Some(after);
            }
        }
        if !self.caught_up {
            to.send(Read::CaughtUp(ends(end.max(after)))).await?;
            self.caught_up = true;
        }
        Ok(())
    }
}

/// The entry behind which a reading begins, and the time since which everything follows.
async fn begin(outbox: &Outbox, pages: &Pages, start: &Start) -> Result<(Sequence, Millis), OutboxError> {
    match start {
        Start::Since(since) => Ok((pages.before(*since).await?, *since)),
        Start::Behind(positions) => {
            if let Positions::Local { log, sequence, event } = positions
                && *log == outbox.log()?
                && pages.at(*sequence).await?.is_some_and(|entry| entry.origin.id == *event)
            {
                return Ok((*sequence, clock::now()));
            }
            metrics::counter!("iutsai_log_read_from_start_total").increment(1);
            tracing::warn!("the log is not the one that was read before, reading it from its beginning");
            Ok((Sequence(0), Millis::MIN))
        }
    }
}

/// Returns the record that an entry is.
pub(crate) fn record(stored: Stored) -> Record {
    let Stored { sequence, id, topic, value, at, traceparent } = stored;
    Record {
        position: position(sequence, at),
        time: at,
        id: Some(id),
        topic,
        value: Some(value),
        republished: false,
        age: None,
        traceparent,
        stood_before: false,
    }
}
