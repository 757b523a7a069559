//! The bounded queue of one socket. A socket too slow for it is given up: it reconnects and gets the
//! snapshot, which is better than being minutes behind.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::Push;

/// The hub's end: takes whole frames. Clones are one queue, for several subscriptions of one socket.
#[derive(Clone)]
pub struct Queue {
    frames: mpsc::Sender<Bytes>,
    overflowed: Arc<AtomicBool>,
}

/// The socket's end.
pub struct QueueReceiver {
    frames: mpsc::Receiver<Bytes>,
    overflowed: Arc<AtomicBool>,
}

/// A queue that holds `capacity` frames.
#[must_use]
pub fn queue(capacity: usize) -> (Queue, QueueReceiver) {
    let (sender, receiver) = mpsc::channel(capacity);
    let overflowed = Arc::new(AtomicBool::new(false));
    let queue = Queue { frames: sender, overflowed: overflowed.clone() };
    (queue, QueueReceiver { frames: receiver, overflowed })
}

impl Push for Queue {
    fn push(&self, frame: &Bytes) -> bool {
        match self.frames.try_send(frame.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                if !self.overflowed.swap(true, Ordering::Relaxed) {
                    metrics::counter!("iutsai_slow_sockets_total").increment(1);
                }
                false
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

impl QueueReceiver {
    /// The next frame; `None` when the queue ran over, or when nobody can push any more.
    pub async fn next(&mut self) -> Option<Bytes> {
        // A receiver that waits has an empty queue, so an overflow is always seen here first.
        if self.overflowed() {
            return None;
        }
        self.frames.recv().await
    }

    /// Returns the next frame if there is one now; `None` as well when the queue ran over.
    pub fn queued(&mut self) -> Option<Bytes> {
        if self.overflowed() {
            return None;
        }
        self.frames.try_recv().ok()
    }

    /// Whether a frame found no room: something is missing from here on.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.overflowed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_queue_that_runs_over_says_so_and_gives_nothing_more() {
        let (queue, mut receiver) = queue(2);
        let frame = Bytes::from_static(b"frame");
        assert!(queue.push(&frame) && queue.push(&frame));
        assert!(!receiver.overflowed());
        assert!(!queue.push(&frame));
        assert!(receiver.overflowed());
        assert_eq!(receiver.next().await, None);
    }

    #[tokio::test]
    async fn frames_come_out_in_order_and_the_end_is_told() {
        let (queue, mut receiver) = queue(2);
        assert!(queue.push(&Bytes::from_static(b"1")) && queue.push(&Bytes::from_static(b"2")));
        drop(queue);
        assert_eq!(receiver.next().await.as_deref(), Some(&b"1"[..]));
        assert_eq!(receiver.next().await.as_deref(), Some(&b"2"[..]));
        assert_eq!(receiver.next().await, None);
        assert!(!receiver.overflowed());
    }
}
