//! The times of one socket, by which CONNECT must come, a silent client is given up, and heart-beats are due.

use std::{ops::ControlFlow, task::Poll, time::Duration};

use stomp::Frame;
use tokio::time::Instant;

use crate::{
    socket::{
        farewell::{Flow, refused},
        transport::Transport,
    },
    sockets::{Place, TICK},
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
    /// The time for which the alarm is set.
    alarm: Option<Instant>,
}

/// A time besides that of the next ping.
#[derive(Clone, Copy)]
enum Other {
    /// CONNECT must have come.
    Connect(Instant),
    /// A heart-beat, and the milliseconds between two.
    Beat {
        at: Instant,
        every: u32,
    },
    Nothing,
}

impl Timers {
    /// Those of a socket that was opened at this time.
    pub(super) fn starting(now: Instant) -> Self {
        Self {
            ping_at: now + PING_EVERY,
            unanswered_pings: 0,
            other: Other::Connect(now + CONNECT_WITHIN),
            alarm: None,
        }
    }

    /// Ends the wait for CONNECT, and begins the heart-beats that were agreed on.
    pub(super) fn connected(&mut self, heart_beat: Option<Duration>) {
        let milliseconds = heart_beat.map(|every| u32::try_from(every.as_millis()).unwrap_or(u32::MAX));
        self.other = milliseconds.map_or(Other::Nothing, Other::beat_in);
    }

    /// Forgets the unanswered pings, because the client lives.
    pub(super) fn answered(&mut self) {
        self.unanswered_pings = 0;
    }

    fn next(&self) -> Instant {
        match self.other {
            Other::Connect(at) | Other::Beat { at, .. } => self.ping_at.min(at),
            Other::Nothing => self.ping_at,
        }
    }

    /// Waits until something may be due. The task must wait for the closing of the place already.
    pub(super) fn poll_due(&mut self, place: &Place) -> Poll<()> {
        if place.take_alarm() {
            // The last one is still set where another, for an earlier setting, has rung.
            let now = Instant::now();
            self.alarm.take_if(|at| *at <= now);
            return Poll::Ready(());
        }
        let due = self.next();
        // An alarm that rings early finds nothing due.
        if self.alarm.is_none_or(|at| due < at) {
            place.set_alarm(due);
            self.alarm = Some(due);
        }
        Poll::Pending
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
    /// Frames put no heart-beat off, because the hub writes most of them. One too many does no harm. It is due earlier by
    /// as much as an alarm may be late.
    fn beat_in(every: u32) -> Self {
        let within = Duration::from_millis(every.into()).saturating_sub(TICK);
        Self::Beat { at: Instant::now() + within, every }
    }
}
