//! The messages that an ACK covers where a subscription asked for `ack:client`, which are the named one and all before
//! it (STOMP 1.2, "SUBSCRIBE ack Header").

use std::collections::VecDeque;

/// A client that acknowledges nothing is not remembered without end.
const UNACKNOWLEDGED: usize = 4_096;

/// The messages of one subscription that wait for an ACK, in the order in which they were sent.
#[derive(Default)]
pub(super) struct Unacknowledged(VecDeque<String>);

impl Unacknowledged {
    /// A message was sent; the oldest is forgotten when there are too many.
    pub(super) fn sent(&mut self, message_id: String) {
        if self.0.len() == UNACKNOWLEDGED {
            self.0.pop_front();
        }
        self.0.push_back(message_id);
    }

    /// The messages that an ACK of this one covers, itself included; none if it does not wait.
    pub(super) fn acknowledge(&mut self, message_id: &str) -> Vec<String> {
        match self.0.iter().position(|waiting| waiting == message_id) {
            Some(last) => self.0.drain(..=last).collect(),
            None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_covers_what_was_sent_before() {
        let mut waiting = Unacknowledged::default();
        for id in ["a", "b", "c"] {
            waiting.sent(id.into());
        }
        assert_eq!(waiting.acknowledge("b"), ["a", "b"]);
        assert!(waiting.acknowledge("a").is_empty());
        assert_eq!(waiting.acknowledge("c"), ["c"]);
    }
}
