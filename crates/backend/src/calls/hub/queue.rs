//! The bounded queue of one socket. A socket too slow for it is closed. It reconnects and gets the snapshot, which is
//! better than being minutes behind.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::Push;
use crate::traces::Delivering;

/// A frame, and the delivery that it is a part of where that is traced.
type Queued = (Bytes, Option<Delivering>);

/// The hub's end, which accepts whole frames. Clones are one queue, for several subscriptions of one socket.
#[derive(Clone)]
pub struct Queue {
    frames: mpsc::Sender<Queued>,
    state: Arc<State>,
}

/// The socket's end.
pub struct QueueReceiver {
    frames: mpsc::Receiver<Queued>,
    state: Arc<State>,
    /// The deliveries of the frames that were taken and are not written yet.
    delivering: Vec<Delivering>,
}

#[derive(Default)]
struct State {
    overflowed: AtomicBool,
    /// The octets of the frames that wait.
    octets: AtomicUsize,
}

/// A queue that holds `capacity` frames.
#[must_use]
pub fn queue(capacity: usize) -> (Queue, QueueReceiver) {
    let (sender, receiver) = mpsc::channel(capacity);
    let state = Arc::new(State::default());
    let queue = Queue { frames: sender, state: state.clone() };
    (queue, QueueReceiver { frames: receiver, state, delivering: Vec::new() })
}

impl Push for Queue {
    fn push(&self, frame: &Bytes) -> bool {
        self.push_traced(frame, None)
    }
}

impl Queue {
    /// Hands a frame over without waiting, as a part of a delivery; false if there is no room for it any more.
    pub(super) fn push_traced(&self, frame: &Bytes, delivering: Option<&Delivering>) -> bool {
        // Counted before the receiver can take it.
        self.state.octets.fetch_add(frame.len(), Ordering::Relaxed);
        let Err(error) = self.frames.try_send((frame.clone(), delivering.cloned())) else {
            if let Some(delivering) = delivering {
                delivering.queued();
            }
            return true;
        };
        self.state.octets.fetch_sub(frame.len(), Ordering::Relaxed);
        let is_full = matches!(error, mpsc::error::TrySendError::Full(_));
        if is_full && !self.state.overflowed.swap(true, Ordering::Relaxed) {
            metrics::counter!("iutsai_slow_sockets_total").increment(1);
        }
        false
    }
}

impl QueueReceiver {
    /// The next frame; `None` when the queue ran over, or when nobody can push any more.
    pub async fn next(&mut self) -> Option<Bytes> {
        // A receiver that waits has an empty queue, so an overflow is always seen here first.
        if self.overflowed() {
            return None;
        }
        let frame = self.frames.recv().await;
        self.taken(frame)
    }

    /// Returns the next frame if there is one now; `None` as well when the queue ran over.
    pub fn queued(&mut self) -> Option<Bytes> {
        if self.overflowed() {
            return None;
        }
        let frame = self.frames.try_recv().ok();
        self.taken(frame)
    }

    /// Returns how many octets wait.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.state.octets.load(Ordering::Relaxed)
    }

    /// Reports that every frame that was taken has gone out.
    pub fn written(&mut self) {
        self.delivering.drain(..).for_each(Delivering::written);
    }

    fn taken(&mut self, queued: Option<Queued>) -> Option<Bytes> {
        let (frame, delivering) = queued?;
        self.state.octets.fetch_sub(frame.len(), Ordering::Relaxed);
        self.delivering.extend(delivering);
        Some(frame)
    }

    /// Returns whether a frame found no room, so that something is missing from here on.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.state.overflowed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_queue_that_overflows_reports_it_and_yields_nothing_more() {
        let (queue, mut receiver) = queue(2);
        let frame = Bytes::from_static(b"frame");
        assert!(queue.push(&frame) && queue.push(&frame));
        assert!(!receiver.overflowed());
        assert!(!queue.push(&frame));
        assert!(receiver.overflowed());
        assert_eq!(receiver.next().await, None);
    }

    #[tokio::test]
    async fn the_octets_that_wait_are_counted() {
        let (queue, mut receiver) = queue(2);
        assert!(queue.push(&Bytes::from_static(b"12345")) && queue.push(&Bytes::from_static(b"123")));
        assert!(!queue.push(&Bytes::from_static(b"1")));
        assert_eq!(receiver.octets(), 8);
        let (queue, mut other) = super::queue(2);
        assert!(queue.push(&Bytes::from_static(b"12345")) && queue.push(&Bytes::from_static(b"123")));
        assert_eq!(other.queued().as_deref(), Some(&b"12345"[..]));
        assert_eq!(other.octets(), 3);
        assert_eq!(other.next().await.as_deref(), Some(&b"123"[..]));
        assert_eq!((other.octets(), receiver.queued()), (0, None));
    }

    #[tokio::test]
    async fn frames_come_out_in_order_and_then_the_end() {
        let (queue, mut receiver) = queue(2);
        assert!(queue.push(&Bytes::from_static(b"1")) && queue.push(&Bytes::from_static(b"2")));
        drop(queue);
        assert_eq!(receiver.next().await.as_deref(), Some(&b"1"[..]));
        assert_eq!(receiver.next().await.as_deref(), Some(&b"2"[..]));
        assert_eq!(receiver.next().await, None);
        assert!(!receiver.overflowed());
    }
}
