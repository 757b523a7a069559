//! Whether calls can be taken, told by how the outbox and Kafka are doing.

use super::Relay;
use crate::{
    delivery::outbox::OutboxError,
    readiness::{RoleState, Tell},
};

/// How Kafka is doing, as far as the producer has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kafka {
    /// It was not reached yet.
    Connecting,
    /// What was published last was not acknowledged.
    Away,
    /// It acknowledges.
    Answers,
}

impl Relay {
    pub(super) fn kafka_is(&self, now: Kafka) {
        self.0.kafka.send_if_modified(|known| std::mem::replace(known, now) != now);
    }

    /// Keeps `state` true, for ever.
    pub(super) async fn tell_state(self, state: Tell) {
        if state.get() == RoleState::Absent {
            return;
        }
        let mut trouble = self.0.outbox.trouble();
        let mut kafka = self.0.kafka.subscribe();
        loop {
            let (why, how) = (trouble.borrow_and_update().clone(), *kafka.borrow_and_update());
            let durable = self.0.durable.get().is_some_and(|topics| !topics.is_empty());
            state.set(of(why.as_ref(), how, durable));
            let changed = tokio::select! {
                changed = trouble.changed() => changed,
                changed = kafka.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
        }
    }
}

fn of(trouble: Option<&OutboxError>, kafka: Kafka, durable: bool) -> RoleState {
    match (trouble, kafka) {
        (None, Kafka::Connecting) => RoleState::Starting("connecting to Kafka".into()),
        (None, Kafka::Away) => {
            RoleState::Degraded("Kafka does not answer: calls are stored, and published later".into())
        }
        (None, Kafka::Answers) => RoleState::Ready,
        (Some(error), Kafka::Answers) if durable => {
            RoleState::Degraded(format!("calls are recorded by Kafka alone: {error}"))
        }
        (Some(error), _) => RoleState::Failed(format!("calls cannot be recorded: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_durable_place_the_role_does_not_work() {
        let full = OutboxError::closed();
        assert!(of(None, Kafka::Away, false).works());
        assert!(!of(Some(&full), Kafka::Answers, false).works());
        assert!(of(Some(&full), Kafka::Answers, true).works());
        assert!(!of(Some(&full), Kafka::Away, true).works());
        assert_eq!(of(None, Kafka::Answers, false), RoleState::Ready);
    }
}
