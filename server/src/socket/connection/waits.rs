//! The waits of one socket besides that for its client, which are for its closing from outside and for its next timer.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

/// The closing from outside and the alarm of the timers.
pub(super) struct Waits<'a> {
    close: Pin<&'a mut WaitForCancellationFutureOwned>,
    /// The task that `close` wakes.
    woken_by_close: Option<Waker>,
    alarm: Pin<&'a mut Sleep>,
}

impl<'a> Waits<'a> {
    pub(super) fn new(close: Pin<&'a mut WaitForCancellationFutureOwned>, alarm: Pin<&'a mut Sleep>) -> Self {
        Self { close, woken_by_close: None, alarm }
    }

    /// Sets the alarm to the time at which something is due next.
    pub(super) fn set_alarm(&mut self, due: Instant) {
        // A timer that fires early finds nothing due; moving it back would cost more.
        if due < self.alarm.deadline() || self.alarm.is_elapsed() {
            self.alarm.as_mut().reset(due);
        }
    }

    /// Waits for the closing. A task that it wakes already is not named again, because that takes a lock. Such a task
    /// must look itself whether the socket is closing.
    pub(super) fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.woken_by_close.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            return Poll::Pending;
        }
        self.woken_by_close = Some(context.waker().clone());
        self.close.as_mut().poll(context)
    }

    /// Waits for the alarm.
    pub(super) fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.alarm.as_mut().poll(context)
    }
}
