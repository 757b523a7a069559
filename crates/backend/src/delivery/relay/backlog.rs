//! What a start or a failure left unpublished.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use domain::{
    Event, Millis,
    event::{LATE_AFTER, LOOK_BACK},
    record, topic,
};
use futures_util::{StreamExt, stream};
use tokio::time::Instant;
use uuid::Uuid;

use super::Relay;
use crate::{
    clock,
    delivery::{
        log::{Outgoing, kafka::Unpublished, position},
        outbox::{Entry, OutboxError, Pages, Sequence},
    },
};

/// The most entries that are under way at once.
const WIDTH: usize = 64;
const BACKOFF: Duration = Duration::from_millis(100);
const BACKOFF_LIMIT: Duration = Duration::from_secs(2);
/// Fresh events do not wait longer than this for older ones that Kafka takes no more of, such as those of a partition
/// without a leader.
const OPEN_AFTER: Duration = Duration::from_secs(30);

impl Relay {
    /// Publishes what a start or a failure left behind, whenever there is something.
    pub(super) async fn work_off_backlog(self) {
        self.0.kafka.cluster().await;
        self.open().await;
        loop {
            let mut backoff = BACKOFF;
            loop {
                match self.publish_backlog().await {
                    Ok(0) => break,
                    Ok(failed) => tracing::warn!(failed, "part of the outbox is not published yet, retrying"),
                    Err(error) => tracing::error!(%error, "the backlog cannot be read, retrying"),
                }
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(BACKOFF_LIMIT);
            }
            self.0.left.notified().await;
        }
    }

    /// Publishes the last 49 hours in their order within each line, then lets fresh events be published at once.
    async fn open(&self) {
        let since = clock::now() - LOOK_BACK;
        let limit = Instant::now() + OPEN_AFTER;
        let mut backoff = BACKOFF;
        while Instant::now() < limit {
            match self.publish_recent(since).await {
                Ok(0) => break,
                Ok(left) => tracing::warn!(left, "recent entries are not published yet, retrying"),
                Err(error) => tracing::error!(%error, "the outbox cannot be read, retrying"),
            }
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_LIMIT);
        }
        self.0.is_open.send_replace(true);
    }

    /// Publishes what waits since then; returns how many entries still do.
    async fn publish_recent(&self, since: Millis) -> Result<usize, OutboxError> {
        self.adopt_marks().await?;
        let pages = self.0.outbox.pages()?;
        let before = pages.before(since).await?;
        let over = calls_that_are_over(&pages, before).await?;
        let mut left = 0;
        let mut after = before;
        loop {
            let page = pages.waiting(after).await?;
            let Some((last, _)) = page.last() else { return Ok(left) };
            after = *last;
            let mut lines: BTreeMap<String, Vec<(Sequence, Entry)>> = BTreeMap::new();
            for (sequence, entry) in page {
                lines.entry(entry.line.clone()).or_default().push((sequence, entry));
            }
            let published = stream::iter(lines.into_values().map(|line| self.publish_line(line, &over)));
            left += published.buffer_unordered(WIDTH).fold(0, async |sum, left| sum + left).await;
            if left > 0 {
                return Ok(left);
            }
        }
    }

    /// Publishes a line's entries one after the other; returns how many are left, since none may overtake another.
    async fn publish_line(&self, entries: Vec<(Sequence, Entry)>, over: &HashSet<Uuid>) -> usize {
        let count = entries.len();
        for (done, (sequence, entry)) in entries.into_iter().enumerate() {
            if !self.lock().insert(sequence) {
                continue;
            }
            let outgoing = Outgoing { republished: is_quiet(&entry, over), ..Outgoing::from(&entry) };
            let outcome = self.0.kafka.publish(outgoing).await;
            let is_left = matches!(outcome, Err(Unpublished::Unknown(_)));
            self.settle(sequence, outcome).await;
            if is_left {
                return count - done;
            }
        }
        0
    }

    /// Publishes every entry that waits and that nobody is publishing; returns how many are left.
    async fn publish_backlog(&self) -> Result<usize, OutboxError> {
        let mut failed = 0;
        let mut after = Sequence(0);
        loop {
            let entries = self.0.outbox.pages()?.waiting(after).await?;
            let Some((last, _)) = entries.last() else { return Ok(failed) };
            after = *last;
            let idle = entries.into_iter().filter(|(sequence, _)| self.lock().insert(*sequence));
            let outcomes = stream::iter(idle.collect::<Vec<_>>()).map(|(sequence, entry)| async move {
                let outcome = self.0.kafka.publish(Outgoing::from(&entry)).await;
                let is_left = matches!(outcome, Err(Unpublished::Unknown(_)));
                self.settle(sequence, outcome).await;
                is_left
            });
            failed += outcomes.buffered(WIDTH).filter(|is_left| std::future::ready(*is_left)).count().await;
        }
    }
}

/// The calls that the outbox knows to have ended.
async fn calls_that_are_over(pages: &Pages, before: Sequence) -> Result<HashSet<Uuid>, OutboxError> {
    let (mut over, mut after) = (HashSet::new(), before);
    loop {
        let page = pages.behind(after).await?;
        let Some((last, _)) = page.last() else { return Ok(over) };
        after = *last;
        let statuses = page.iter().filter(|(_, entry)| entry.topic == topic::STATUS);
        over.extend(statuses.filter_map(|(sequence, entry)| match event(*sequence, entry) {
            Some(Event::Status(status)) if status.status.ends() => Some(status.alert.0),
            _ => None,
        }));
    }
}

/// Whether an entry must not sound where it is read: it is old, or its call is over.
fn is_quiet(entry: &Entry, over: &HashSet<Uuid>) -> bool {
    clock::now() - entry.at > LATE_AFTER || over.contains(&entry.origin.id)
}

fn event(sequence: Sequence, entry: &Entry) -> Option<Event> {
    record::read(&entry.topic, &entry.value, position(sequence, entry.at)).ok()
}
