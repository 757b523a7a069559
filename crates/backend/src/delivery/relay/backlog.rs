//! The entries that a start or a failure left unpublished.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use domain::{
    AlertId, Event, Millis,
    event::{LATE_AFTER, LOOK_BACK},
    record, topic,
};
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

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
        let ends = ends(&pages, before).await?;
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
            let published = stream::iter(lines.into_values().map(|line| self.publish_line(line, &ends)));
            left += published.buffer_unordered(WIDTH).fold(0, async |sum, left| sum + left).await;
            if left > 0 {
                return Ok(left);
            }
        }
    }

    /// Publishes a line's entries one after the other; returns how many are left, since none may overtake another.
    async fn publish_line(&self, entries: Vec<(Sequence, Entry)>, ends: &Ends) -> usize {
        let count = entries.len();
        for (done, (sequence, entry)) in entries.into_iter().enumerate() {
            if !self.lock().insert(sequence) {
                continue;
            }
            let outgoing =
                Outgoing { republished: is_quiet(sequence, &entry, ends), ..Outgoing::from(&entry) };
            let outcome = self.0.kafka.publish(outgoing).await;
            let is_left = matches!(outcome, Err(Unpublished::Unknown(_)));
            self.record_outcome(sequence, outcome).await;
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
                self.record_outcome(sequence, outcome).await;
                is_left
            });
            failed += outcomes.buffered(WIDTH).filter(|is_left| std::future::ready(*is_left)).count().await;
        }
    }
}

/// The words that end calls, by the calls' ids.
type Ends = HashMap<AlertId, Vec<Event>>;

/// Reads the words behind `before` that end calls.
async fn ends(pages: &Pages, before: Sequence) -> Result<Ends, OutboxError> {
    let (mut ends, mut after) = (Ends::new(), before);
    loop {
        let page = pages.behind(after).await?;
        let Some((last, _)) = page.last() else { return Ok(ends) };
        after = *last;
        for (sequence, entry) in page.iter().filter(|(_, entry)| entry.topic == topic::STATUS) {
            if let Some(Event::Status(status)) = event(*sequence, entry)
                && status.status.ends()
            {
                ends.entry(status.alert).or_default().push(Event::Status(status));
            }
        }
    }
}

/// Returns whether an entry must not sound where it is read, because it is old, or its call was ended by an actor who
/// may end it.
fn is_quiet(sequence: Sequence, entry: &Entry, ends: &Ends) -> bool {
    let is_over = || match event(sequence, entry) {
        Some(Event::Alert(alert)) => {
            let mut ends = ends.get(&alert.id).into_iter().flatten();
            ends.any(|end| end.fits(&alert.key()))
        }
        _ => false,
    };
    clock::now() - entry.at > LATE_AFTER || is_over()
}

fn event(sequence: Sequence, entry: &Entry) -> Option<Event> {
    record::read(&entry.topic, &entry.value, position(sequence, entry.at)).ok()
}

#[cfg(test)]
mod tests {
    use domain::{Actor, Alert, EventId, House, Line, Progress, Status};

    use super::*;
    use crate::delivery::outbox::Origin;

    fn house(name: &str) -> House {
        House::new(name).unwrap()
    }

    #[test]
    fn only_an_end_by_somebody_who_may_keeps_a_call_from_sounding() {
        let alert = Alert::new(AlertId::generate(), Line::new("101-1").unwrap(), house("1203"), clock::now());
        let cancelled = |by: &str, target: Option<&str>| {
            Event::Status(Status {
                id: EventId::generate(),
                line: alert.line.clone(),
                alert: alert.id,
                target: target.map(house),
                status: Progress::Cancelled,
                by: Actor::House(house(by)),
                by_line: None,
                note: None,
                escalation: None,
                at: alert.at + 1,
            })
        };
        let (topic, value) = record::write(&Event::Alert(alert.clone()));
        let origin = Origin { id: alert.id.0, resident: "resident-1203".into(), route: "/alert".into() };
        let (line, at) = (alert.line.to_string(), alert.at);
        let topic = topic.into();
        let entry = Entry { origin, digest: [0; 32], topic, line, value, at, traceparent: None };
        for (by, target, is_over) in [
            ("1203", None, true),
            ("1203", Some("1203"), true),
            ("1204", None, false),
            ("1204", Some("1204"), false),
        ] {
            let ends = Ends::from([(alert.id, vec![cancelled(by, target)])]);
            assert_eq!(is_quiet(Sequence(1), &entry, &ends), is_over, "{by} of {target:?}");
        }
        assert!(!is_quiet(Sequence(1), &entry, &Ends::new()));
    }
}
