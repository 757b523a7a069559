//! The way of frames to one socket.
//!
//! While nothing waits for the socket, the hub writes a frame to it directly, so that no task wakes for it. Otherwise
//! the frame waits in a bounded queue, which the socket's task empties. A socket too slow for its queue is closed. It
//! reconnects and gets the snapshot, which is better than being minutes behind.

mod frame;
mod outlet;
mod receiver;
mod state;

use std::{io, sync::Arc};

use parking_lot::Mutex;

use crate::traces::Delivering;
pub(crate) use frame::SharedFrame;
pub use outlet::Outlet;
pub use receiver::{Polled, QueueReceiver, Written};
pub use state::End;
use state::State;

/// The receiver behind a subscription. It accepts whole frames, shared by all that are alike.
pub(crate) trait Push {
    /// Hands a frame over without waiting; false if there is no room for it any more.
    fn push(&self, frame: &SharedFrame) -> bool;
}

/// The hub's end, which accepts whole frames. Clones are one queue, for several subscriptions of one socket.
#[derive(Clone)]
pub struct Queue(Arc<Shared>);

struct Shared {
    /// Where the hub writes; `None` if all frames are queued.
    outlet: Option<Box<dyn Outlet>>,
    state: Mutex<State>,
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
    let shared = Arc::new(Shared { outlet, state: Mutex::new(State::new(capacity)) });
    (Queue(shared.clone()), QueueReceiver(shared))
}

impl Push for Queue {
    fn push(&self, frame: &SharedFrame) -> bool {
        self.push_traced(frame, None)
    }
}

impl Queue {
    /// Hands a frame over without waiting, as a part of a delivery; false if there is no room for it any more.
    pub(super) fn push_traced(&self, frame: &SharedFrame, delivering: Option<&Delivering>) -> bool {
        let Shared { outlet, state } = &*self.0;
        let mut state = state.lock();
        let (is_accepted, wakes) = match outlet {
            _ if state.end.is_some() => return false,
            Some(outlet) if state.is_idle() && !state.has_frames() && !state.is_held => {
                match state.begin(outlet.as_ref(), frame, delivering) {
                    // Nobody needs to wake for a frame that is gone.
                    Ok(is_gone) => (true, !is_gone),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        (state.add(frame, delivering), true)
                    }
                    Err(_) => (state.finish(End::Broken), true),
                }
            }
            _ => (state.add(frame, delivering), true),
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

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::Slow;
