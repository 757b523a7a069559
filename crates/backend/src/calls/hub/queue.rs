//! The bounded queue of one socket. A socket too slow for it is closed. It reconnects and gets the snapshot, which is
//! better than being minutes behind.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::Push;

/// The hub's end, which accepts whole frames. Clones are one queue, for several subscriptions of one socket.
#[derive(Clone)]
pub struct Queue {
    frames: mpsc::Sender<Bytes>,
    state: Arc<State>,
}

/// The socket's end.
pub struct QueueReceiver {
    frames: mpsc::Receiver<Bytes>,
    state: Arc<State>,
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
    (queue, QueueReceiver { frames: receiver, state })
}

impl Push for Queue {
    fn push(&self, frame: &Bytes) -> bool {
        // Counted before the receiver can take it.
        self.state.octets.fetch_add(frame.len(), Ordering::Relaxed);
        let Err(error) = self.frames.try_send(frame.clone()) else { return true };
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

    fn taken(&self, frame: Option<Bytes>) -> Option<Bytes> {
        let octets = frame.as_ref().map_or(0, Bytes::len);
        self.state.octets.fetch_sub(octets, Ordering::Relaxed);
        frame
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
