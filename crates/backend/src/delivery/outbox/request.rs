//! The requests to the outbox's writer.

use domain::{CallKey, Event, Millis, Position};
use tokio::sync::oneshot;

use super::{Appended, Entry, OutboxError, Sequence, SessionCopy};

/// Answers the waiter of a commit.
pub(super) type Reply<T> = oneshot::Sender<Result<T, OutboxError>>;

/// An entry that somebody waits for.
pub(super) struct Append {
    pub(super) entry: Entry,
    pub(super) event: Event,
    pub(super) reply: Reply<Appended>,
}

/// A request to the writer.
pub(super) enum Write {
    /// Keep an entry.
    Append(Box<Append>),
    /// Change what is kept, at once. The answer is the number of rows.
    Change(Change, Reply<u64>),
    /// A change that waits to share the commit of the next entry.
    Note(Change, Reply<u64>),
    /// Commit and end.
    Close(oneshot::Sender<()>),
}

/// A change of what is kept.
pub(super) enum Change {
    /// Keep an entry that nobody waits for.
    Append(Box<Entry>),
    /// Kafka acknowledged an entry at this position, in the cluster of this id.
    Mark(Sequence, Position, String),
    /// Kafka refuses an entry for good.
    Refuse(Sequence, String),
    /// The log lost these.
    Unmark(Vec<Sequence>),
    /// Some marks become those of this cluster, or are taken back.
    Adopt(Option<String>),
    /// Some old entries are deleted.
    Forget {
        topic: &'static str,
        before: Millis,
        below: Sequence,
        done_only: bool,
    },
    ForgetCoordinates {
        topic: &'static str,
        since: Millis,
        before: Millis,
    },
    /// Where the callers of these calls were is destroyed.
    ForgetLocations(Vec<CallKey>),
    /// The database returned these sessions, at that time.
    Sessions(Vec<SessionCopy>, Millis),
}
