//! The bound on a client's frames. It is a bucket of the session, and one acknowledgement for each message that the
//! client was sent.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
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

/// The buckets of the sessions that have sent frames of late. The lock is held for one frame, and no ACK of a message that
/// was sent needs it.
#[derive(Default)]
pub struct SessionFrames(Mutex<Buckets>);

#[derive(Default)]
struct Buckets {
    /// A session that is not here has a full one, as those of idle sockets do.
    of_sessions: HashMap<SessionId, Bucket>,
    /// The number of buckets at which the full ones are searched for.
    crowded_at: usize,
}

impl SessionFrames {
    fn take(&self, session: &SessionId, count: u32, now: Instant) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        take(buckets.of(session, now), count, now)
    }
}

impl Buckets {
    fn of(&mut self, session: &SessionId, now: Instant) -> &mut Bucket {
        let crowd = self.crowded_at.max(KEPT);
        if self.of_sessions.len() >= crowd && !self.of_sessions.contains_key(session) {
            self.of_sessions.retain(|_, bucket| !bucket.is_full(now));
            self.crowded_at = 2 * self.of_sessions.len();
            self.of_sessions.shrink_to(self.crowded_at.max(KEPT));
        }
        self.of_sessions.entry(session.clone()).or_insert_with(|| Bucket::full(OF_SESSION, now))
    }
}

fn take(bucket: &mut Bucket, count: u32, now: Instant) -> bool {
    (0..count).all(|_| bucket.take(now))
}

/// One socket's budget.
pub(crate) struct Frames {
    of: Of,
    /// Messages that were sent to the client and that it may still acknowledge.
    unacknowledged: u64,
}

/// Whose the bucket is.
enum Of {
    Stranger(Box<Bucket>),
    Session(SessionId),
}

impl Frames {
    /// Returns the budget of a socket before CONNECT.
    #[must_use]
    pub(crate) fn of_stranger(now: Instant) -> Self {
        Self { of: Of::Stranger(Box::new(Bucket::full(OF_STRANGER, now))), unacknowledged: 0 }
    }

    /// Returns the budget of one more socket of a session.
    #[must_use]
    pub(crate) fn of_session(session: SessionId) -> Self {
        Self { of: Of::Session(session), unacknowledged: 0 }
    }

    /// Grants an acknowledgement for each message that is sent to the client.
    pub(crate) fn messages_sent(&mut self, count: u64) {
        self.unacknowledged += count;
    }

    /// Takes an acknowledgement; returns false where the client has sent too much.
    ///
    /// Answers to messages are free, because otherwise the neighbour who sends the messages closes everybody's sockets.
    pub(crate) fn take_acknowledgement(&mut self, sessions: &SessionFrames, now: Instant) -> bool {
        self.take_granted() || self.take(sessions, now)
    }

    /// Takes an acknowledgement of a message that was sent; returns false if each of them is acknowledged already.
    pub(crate) fn take_granted(&mut self) -> bool {
        let left = self.unacknowledged.checked_sub(1);
        self.unacknowledged = left.unwrap_or_default();
        left.is_some()
    }

    /// Takes a CONNECT or a SUBSCRIBE, which makes a snapshot; returns false when the bucket holds too little for it.
    pub(crate) fn take_costly(&mut self, sessions: &SessionFrames, now: Instant) -> bool {
        self.take_many(sessions, COSTLY, now)
    }

    /// Takes any other frame; returns false when the bucket is empty.
    pub(crate) fn take(&mut self, sessions: &SessionFrames, now: Instant) -> bool {
        self.take_many(sessions, 1, now)
    }

    fn take_many(&mut self, sessions: &SessionFrames, count: u32, now: Instant) -> bool {
        match &mut self.of {
            Of::Stranger(bucket) => take(bucket, count, now),
            Of::Session(session) => sessions.take(session, count, now),
        }
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
        let (sessions, now) = (SessionFrames::default(), Instant::now());
        let mut frames = Frames::of_session(session("a"));
        let (burst, messages) = (OF_SESSION.burst as u32, 3 * OF_SESSION.burst as u32);
        frames.messages_sent(messages.into());
        let acknowledge = |frames: &mut Frames| frames.take_acknowledgement(&sessions, now);
        assert!((1..messages).all(|_| acknowledge(&mut frames)) && frames.take_granted());
        assert!(!frames.take_granted());
        assert!((0..burst).all(|_| acknowledge(&mut frames)));
        assert!(!acknowledge(&mut frames));
    }

    #[test]
    fn another_socket_of_a_session_has_no_other_bucket_until_it_has_filled() {
        let (sessions, now) = (SessionFrames::default(), Instant::now());
        let flood = || {
            let mut frames = Frames::of_session(session("a"));
            (0..10_000).filter(|_| frames.take(&sessions, now)).count()
        };
        assert_eq!((flood(), flood()), (OF_SESSION.burst as usize, 0));
        let costly = |name, at| Frames::of_session(session(name)).take_costly(&sessions, at);
        assert!(costly("b", now), "others have theirs");
        assert!(costly("a", now + Duration::from_secs(1)));
    }

    #[test]
    fn full_buckets_are_forgotten_and_others_are_not() {
        let (sessions, now) = (SessionFrames::default(), Instant::now());
        let empty = session("empty");
        let mut frames = Frames::of_session(empty.clone());
        while frames.take(&sessions, now) {}
        let take = |name: String, at| Frames::of_session(session(&name)).take(&sessions, at);
        assert!((0..KEPT).all(|number| take(number.to_string(), now)));
        let later = now + OF_SESSION.refill() / 2;
        assert!((0..KEPT).all(|number| take(format!("later {number}"), later)));
        let kept: Vec<_> = sessions.0.lock().expect("nobody panicked").of_sessions.keys().cloned().collect();
        assert!(kept.len() <= KEPT + 2, "those of before are gone: {}", kept.len());
        assert!(kept.contains(&empty), "it is still filling");
        assert!(!kept.contains(&session("0")), "it has filled");
    }
}
