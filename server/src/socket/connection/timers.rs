//! The times of one socket, by which CONNECT must come, a silent client is given up, and heart-beats are due.

use std::{ops::ControlFlow, pin::Pin, time::Duration};

use stomp::Frame;
use tokio::time::{Instant, Sleep};

use crate::socket::{
    farewell::{Flow, refused},
    transport::Transport,
};

/// CONNECT must come within this time.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// A client is pinged this often, and given up when it left [`MISSED_PINGS`] unanswered.
const PING_EVERY: Duration = Duration::from_secs(20);
const MISSED_PINGS: u32 = 2;

/// When something is due at a socket.
pub(super) struct Timers {
    ping_at: Instant,
    unanswered_pings: u32,
    other: Other,
}

/// What is due besides pings.
#[derive(Clone, Copy)]
enum Other {
    /// CONNECT must have come.
    Connect(Instant),
    /// A heart-beat, as often as was agreed on.
    Beat {
        at: Instant,
        every: Duration,
    },
    Nothing,
}

impl Timers {
    /// Those of a socket that was opened at this time.
    pub(super) fn starting(now: Instant) -> Self {
        Self { ping_at: now + PING_EVERY, unanswered_pings: 0, other: Other::Connect(now + CONNECT_WITHIN) }
    }

    /// Ends the wait for CONNECT, and begins the heart-beats that were agreed on.
    pub(super) fn connected(&mut self, heart_beat: Option<Duration>) {
        self.other = heart_beat.map_or(Other::Nothing, Other::beat_in);
    }

    /// Forgets the unanswered pings, because the client lives.
    pub(super) fn answered(&mut self) {
        self.unanswered_pings = 0;
    }

    /// Returns when something is due next.
    pub(super) fn next(&self) -> Instant {
        match self.other {
            Other::Connect(at) | Other::Beat { at, .. } => self.ping_at.min(at),
            Other::Nothing => self.ping_at,
        }
    }

    /// Sets the alarm to the time at which something is due next.
    pub(super) fn set(&self, alarm: Pin<&mut Sleep>) {
        let due = self.next();
        // A timer that fires early finds nothing due; moving it back would cost more.
        if due < alarm.deadline() || alarm.is_elapsed() {
            alarm.reset(due);
        }
    }

    /// Does what is due, and ends the connection of a client that has let its time pass.
    pub(super) fn check(&mut self, now: Instant, transport: &Transport) -> Flow {
        match self.other {
            Other::Connect(by) if now >= by => {
                return refused(Frame::error(
                    "CONNECT did not come within 10 seconds; connect again and send it.",
                ));
            }
            Other::Beat { at, every } if now >= at => {
                transport.put_text(b"\n");
                self.other = Other::beat_in(every);
            }
            _ => {}
        }
        if now >= self.ping_at {
            // A client that is not read cannot answer, and lives while it takes what waits for it.
            if transport.has_moved() && transport.is_deferring() {
                self.unanswered_pings = 0;
            }
            if self.unanswered_pings == MISSED_PINGS {
                return refused(Frame::error("The client did not answer for a minute; connect again."));
            }
            self.unanswered_pings += 1;
            transport.ping();
            self.ping_at = now + PING_EVERY;
        }
        ControlFlow::Continue(())
    }
}

impl Other {
    /// Frames put no heart-beat off, because the hub writes most of them. One too many does no harm.
    fn beat_in(every: Duration) -> Self {
        Self::Beat { at: Instant::now() + every, every }
    }
}
