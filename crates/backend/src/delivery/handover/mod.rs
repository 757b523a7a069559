//! Past a slow log: what the hub has not heard from the log soon after it was recorded is handed to it
//! directly, so that the alarm waits for no broker. The fold drops the double when the log comes.
//!
//! Within one process that is a call of the hub. Between processes it goes by the [`post`]: a row in PostgreSQL, and a
//! notification with its id; always, since no process knows how another one's Kafka is.

mod post;

use std::time::Duration;

use tokio::{runtime::Handle, time::Instant};
use tokio_util::sync::CancellationToken;
use wire::{Event, Position, Seen, record};

use crate::{
    calls::hub::{Arrival, Hub},
    clock,
    database::Database,
};
use post::Post;

/// The log has so long, counted from when the request was received.
const LOG_MAY_TAKE: Duration = Duration::from_millis(300);
/// What comes so long after it happened is no news.
const LATE_AFTER: wire::Millis = 10 * 60 * 1000;

/// Hands events over to the hub of this process, and to those of others.
#[derive(Clone)]
pub struct Handover {
    hub: Hub,
    runtime: Handle,
    /// Reading a record back takes so long that an alarm must not wait for it.
    log_is_slow: bool,
    post: Option<Post>,
}

impl Handover {
    /// To `hub`, on the runtime of its sockets, and to other processes where `database` is one they can share.
    /// `log_is_slow` where reading a record back takes longer than an alarm should wait.
    #[must_use]
    pub fn new(hub: Hub, runtime: Handle, log_is_slow: bool, database: Database) -> Self {
        let post = database.is_postgres().then(|| Post::new(database));
        Self { hub, runtime, log_is_slow, post }
    }

    /// The log has `event` at `position`: a call need not be read back from a slow one. An answer is, since only the order
    /// in which the log is read tells whose was first.
    pub(crate) fn published(&self, event: Event, position: Position) {
        let Event::Alert(_) = &event else { return };
        if !self.log_is_slow {
            return;
        }
        let (topic, _) = record::write(&event);
        let message_id = Some(format!("{topic}-{}-{}", position.partition, position.offset));
        let hub = self.hub.clone();
        self.runtime.spawn(async move {
            let late = is_late(&event);
            hub.apply(Arrival { event, seen: Seen::Direct, message_id, late, replay: false });
        });
    }

    /// Sees to it that every hub has `event`, which is durable, soon after `received`.
    pub(crate) fn ensure(&self, event: Event, received: Instant) {
        let handover = self.clone();
        self.runtime.spawn(async move {
            tokio::time::sleep_until(received + LOG_MAY_TAKE).await;
            if handover.apply(event.clone()) {
                metrics::counter!("iutsai_handed_over_total").increment(1);
            }
            // Also where this process has heard it from the log: another one may be cut off from Kafka by itself.
            if let Some(post) = &handover.post {
                post.send(&event).await;
            }
        });
    }

    /// Puts into the hub what other processes handed over. What cannot be read now comes when the post is listened to
    /// again.
    pub(crate) async fn take_posted(&self) {
        let Some(post) = &self.post else { return };
        match post.unread().await {
            Ok(events) => events.into_iter().for_each(|event| self.take(event)),
            Err(error) => tracing::warn!(%error, "what was handed over cannot be read yet"),
        }
    }

    /// Takes what other processes hand over, until it is cancelled.
    pub(crate) async fn listen(self, stopping: CancellationToken) {
        let Some(post) = self.post.clone() else { return };
        let listening = post.listen(|event| self.take(event));
        stopping.run_until_cancelled(listening).await;
    }

    fn take(&self, event: Event) {
        if self.apply(event) {
            metrics::counter!("iutsai_taken_over_total").increment(1);
        }
    }

    /// Whether the hub had not heard of it.
    fn apply(&self, event: Event) -> bool {
        let late = is_late(&event);
        self.hub.apply(Arrival { event, seen: Seen::Direct, message_id: None, late, replay: false })
    }
}

/// Whether an event that arrives now is no news any more.
pub(crate) fn is_late(event: &Event) -> bool {
    event.at().is_some_and(|at| clock::now() - at > LATE_AFTER)
}
