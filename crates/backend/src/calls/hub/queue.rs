//! The way of frames to one socket.
//!
//! While nothing waits for the socket, the hub writes a frame to it directly, so that no task wakes for it. Otherwise
//! the frame waits in a bounded queue, which the socket's task empties. A socket too slow for its queue is closed. It
//! reconnects and gets the snapshot, which is better than being minutes behind.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::{Buf, Bytes};
use parking_lot::Mutex;

use super::Push;
use crate::traces::Delivering;

/// Octets that wait, and the delivery that they are the end of where that is traced.
type Piece = (Bytes, Option<Delivering>);

/// The pieces that are written to one socket before it is read again.
const BURST: usize = 16;

/// The system's end of a socket. Only `poll_writable` waits.
pub trait Outlet: Send + Sync {
    /// Begins a frame, and returns those of its octets that the system has not taken.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if it took none, anything else if the socket is broken.
    fn begin(&self, frame: &Bytes) -> io::Result<Bytes>;

    /// Writes octets, and returns how many of them the system took.
    ///
    /// # Errors
    /// As [`Outlet::begin`].
    fn write(&self, octets: &[u8]) -> io::Result<usize>;

    /// Wakes the task when the system may take more.
    ///
    /// # Errors
    /// When the socket cannot be waited for.
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// The hub's end, which accepts whole frames. Clones are one queue, for several subscriptions of one socket.
#[derive(Clone)]
pub struct Queue(Arc<Shared>);

/// The socket's end. Nothing is accepted any more when it is dropped.
pub struct QueueReceiver(Arc<Shared>);

struct Shared {
    capacity: usize,
    /// Where the hub writes; `None` if all frames are queued.
    outlet: Option<Box<dyn Outlet>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Octets that go out before any frame of the hub.
    sending: VecDeque<Piece>,
    /// Frames of the hub that wait.
    frames: VecDeque<Piece>,
    /// The octets of both.
    octets: usize,
    /// The deliveries of frames that the socket's task has taken out and not yet written.
    taken: Vec<Delivering>,
    /// Frames of the hub wait, whatever the socket could take.
    is_held: bool,
    end: Option<End>,
    /// Frames of the hub that have begun to go out since this was last asked.
    sent: u64,
    /// The system has taken octets since this was last asked.
    has_moved: bool,
    /// The task that waits.
    waiting: Option<Waker>,
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

/// The outcome of writing what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Nothing waited to be written.
    Nothing,
    /// Octets went out, and more may be written after the socket was read.
    Some,
}

/// A queue that holds `capacity` frames, all of which the receiver takes out.
#[must_use]
pub fn queue(capacity: usize) -> (Queue, QueueReceiver) {
    ends(capacity, None)
}

/// A queue that holds `capacity` frames that do not go out at once.
#[must_use]
pub fn queue_before(outlet: Box<dyn Outlet>, capacity: usize) -> (Queue, QueueReceiver) {
    ends(capacity, Some(outlet))
}

fn ends(capacity: usize, outlet: Option<Box<dyn Outlet>>) -> (Queue, QueueReceiver) {
    let shared = Arc::new(Shared { capacity, outlet, state: Mutex::default() });
    (Queue(shared.clone()), QueueReceiver(shared))
}

impl Push for Queue {
    fn push(&self, frame: &Bytes) -> bool {
        self.push_traced(frame, None)
    }
}

impl Queue {
    /// Hands a frame over without waiting, as a part of a delivery; false if there is no room for it any more.
    pub(super) fn push_traced(&self, frame: &Bytes, delivering: Option<&Delivering>) -> bool {
        let Shared { capacity, outlet, state } = &*self.0;
        let mut state = state.lock();
        let (is_accepted, wakes) = match outlet {
            _ if state.end.is_some() => return false,
            Some(outlet) if state.is_idle() && state.frames.is_empty() && !state.is_held => {
                match state.begin(outlet.as_ref(), frame, delivering) {
                    // Nobody needs to wake for a frame that is gone.
                    Ok(is_gone) => (true, !is_gone),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        (state.add(frame, delivering, *capacity), true)
                    }
                    Err(_) => (state.finish(End::Broken), true),
                }
            }
            _ => (state.add(frame, delivering, *capacity), true),
        };
        let waiting = if wakes { state.waiting.take() } else { None };
        drop(state);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
        if let Some(delivering) = delivering.filter(|_| is_accepted) {
            delivering.queued();
        }
        is_accepted
    }
}

impl State {
    /// Returns whether everything that was begun has gone out.
    fn is_idle(&self) -> bool {
        self.sending.is_empty()
    }

    /// Begins a frame of the hub; returns whether all of it is gone.
    fn begin(
        &mut self,
        outlet: &dyn Outlet,
        frame: &Bytes,
        delivering: Option<&Delivering>,
    ) -> io::Result<bool> {
        let rest = outlet.begin(frame)?;
        self.sent += 1;
        self.has_moved = true;
        let is_gone = rest.is_empty();
        if !is_gone {
            self.send_later(rest, delivering.cloned());
        } else if let Some(delivering) = delivering {
            delivering.written();
        }
        Ok(is_gone)
    }

    fn send_later(&mut self, octets: Bytes, delivering: Option<Delivering>) {
        self.octets += octets.len();
        self.sending.push_back((octets, delivering));
    }

