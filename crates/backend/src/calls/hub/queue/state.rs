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

/// The octets and frames that wait for a socket.
#[derive(Default)]
pub(super) struct State {
    /// `None` while nothing waits, because most sockets have nothing nearly always.
    backlog: Option<Box<Backlog>>,
    /// The octets in it.
    octets: usize,
    /// The frames of the hub that may wait.
    capacity: u32,
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

/// The octets that wait, and the frames behind them.
#[derive(Default)]
struct Backlog {
    /// Octets that go out before any frame of the hub.
    sending: VecDeque<Piece>,
    /// Frames of the hub that wait.
    frames: VecDeque<Waiting>,
    /// The deliveries of frames that the socket's task has taken out and not yet written.
    taken: Vec<Delivering>,
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
    /// Nothing waits, and so many frames may.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity: u32::try_from(capacity).unwrap_or(u32::MAX), ..Self::default() }
    }

    /// Returns whether everything that was begun has gone out.
    pub(super) fn is_idle(&self) -> bool {
        self.backlog.as_ref().is_none_or(|backlog| backlog.sending.is_empty())
    }

    /// Returns whether frames of the hub wait.
    pub(super) fn has_frames(&self) -> bool {
        self.frames() > 0
    }

    fn frames(&self) -> usize {
        self.backlog.as_ref().map_or(0, |backlog| backlog.frames.len())
    }

    /// Returns the octets that wait, with so many more for each piece that they wait in.
    pub(super) fn waiting_octets(&self, for_each: usize) -> usize {
        let pieces = self.backlog.as_ref().map_or(0, |backlog| backlog.sending.len() + backlog.frames.len());
        self.octets + for_each * pieces
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
        self.backlog().sending.push_back((octets, delivering));
    }

    /// Sends octets of the socket's own, before which nothing waits. The next writing reports an error.
    pub(super) fn send(&mut self, outlet: &dyn Outlet, mut octets: Bytes) {
        let written = outlet.write(&octets).unwrap_or_default();
        self.has_moved |= written > 0;
        octets.advance(written);
        if octets.is_empty() {
            self.end_taken();
            self.release();
        } else {
            self.send_later(octets, None);
        }
    }

    /// Lets a frame wait; returns whether there is room for it.
    pub(super) fn add(&mut self, frame: &SharedFrame, delivering: Option<&Delivering>) -> bool {
        if self.frames() >= self.capacity as usize {
            metrics::counter!("iutsai_slow_sockets_total").increment(1);
            return self.finish(End::Overflowed);
        }
        self.octets += frame.length();
        self.backlog().frames.push_back((frame.clone(), delivering.cloned()));
        true
    }

    /// Takes the hub's next frame out, unless something is missing before it.
    pub(super) fn take(&mut self) -> Option<Waiting> {
        if self.end.is_some() {
            return None;
        }
        let (frame, delivering) = self.backlog.as_mut()?.frames.pop_front()?;
        self.octets -= frame.length();
        self.release();
        Some((frame, delivering))
    }

    /// The delivery of a frame that was taken out ends when what the socket puts for it has gone out.
    pub(super) fn end_later(&mut self, delivering: Delivering) {
        self.backlog().taken.push(delivering);
    }

    /// Accepts nothing any more. Octets that have begun may still go out.
    pub(super) fn finish(&mut self, end: End) -> bool {
        self.end = self.end.or(Some(end));
        if let Some(backlog) = &mut self.backlog {
            let frames = std::mem::take(&mut backlog.frames);
            self.octets -= frames.iter().map(|(frame, _)| frame.length()).sum::<usize>();
        }
        self.release();
        false
    }

    /// Drops all that waits, and wakes nobody any more.
    pub(super) fn forget(&mut self) {
        (self.backlog, self.octets, self.waiting) = (None, 0, None);
    }

    /// Writes the next piece; returns false if there is none.
    pub(super) fn write(&mut self, outlet: &dyn Outlet) -> io::Result<bool> {
        if let Some((octets, _)) = self.backlog.as_mut().and_then(|backlog| backlog.sending.front_mut()) {
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
        let next = self.backlog.as_ref().and_then(|backlog| backlog.frames.front().cloned());
        let Some((frame, delivering)) = next else { return Ok(false) };
        self.begin(outlet, &frame, delivering.as_ref())?;
        self.take();
        Ok(true)
    }

    /// Removes the piece that has gone out.
    fn end_piece(&mut self) {
        let sent = self.backlog.as_mut().and_then(|backlog| backlog.sending.pop_front());
        if let Some((_, Some(delivering))) = sent {
            delivering.written();
        }
        if self.is_idle() {
            self.end_taken();
        }
        self.release();
    }

    fn end_taken(&mut self) {
        if let Some(backlog) = &mut self.backlog {
            std::mem::take(&mut backlog.taken).iter().for_each(Delivering::written);
        }
    }

    fn backlog(&mut self) -> &mut Backlog {
        self.backlog.get_or_insert_default()
    }

    /// Wakes the task at the next change by the hub.
    pub(super) fn watch(&mut self, context: &Context<'_>) {
        match &mut self.waiting {
            Some(waiting) => waiting.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
    }

    /// Gives back the room of a backlog that is empty.
    fn release(&mut self) {
        let is_empty = |backlog: &Backlog| {
            backlog.sending.is_empty() && backlog.frames.is_empty() && backlog.taken.is_empty()
        };
        if self.backlog.as_deref().is_some_and(is_empty) {
            self.backlog = None;
        }
    }
}
