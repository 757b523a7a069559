//! Where everybody writes down what was done and heard, by one clock.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use domain::Line;
use tokio::sync::Notify;

use crate::checker::{Command, HeardOnly, History, Listener, Outcome, Received, Subscription};
use testkit::client::Message;

/// The history of a run while it is written.
#[derive(Debug)]
pub(super) struct Recorder {
    /// When it was made, and then when the play began.
    started: Mutex<Instant>,
    history: Mutex<History>,
    /// Somebody's command was acknowledged just now.
    acknowledged: Notify,
    /// So many milliseconds the play stood still.
    held_up: AtomicU64,
    /// Connections that were refused or broke before the snapshot was complete.
    failed_connections: AtomicUsize,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self {
            started: Mutex::new(Instant::now()),
            history: Mutex::default(),
            acknowledged: Notify::new(),
            held_up: AtomicU64::new(0),
            failed_connections: AtomicUsize::new(0),
        }
    }

    /// The time since the beginning.
    pub(super) fn now(&self) -> Duration {
        self.started().elapsed()
    }

    /// Begins the play, so times count from now on.
    pub(super) fn begin_to_play(&self) {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn started(&self) -> Instant {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the play has come so far.
    pub(super) async fn sleep_until(&self, at: Duration) {
        while let Some(left) = at.checked_sub(self.played()).filter(|left| !left.is_zero()) {
            tokio::time::sleep(left).await;
        }
    }

    /// Returns the time since the beginning of the play, without the time it was held up.
    fn played(&self) -> Duration {
        let held_up = Duration::from_millis(self.held_up.load(Relaxed));
        self.now().saturating_sub(held_up)
    }

    /// Moves everything that follows by the delay of an act of the play, so that faults keep their lengths and calls go
    /// on as long as planned.
    pub(super) fn hold_up(&self, since: Duration) {
        let late = self.played().saturating_sub(since);
        self.held_up.fetch_add(u64::try_from(late.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Waits for the next acknowledgement.
    pub(super) async fn next_acknowledgement(&self) {
        self.acknowledged.notified().await;
    }

    /// The history so far; nobody else writes while it is looked at.
    pub(super) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A command that is about to be sent; the number is its place.
    pub(super) fn begin(&self, command: Command) -> usize {
        let mut history = self.history();
        history.commands.push(command);
        history.commands.len() - 1
    }

    /// A command is sent, once more perhaps.
    pub(super) fn tried(&self, command: usize) {
        self.history().commands[command].tries += 1;
    }

    /// Records the outcome of a command.
    pub(super) fn answered(&self, command: usize, outcome: Outcome) {
        let is_acknowledged = matches!(outcome, Outcome::Acknowledged { .. });
        self.history().commands[command].outcome = outcome;
        if is_acknowledged {
            self.acknowledged.notify_waiters();
        }
    }

    /// A command was answered as heard and not recorded. It was sent then, and is sent again.
    pub(super) fn heard_only(&self, command: usize, sent: Duration) {
        let at = self.now();
        let mut history = self.history();
        let Command { id, line, .. } = history.commands[command].clone();
        history.heard_only.push(HeardOnly { id, line, sent, at });
    }

    /// An outbox was replaced by a copy that is as old as this.
    pub(super) fn restored(&self, copied: Duration) {
        let now = self.now();
        self.history().taken_back.push((copied, now));
    }

    /// Somebody who will listen; the number is the place.
    pub(super) fn listener(&self, name: String, line: Line) -> usize {
        let mut history = self.history();
        history.listeners.push(Listener { name, line, subscriptions: Vec::new() });
        history.listeners.len() - 1
    }

    /// That one subscribes.
    pub(super) fn subscribe(&self, listener: usize, began: Duration) {
        let subscription = Subscription { began, ..Subscription::default() };
        self.history().listeners[listener].subscriptions.push(subscription);
    }

    /// Records a frame of this listener, in the last subscription.
    pub(super) fn received(&self, listener: usize, message: &Message) {
        let received = self.stamp(message);
        let mut history = self.history();
        if let Some(subscription) = history.listeners[listener].subscriptions.last_mut() {
            subscription.received.push(received);
        }
    }

    /// That one's last subscription is over.
    pub(super) fn unsubscribed(&self, listener: usize) {
        let now = self.now();
        if let Some(subscription) = self.history().listeners[listener].subscriptions.last_mut() {
            subscription.ended.get_or_insert(now);
        }
    }

    /// A MESSAGE that is read now.
    pub(super) fn stamp(&self, message: &Message) -> Received {
        let message_id = message.header("message-id").unwrap_or_default().to_owned();
        let replay = message.is_replay();
        Received { at: self.now(), message_id, replay, body: message.body.clone() }
    }

    /// A connection came to nothing.
    pub(super) fn failed_connection(&self) {
        self.failed_connections.fetch_add(1, Relaxed);
    }

    /// Returns how many did.
    pub(super) fn failed_connections(&self) -> usize {
        self.failed_connections.load(Relaxed)
    }
}
