//! The state of a queue. Octets that have begun go out before the frames of the hub, and nothing passes them.

use std::{
    collections::VecDeque,
    io,
    task::{Context, Waker},
};

use bytes::{Buf, Bytes};

use super::{Outlet, SharedFrame};
use crate::traces::Delivering;

/// Octets that wait, and the delivery that they are the end of where that is traced.
type Piece = (Bytes, Option<Delivering>);

/// A frame that waits, and the delivery that it is a part of where that is traced.
type Waiting = (SharedFrame, Option<Delivering>);

/// The octets that wait for a socket, and the frames behind them.
#[derive(Default)]
pub(super) struct State {
    /// Octets that go out before any frame of the hub.
    pub(super) sending: VecDeque<Piece>,
    /// Frames of the hub that wait.
    pub(super) frames: VecDeque<Waiting>,
    /// The octets of both.
    pub(super) octets: usize,
    /// The deliveries of frames that the socket's task has taken out and not yet written.
    pub(super) taken: Vec<Delivering>,
    /// Frames of the hub wait, whatever the socket could take.
    pub(super) is_held: bool,
    pub(super) end: Option<End>,
    /// Frames of the hub that have begun to go out since this was last asked.
    pub(super) sent: u64,
    /// The system has taken octets since this was last asked.
    pub(super) has_moved: bool,
    /// The task that waits.
    pub(super) waiting: Option<Waker>,
}

/// Why nothing is accepted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A frame found no room, so that something is missing from here on.
    Overflowed,
    /// The system takes no more octets.
    Broken,
    /// The socket's end is gone, or closes.
    Closed,
}

impl State {
    /// Returns whether everything that was begun has gone out.
    pub(super) fn is_idle(&self) -> bool {
        self.sending.is_empty()
    }

    /// Begins a frame of the hub; returns whether all of it is gone.
    pub(super) fn begin(
        &mut self,
        outlet: &dyn Outlet,
        frame: &SharedFrame,
        delivering: Option<&Delivering>,
    ) -> io::Result<bool> {
        let message = frame.message(outlet);
        let written = outlet.write(message)?;
        self.sent += 1;
        self.has_moved = true;
        let is_gone = written == message.len();
        if !is_gone {
            self.send_later(message.slice(written..), delivering.cloned());
        } else if let Some(delivering) = delivering {
            delivering.written();
        }
        Ok(is_gone)
    }

    pub(super) fn send_later(&mut self, octets: Bytes, delivering: Option<Delivering>) {
        self.octets += octets.len();
        self.sending.push_back((octets, delivering));
    }

    /// Lets a frame wait; returns whether there is room for it.
    pub(super) fn add(
        &mut self,
        frame: &SharedFrame,
        delivering: Option<&Delivering>,
        capacity: usize,
    ) -> bool {
        if self.frames.len() >= capacity {
            metrics::counter!("iutsai_slow_sockets_total").increment(1);
            return self.finish(End::Overflowed);
        }
        self.octets += frame.length();
        self.frames.push_back((frame.clone(), delivering.cloned()));
        true
    }

    /// Takes the hub's next frame out, unless something is missing before it.
    pub(super) fn take(&mut self) -> Option<Waiting> {
        if self.end.is_some() {
            return None;
        }
        let (frame, delivering) = self.frames.pop_front()?;
        self.octets -= frame.length();
        self.release();
        Some((frame, delivering))
    }

    /// Accepts nothing any more. Octets that have begun may still go out.
    pub(super) fn finish(&mut self, end: End) -> bool {
        self.end = self.end.or(Some(end));
        self.octets -= self.frames.iter().map(|(frame, _)| frame.length()).sum::<usize>();
        self.frames = VecDeque::new();
        false
    }

    /// Writes the next piece; returns false if there is none.
    pub(super) fn write(&mut self, outlet: &dyn Outlet) -> io::Result<bool> {
        if let Some((octets, _)) = self.sending.front_mut() {
            let written = outlet.write(octets)?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            octets.advance(written);
            self.octets -= written;
            self.has_moved = true;
            if octets.is_empty() {
                self.end_piece();
            }
            return Ok(true);
        }
        if self.is_held || self.end.is_some() {
            return Ok(false);
        }
        let Some((frame, delivering)) = self.frames.front().cloned() else { return Ok(false) };
        self.begin(outlet, &frame, delivering.as_ref())?;
        self.take();
        Ok(true)
    }

    /// Removes the piece that has gone out.
    fn end_piece(&mut self) {
        if let Some((_, Some(delivering))) = self.sending.pop_front() {
            delivering.written();
        }
        if self.sending.is_empty() {
            std::mem::take(&mut self.taken).iter().for_each(Delivering::written);
        }
        self.release();
    }

    /// Wakes the task at the next change by the hub.
    pub(super) fn watch(&mut self, context: &Context<'_>) {
        match &mut self.waiting {
            Some(waiting) => waiting.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
    }

    /// Gives back the room of queues that are empty, because most sockets have none nearly always.
    fn release(&mut self) {
        if self.sending.is_empty() && self.sending.capacity() > 0 {
            self.sending = VecDeque::new();
        }
        if self.frames.is_empty() && self.frames.capacity() > 0 {
            self.frames = VecDeque::new();
        }
    }
}
