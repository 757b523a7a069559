//! A record out of a Kafka message, and how far its partition is read.

use std::time::Duration;

use domain::{Millis, Position, header};
use rdkafka::{
    Message,
    message::{BorrowedMessage, Headers},
};

use crate::delivery::log::Record;

/// The part of a partition that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// The next offset to read.
    pub(super) next: i64,
    /// Where it ended when reading began.
    pub(super) end: i64,
    /// `next` when the statistics were looked at last.
    pub(super) before: i64,
    /// The time of the last record whose timestamp was usable.
    time: Option<Millis>,
}

impl Progress {
    /// From `next` to `end`, which is where the partition ends now.
    pub(super) const fn new(next: i64, end: i64) -> Self {
        Self { next, end, before: -1, time: None }
    }

    /// Moves behind a record; returns its time, if that can be known or guessed.
    pub(super) fn advance(&mut self, position: Position) -> Option<Millis> {
        self.next = position.offset + 1;
        // A record from before the reading began is not new. Its neighbour's time is the best guess.
        let time = position.time().or(self.time.filter(|_| position.offset < self.end));
        self.time = time.or(self.time);
        time
    }
}

/// The record of a message that stands at `position` and was written at `time`.
pub(super) fn of(
    message: &BorrowedMessage<'_>,
    position: Position,
    time: Millis,
    stood_before: bool,
) -> Record {
    let headers = || message.headers().into_iter().flat_map(|headers| headers.iter());
    let text = |name: &str| {
        let value = headers().find(|header| header.key == name).and_then(|header| header.value);
        value.and_then(|value| std::str::from_utf8(value).ok())
    };
    let republished = headers().any(|header| header.key == header::REPUBLISHED);
    Record {
        topic: message.topic().to_owned(),
        position,
        time,
        id: text(header::ID).and_then(|id| id.parse().ok()),
        value: message.payload().map(<[u8]>::to_vec),
        republished,
        age: text(header::AGE).and_then(|age| age.parse().ok()).map(Duration::from_millis),
        traceparent: text(header::TRACEPARENT).map(str::to_owned),
        stood_before,
    }
}
