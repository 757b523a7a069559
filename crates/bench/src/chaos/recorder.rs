//! Where everybody writes down what was done and heard, by one clock.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use wire::Line;

use crate::{
    checker::{Command, Heard, History, Listener, Outcome, Subscription},
    client::Message,
};

/// The history of a run while it is written.
#[derive(Debug)]
pub(super) struct Recorder {
    /// When it was made, and then when the play began.
    started: Mutex<Instant>,
    history: Mutex<History>,
    /// Somebody's command was acknowledged just now.
    acknowledged: Notify,
    /// Connections that were refused or broke before the snapshot was complete.
    failed_connections: AtomicUsize,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self {
            started: Mutex::new(Instant::now()),
            history: Mutex::default(),
            acknowledged: Notify::new(),
            failed_connections: AtomicUsize::new(0),
        }
    }

    /// The time since the beginning.
    pub(super) fn now(&self) -> Duration {
        self.started().elapsed()
    }

    /// The play begins: times count from now on.
    pub(super) fn begin_to_play(&self) {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn started(&self) -> Instant {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so long after the beginning.
    pub(super) async fn sleep_until(&self, at: Duration) {
        tokio::time::sleep_until((self.started() + at).into()).await;
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

    /// What came of a command.
    pub(super) fn answered(&self, command: usize, outcome: Outcome) {
        let is_acknowledged = matches!(outcome, Outcome::Acknowledged { .. });
        self.history().commands[command].outcome = outcome;
        if is_acknowledged {
            self.acknowledged.notify_waiters();
        }
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

    /// That one was told something, in the last subscription.
    pub(super) fn heard(&self, listener: usize, message: &Message) {
        let heard = self.note(message);
        let mut history = self.history();
        if let Some(subscription) = history.listeners[listener].subscriptions.last_mut() {
            subscription.heard.push(heard);
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
    pub(super) fn note(&self, message: &Message) -> Heard {
        let message_id = message.header("message-id").unwrap_or_default().to_owned();
        let replay = message.is_replay();
        Heard { at: self.now(), message_id, replay, body: message.body.clone() }
    }

    /// A connection came to nothing.
    pub(super) fn failed_connection(&self) {
        self.failed_connections.fetch_add(1, Relaxed);
    }

    /// How many did.
    pub(super) fn failed_connections(&self) -> usize {
        self.failed_connections.load(Relaxed)
    }
}