    /// Lets a frame wait; returns whether there is room for it.
    fn add(&mut self, frame: &Bytes, delivering: Option<&Delivering>, capacity: usize) -> bool {
        if self.frames.len() >= capacity {
            metrics::counter!("iutsai_slow_sockets_total").increment(1);
            return self.finish(End::Overflowed);
        }
        self.octets += frame.len();
        self.frames.push_back((frame.clone(), delivering.cloned()));
        true
    }

    /// Takes the hub's next frame out, unless something is missing before it.
    fn take(&mut self) -> Option<Piece> {
        if self.end.is_some() {
            return None;
        }
        let (frame, delivering) = self.frames.pop_front()?;
        self.octets -= frame.len();
        self.release();
        Some((frame, delivering))
    }

    /// Accepts nothing any more. Octets that have begun may still go out.
    fn finish(&mut self, end: End) -> bool {
        self.end = self.end.or(Some(end));
        self.octets -= self.frames.iter().map(|(frame, _)| frame.len()).sum::<usize>();
        self.frames = VecDeque::new();
        false
    }

    /// Writes the next piece; returns false if there is none.
    fn write(&mut self, outlet: &dyn Outlet) -> io::Result<bool> {
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
    fn watch(&mut self, context: &Context<'_>) {
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

impl Shared {
    /// Takes the hub's next frame out. Its delivery ends here where no socket is to be written.
    fn take(&self, state: &mut State) -> Option<Bytes> {
        let (frame, delivering) = state.take()?;
        match (&self.outlet, delivering) {
            (Some(_), delivering) => state.taken.extend(delivering),
            (None, Some(delivering)) => delivering.written(),
            (None, None) => {}
        }
        Some(frame)
    }
}

/// For a reader of frames.
impl QueueReceiver {
    /// The next frame; `None` once a frame found no room.
    pub async fn next(&mut self) -> Option<Bytes> {
        poll_fn(|context| {
            let mut state = self.0.state.lock();
            match self.0.take(&mut state) {
                None if state.end.is_none() => {
                    state.watch(context);
                    Poll::Pending
                }
                frame => Poll::Ready(frame),
            }
        })
        .await
    }

    /// Returns the next frame if there is one now; `None` as well once a frame found no room.
    pub fn queued(&mut self) -> Option<Bytes> {
        self.0.take(&mut self.0.state.lock())
    }

    /// Returns how many octets wait, with so many more for each piece that they wait in.
    #[must_use]
    pub fn octets(&self, for_each: usize) -> usize {
        let state = self.0.state.lock();
        state.octets + for_each * (state.sending.len() + state.frames.len())
    }

    /// Returns why nothing is accepted any more.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        self.0.state.lock().end
    }
}

/// For a socket's task.
impl QueueReceiver {
    /// Lets frames of the hub wait from now on, or go out.
    pub fn hold(&self, is_held: bool) {
        self.0.state.lock().is_held = is_held;
    }

    /// Returns whether all that was begun has gone out.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.0.state.lock().is_idle()
    }

    /// Puts octets of the socket's own behind what has begun, before the frames of the hub that wait. They go out at
    /// once if they can; [`QueueReceiver::poll_write`] reports an error.
    pub fn put(&self, octets: Bytes) {
        let mut state = self.0.state.lock();
        let was_idle = state.is_idle();
        state.send_later(octets, None);
        if was_idle && let Some(outlet) = &self.0.outlet {
            let _ = state.write(outlet.as_ref());
        }
    }

    /// Returns how many frames of the hub have begun to go out since the last call.
    pub fn take_sent(&self) -> u64 {
        std::mem::take(&mut self.0.state.lock().sent)
    }

    /// Returns whether the system has taken octets since the last call.
    pub fn take_moved(&self) -> bool {
        std::mem::take(&mut self.0.state.lock().has_moved)
    }

    /// Accepts nothing any more, and drops the frames that wait. Octets that have begun, and those that the socket puts,
    /// still go out.
    pub fn close(&self) {
        self.0.state.lock().finish(End::Closed);
    }

    /// Returns whether a frame of the hub waits that nothing goes before; wakes the task when there is one.
    pub fn poll_queued(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.state.lock();
        if state.is_idle() && !state.frames.is_empty() {
            return Poll::Ready(());
        }
        state.watch(context);
        Poll::Pending
    }

    /// Writes what waits, as long as the system takes it and the socket need not be read. It is pending while the
    /// system takes no more, and wakes the task for that and for each change by the hub.
    ///
    /// # Errors
    /// When the socket is broken.
    pub fn poll_write(&self, context: &mut Context<'_>) -> Poll<io::Result<Written>> {
        let Some(outlet) = &self.0.outlet else { return Poll::Ready(Ok(Written::Nothing)) };
        let mut state = self.0.state.lock();
        state.watch(context);
        if state.end == Some(End::Broken) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        for written in 0..BURST {
            match state.write(outlet.as_ref()) {
                Ok(true) => {}
                Ok(false) => return Poll::Ready(Ok(Written::of(written))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match outlet.poll_writable(context) {
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                        Poll::Pending if written == 0 => return Poll::Pending,
                        Poll::Pending => return Poll::Ready(Ok(Written::Some)),
                    }
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(Written::Some))
    }
}

impl Written {
    fn of(pieces: usize) -> Self {
        if pieces == 0 { Self::Nothing } else { Self::Some }
    }
}

impl Drop for QueueReceiver {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.finish(End::Closed);
        state.sending = VecDeque::new();
        state.taken = Vec::new();
        state.octets = 0;
        state.waiting = None;
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::Slow;
