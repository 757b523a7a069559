//! The bound on a client's frames. It is a bucket of the session, and one acknowledgement for each message that the
//! client was sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use backend::people::sessions::SessionId;

use super::bucket::{Bucket, Rate};

/// The rate of all sockets of a session together, so that a new socket is not a new bucket. The burst is large, because
/// an administrator subscribes many lines.
const OF_SESSION: Rate = Rate { burst: 4_000.0, per_second: 100.0 };
/// The rate before CONNECT, which is one frame.
const OF_STRANGER: Rate = Rate { burst: 100.0, per_second: 1.0 };
/// The frames that a SUBSCRIBE counts as, and the CONNECT of a session. A page, which takes three of them, may come some
/// forty times at once, and once a second after that.
const COSTLY: u32 = 32;
/// Buckets that are kept before the full ones are searched for and removed.
const KEPT: usize = 1_024;

/// The buckets of all sessions.
#[derive(Default)]
pub struct SessionFrames(Mutex<Buckets>);

#[derive(Default)]
struct Buckets {
    of_sessions: HashMap<SessionId, Arc<Mutex<Bucket>>>,
    /// The number of buckets at which the full ones are searched for.
    crowded_at: usize,
}

impl SessionFrames {
    /// Returns the budget of one more socket of a session.
    #[must_use]
    pub fn of(&self, session: &SessionId, now: Instant) -> Frames {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.of_sessions.len() >= buckets.crowded_at.max(KEPT) {
            buckets.of_sessions.retain(|_, bucket| is_needed(bucket, now));
            buckets.crowded_at = 2 * buckets.of_sessions.len();
        }
        let full = || Arc::new(Mutex::new(Bucket::full(OF_SESSION, now)));
        let bucket = buckets.of_sessions.entry(session.clone()).or_insert_with(full).clone();
        Frames { bucket, unacknowledged: 0 }
    }
}

/// Returns true while a socket has the bucket or it may still be filling.
fn is_needed(bucket: &Arc<Mutex<Bucket>>, now: Instant) -> bool {
    let used = bucket.lock().unwrap_or_else(PoisonError::into_inner).at();
    Arc::strong_count(bucket) > 1 || now.saturating_duration_since(used) < OF_SESSION.refill()
}

/// One socket's budget.
pub struct Frames {
    bucket: Arc<Mutex<Bucket>>,
    /// Messages that were sent to the client and that it may still acknowledge.
    unacknowledged: u64,
}

impl Frames {
    /// Returns the budget of a socket before CONNECT.
    #[must_use]
    pub fn of_stranger(now: Instant) -> Self {
        Self { bucket: Arc::new(Mutex::new(Bucket::full(OF_STRANGER, now))), unacknowledged: 0 }
    }

    /// Grants an acknowledgement for each message that is sent to the client.
    pub fn messages_sent(&mut self, count: u64) {
        self.unacknowledged += count;
    }

    /// Takes an acknowledgement; returns false where the client has sent too much.
    ///
    /// Answers to messages are free, because otherwise the neighbour who sends the messages closes everybody's sockets.
    pub fn take_acknowledgement(&mut self, now: Instant) -> bool {
        self.take_granted() || self.take(now)
    }

    /// Takes an acknowledgement of a message that was sent; returns false if each of them is acknowledged already.
    pub fn take_granted(&mut self) -> bool {
        let left = self.unacknowledged.checked_sub(1);
        self.unacknowledged = left.unwrap_or_default();
        left.is_some()
    }

    /// Takes a CONNECT or a SUBSCRIBE, which makes a snapshot; returns false when the bucket holds too little for it.
    pub fn take_costly(&self, now: Instant) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        (0..COSTLY).all(|_| bucket.take(now))
    }

    /// Takes any other frame; returns false when the bucket is empty.
    pub fn take(&self, now: Instant) -> bool {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner).take(now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn session(token: &str) -> SessionId {
        SessionId::of_token(token)
    }

    #[test]
    fn every_message_may_be_acknowledged_once_and_no_more() {
        let now = Instant::now();
        let mut frames = SessionFrames::default().of(&session("a"), now);
        let (burst, messages) = (OF_SESSION.burst as u32, 3 * OF_SESSION.burst as u32);
        frames.messages_sent(messages.into());
        assert!((1..messages).all(|_| frames.take_acknowledgement(now)) && frames.take_granted());
        assert!(!frames.take_granted());
        assert!((0..burst).all(|_| frames.take_acknowledgement(now)));
        assert!(!frames.take_acknowledgement(now));
    }

    #[test]
    fn another_socket_of_a_session_has_no_other_bucket_until_it_has_filled() {
        let (sessions, now) = (SessionFrames::default(), Instant::now());
        let flood = || {
            let frames = sessions.of(&session("a"), now);
            (0..10_000).filter(|_| frames.take(now)).count()
        };
        assert_eq!((flood(), flood()), (OF_SESSION.burst as usize, 0));
        assert!(sessions.of(&session("b"), now).take_costly(now), "others have theirs");
        let later = now + Duration::from_secs(1);
        assert!(sessions.of(&session("a"), later).take_costly(later));
    }

    #[test]
    fn full_buckets_are_forgotten_and_others_are_not() {
        let (sessions, now) = (SessionFrames::default(), Instant::now());
        let empty = session("empty");
        let frames = sessions.of(&empty, now);
        while frames.take(now) {}
        for number in 0..KEPT {
            drop(sessions.of(&session(&number.to_string()), now));
        }
        let later = now + OF_SESSION.refill();
        for number in 0..KEPT {
            drop(sessions.of(&session(&format!("later {number}")), later));
        }
        let kept: Vec<_> = sessions.0.lock().expect("nobody panicked").of_sessions.keys().cloned().collect();
        assert!(kept.len() <= KEPT + 2, "those of before are gone: {}", kept.len());
        assert!(kept.contains(&empty), "a socket has it");
        assert!(!kept.contains(&session("0")), "it has filled, and nobody has it");
    }
}
