//! Derives the producer's readiness from the outbox and Kafka.

use super::Relay;
use crate::{
    delivery::{
        log::kafka::Condition,
        outbox::{Outbox, OutboxError},
    },
    readiness::{RoleState, StateSender},
};

impl Relay {
    /// Keeps `state` true.
    pub(super) async fn show_state(self, state: StateSender) {
        if state.get() == RoleState::Absent {
            return;
        }
        let mut trouble = self.0.outbox.trouble();
        let mut kafka = self.0.kafka.condition();
        loop {
            let (why, how) = (trouble.borrow_and_update().clone(), *kafka.borrow_and_update());
            state.set(of(why.as_ref(), how, self.0.kafka.has_durable_topics()));
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

/// Keeps `state` true on a node that is its own log.
pub(crate) async fn show_local_state(outbox: Outbox, state: StateSender) {
    if state.get() == RoleState::Absent {
        return;
    }
    let mut trouble = outbox.trouble();
    loop {
        let why = trouble.borrow_and_update().clone();
        state.set(why.as_ref().map_or(RoleState::Ready, failed));
        if trouble.changed().await.is_err() {
            return;
        }
    }
}

fn of(trouble: Option<&OutboxError>, kafka: Condition, durable: bool) -> RoleState {
    match (trouble, kafka) {
        (None, Condition::Connecting) => RoleState::Starting("connecting to Kafka".into()),
        (None, Condition::Away) => {
            RoleState::Degraded("Kafka does not answer; calls are stored, and published later".into())
        }
        (None, Condition::Answers) => RoleState::Ready,
        (Some(error), Condition::Answers) if durable => {
            RoleState::Degraded(format!("calls are recorded by Kafka alone: {error}"))
        }
        (Some(error), _) => failed(error),
    }
}

fn failed(error: &OutboxError) -> RoleState {
    RoleState::Failed(format!("calls cannot be recorded: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_durable_place_the_role_does_not_work() {
        let full = OutboxError::closed();
        assert!(of(None, Condition::Away, false).works());
        assert!(!of(Some(&full), Condition::Answers, false).works());
        assert!(of(Some(&full), Condition::Answers, true).works());
        assert!(!of(Some(&full), Condition::Away, true).works());
        assert_eq!(of(None, Condition::Answers, false), RoleState::Ready);
    }
}
