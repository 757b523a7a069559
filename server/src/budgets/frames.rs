//! The bound on a client's frames. It is a bucket, and one acknowledgement for each message that the client was sent.

use std::time::Instant;

use super::bucket::{Bucket, Rate};

/// At once, because an administrator subscribes many lines.
const FRAMES: Rate = Rate { burst: 4_000.0, per_second: 100.0 };

/// One client's budget.
pub struct Frames {
    bucket: Bucket,
    /// Messages that were sent to the client and that it may still acknowledge.
    unacknowledged: u64,
}

impl Frames {
    /// Returns a full budget.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { bucket: Bucket::full(FRAMES, now), unacknowledged: 0 }
    }

    /// Grants an acknowledgement for a message that is sent to the client.
    pub fn message_sent(&mut self) {
        self.unacknowledged += 1;
    }

    /// Takes an acknowledgement; returns false where the client has sent too much.
    ///
    /// Answers to messages are free, because otherwise the neighbour who sends the messages closes everybody's sockets.
    pub fn take_acknowledgement(&mut self, now: Instant) -> bool {
        match self.unacknowledged.checked_sub(1) {
            Some(left) => {
                self.unacknowledged = left;
                true
            }
            None => self.take(now),
        }
    }

    /// Takes any other frame; returns false when the bucket is empty.
    pub fn take(&mut self, now: Instant) -> bool {
        self.bucket.take(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_may_be_acknowledged_once_and_no_more() {
        let now = Instant::now();
        let mut frames = Frames::new(now);
        let (burst, messages) = (FRAMES.burst as u32, 3 * FRAMES.burst as u32);
        (0..messages).for_each(|_| frames.message_sent());
        assert!((0..messages).all(|_| frames.take_acknowledgement(now)));
        assert!((0..burst).all(|_| frames.take_acknowledgement(now)));
        assert!(!frames.take_acknowledgement(now));
    }
}
