//! The socket's end of a queue. A reader takes the frames out, or the socket's task writes them to the system.

use std::{
    future::poll_fn,
    io,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;

use super::{
    Outlet, Queue, Shared,
    state::{End, State},
};

/// The pieces that are written to one socket before it is read again.
pub(super) const BURST: usize = 16;

/// The socket's end. Nothing is accepted any more when it is dropped.
pub struct QueueReceiver(pub(super) Arc<Shared>);

/// The outcome of writing what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Nothing waited to be written.
    Nothing,
    /// Octets went out, and more may be written after the socket was read.
    Some,
}

/// The state of a queue after what waits was written as far as it could be.
#[derive(Debug)]
pub struct Polled {
    /// Pending while the system takes no more, or an error when the socket is broken.
    pub written: Poll<io::Result<Written>>,
    /// The octets that wait, as [`QueueReceiver::octets`] counts them.
    pub octets: usize,
    /// Why nothing is accepted any more.
    pub end: Option<End>,
    /// A frame of the hub waits that nothing goes before.
    pub is_queued: bool,
}

impl Shared {
    /// Takes the hub's next frame out. Its delivery ends here where no socket is to be written.
    fn take(&self, state: &mut State) -> Option<Bytes> {
        let (frame, delivering) = state.take()?;
        match (&self.outlet, delivering) {
            (Some(_), Some(delivering)) => state.end_later(delivering),
            (None, Some(delivering)) => delivering.written(),
            (_, None) => {}
        }
        Some(frame.bare())
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
        self.0.state.lock().waiting_octets(for_each)
    }

    /// Returns why nothing is accepted any more.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        self.0.state.lock().end
    }
}

/// For a socket's task.
impl QueueReceiver {
    /// Returns the hub's end.
    #[must_use]
    pub fn queue(&self) -> Queue {
        Queue(self.0.clone())
    }

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
    /// once if they can; [`QueueReceiver::poll`] reports an error.
    pub fn put(&self, octets: Bytes) {
        let mut state = self.0.state.lock();
        match &self.0.outlet {
            Some(outlet) if state.is_idle() => state.send(outlet.as_ref(), octets),
            _ => state.send_later(octets, None),
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

    /// Writes what waits, as long as the system takes it and the socket need not be read, and returns how the queue is
    /// then. It wakes the task when the system takes more, and for each change by the hub. The queue is locked once for
    /// all that, because a thousand tasks do it when everybody acknowledges a call.
    pub fn poll(&self, context: &mut Context<'_>, for_each: usize) -> Polled {
        let mut state = self.0.state.lock();
        state.watch(context);
        let written = match &self.0.outlet {
            Some(outlet) => state.poll_write(outlet.as_ref(), context),
            None => Poll::Ready(Ok(Written::Nothing)),
        };
        Polled {
            written,
            octets: state.waiting_octets(for_each),
            end: state.end,
            is_queued: state.is_idle() && state.has_frames(),
        }
    }
}

impl State {
    fn poll_write(&mut self, outlet: &dyn Outlet, context: &mut Context<'_>) -> Poll<io::Result<Written>> {
        if self.end == Some(End::Broken) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        for written in 0..BURST {
            match self.write(outlet) {
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
        state.forget();
    }
}
