//! The closing of a socket from outside, with its reason, and the ringing of its alarm.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;

/// Why a socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The server stops.
    Stopping,
    /// The session has ended.
    SessionEnded,
    /// The account has another line, house or role now, or it is not known which accounts have.
    AccountChanged,
    /// Another socket has its place.
    Displaced,
}

/// Closes one socket, or wakes it for an alarm. Clones are of the same socket.
#[derive(Clone, Debug, Default)]
pub(super) struct Closing(Arc<State>);

#[derive(Debug, Default)]
struct State {
    reason: OnceLock<Reason>,
    /// An alarm has rung since this was last asked.
    has_rung: AtomicBool,
    /// The socket's task.
    waiting: AtomicWaker,
}

impl Closing {
    /// Closes it. The first reason counts.
    pub(super) fn close(&self, reason: Reason) {
        // It may be closing already.
        let _ = self.0.reason.set(reason);
        self.0.waiting.wake();
    }

    /// Returns why it was closed; `None` while it is open.
    pub(super) fn reason(&self) -> Option<Reason> {
        self.0.reason.get().copied()
    }

    /// Forgets the socket's task, which has ended. The alarm that it set would keep its memory until it rings.
    pub(super) fn forget_task(&self) {
        drop(self.0.waiting.take());
    }

    /// Wakes it for an alarm.
    pub(super) fn ring(&self) {
        self.0.has_rung.store(true, Ordering::Release);
        self.0.waiting.wake();
    }

    /// Returns whether an alarm has rung since the last call.
    pub(super) fn take_ring(&self) -> bool {
        // Nearly always none has, and then nothing is written.
        self.0.has_rung.load(Ordering::Acquire) && self.0.has_rung.swap(false, Ordering::AcqRel)
    }

    /// Waits until it is closed. The task that asked last wakes then.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<Reason> {
        self.0.waiting.register(context.waker());
        // It is looked at after that, because it may have been closed before.
        self.reason().map_or(Poll::Pending, Poll::Ready)
    }
}
