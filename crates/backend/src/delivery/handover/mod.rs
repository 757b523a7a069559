//! The hand-over. It brings events that one process recorded to the others, past a slow Kafka. They always go by the
//! [`post`], a row in PostgreSQL and a notification with its id, because no process knows how another one's Kafka is.
//! The fold drops the double when the log comes.

mod post;
mod row;

use std::{collections::BTreeSet, time::Duration};

use domain::{CallKey, Event, Line, Millis, Position, event::OPEN_FOR};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    database::{Database, DatabaseError},
    delivery::hub_queue::{HubQueue, Queued},
};
use post::Post;
use row::{Late, Posted};

/// The pause before rows that could not be read are read again.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// Hands events over to other processes, and takes theirs. Clones are the same.
#[derive(Clone)]
pub struct Handover {
    hub: HubQueue,
    runtime: Handle,
    /// `None` where no other process shares the database.
    post: Option<Post>,
}

impl Handover {
    /// Hands over by `database`, if other processes share it. Their events go to `hub`; work is done on `runtime`.
    #[must_use]
    pub fn new(hub: HubQueue, runtime: Handle, database: Option<Database>) -> Self {
        let post = database.filter(Database::is_postgres).map(Post::new);
        Self { hub, runtime, post }
    }

    /// Hands `event` over to other processes at this time.
    pub(super) fn hand_over(&self, event: &Event, at: Instant) {
        // A silent call is this node's question to itself.
        let Some(post) = self.post.clone().filter(|_| !event.line().is_canary()) else { return };
        let (event, received) = (event.clone(), Instant::now());
        self.runtime.spawn(async move {
            tokio::time::sleep_until(at).await;
            post.send(&event, received).await;
        });
    }

    /// Hands an event over that stands at `position` in the log, where not every process finds it. It was received this
    /// long ago. Processes that do the same write one row.
    pub(crate) fn hand_over_logged(&self, event: &Event, topic: &str, position: Position, age: Duration) {
        let Some(post) = self.post.clone() else { return };
        let (event, id) = (event.clone(), row::id_of(topic, position));
        let received = Instant::now();
        self.runtime.spawn(async move { post.send_logged(&event, id, age, received).await });
    }

    /// Queues what was handed over about these lines, also if it was read before. Keeps trying while the database is
    /// away.
    pub(crate) async fn queue_about(&self, lines: &BTreeSet<Line>) {
        let Some(post) = &self.post else { return };
        let mut failed = false;
        loop {
            match post.about(lines).await {
                Ok(posted) => return posted.into_iter().for_each(|posted| self.queue(posted)),
                Err(error) if !failed => {
                    failed = true;
                    tracing::warn!(%error, "handed-over events cannot be read, retrying");
                }
                Err(_) => {}
            }
            sleep(READ_AGAIN).await;
        }
    }

    /// Queues the events of other processes for the hub. Rows that cannot be read now come later, by
    /// [`Handover::listen`].
    pub(crate) async fn queue_posted(&self) {
        let Some(post) = &self.post else { return };
        match post.unread(Late::ByWallClock).await {
            Ok(posted) => posted.into_iter().for_each(|posted| self.queue(posted)),
            Err(error) => tracing::warn!(%error, "handed-over events cannot be read, retrying"),
        }
    }

    /// Takes what other processes hand over, until it is cancelled.
    pub(crate) async fn listen(self, stopping: CancellationToken) {
        let Some(post) = self.post.clone() else { return };
        let listening = post.listen(|posted| self.queue(posted));
        stopping.run_until_cancelled(listening).await;
    }

    /// Deletes what no rebuild reads any more, and coordinates that are older than a day. `since` is when this was done
    /// last; it returns the time up to which it is done now.
    ///
    /// # Errors
    /// [`DatabaseError`]; the rest stays for the next time.
    pub(crate) async fn forget(&self, since: Millis, now: Millis) -> Result<Millis, DatabaseError> {
        let a_day_ago = now - OPEN_FOR;
        if let Some(post) = &self.post {
            post.forget(now).await?;
            post.forget_coordinates(since, a_day_ago).await?;
        }
        Ok(a_day_ago)
    }

    /// Destroys where the callers of these calls were.
    ///
    /// # Errors
    /// [`DatabaseError`]; it can be done again.
    pub(crate) async fn forget_locations(&self, calls: &BTreeSet<CallKey>) -> Result<(), DatabaseError> {
        match &self.post {
            Some(post) => post.forget_locations(calls).await,
            None => Ok(()),
        }
    }

    fn queue(&self, Posted { event, age }: Posted) {
        self.hub.push(Queued::HandedOver(event, age));
    }
}
