//! The number of frames that a client may send: a bucket that fills again with time, and one acknowledgement for each message
//! that the client was sent.

use std::time::Instant;

/// The most frames at once, besides acknowledgements.
const BURST: f64 = 4_000.0;
/// The frames that refill the bucket each second.
const PER_SECOND: f64 = 100.0;

/// One client's bucket.
pub struct Rate {
    left: f64,
    at: Instant,
    /// Messages that were sent to the client and that it may still acknowledge.
    unacknowledged: u64,
}

impl Rate {
    /// Returns a full bucket.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { left: BURST, at: now, unacknowledged: 0 }
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
        let refilled = self.left + now.duration_since(self.at).as_secs_f64() * PER_SECOND;
        self.at = now;
        self.left = refilled.min(BURST) - 1.0;
        self.left >= 0.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_a_flood_does_not() {
        let now = Instant::now();
        let mut rate = Rate::new(now);
        assert!((0..BURST as u32).all(|_| rate.take(now)));
        assert!(!rate.take(now));
        assert!(rate.take(now + Duration::from_secs(1)));
    }

    #[test]
    fn every_message_may_be_acknowledged_once_and_no_more() {
        let now = Instant::now();
        let mut rate = Rate::new(now);
        let messages = 3 * BURST as u32;
        (0..messages).for_each(|_| rate.message_sent());
        assert!((0..messages).all(|_| rate.take_acknowledgement(now)));
        assert!((0..BURST as u32).all(|_| rate.take_acknowledgement(now)));
        assert!(!rate.take_acknowledgement(now));
    }
}
