//! Refusals of commands. Each names what to do, and nothing is stored.

use domain::{AlertId, House};

use crate::delivery::outbox::OutboxError;

/// Why a command is not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// This resident may not do it (HTTP 403).
    #[error("{0}")]
    NotYours(String),
    /// No call with this id is known, and nothing names its line (HTTP 404).
    #[error("{0}")]
    Unknown(String),
    /// There is nothing open to accept (HTTP 409).
    #[error("{0}")]
    NoOpenCall(String),
    /// Several houses used this id, and the address does not name the one that is meant (HTTP 409).
    #[error("several calls have this id; name the house that called, as in ?house=1203")]
    SeveralCalls,
    /// The calls of before the start are not known yet (HTTP 503).
    #[error(
        "the server has just started and does not know yet which calls are open: try again with the same \
         Idempotency-Key"
    )]
    Starting,
    /// The `Idempotency-Key` stands for another request of this resident (HTTP 422).
    #[error("this Idempotency-Key was used for a different request; make a new one for a new request")]
    KeyReused,
    /// The `Idempotency-Key` is the id of another house's call (HTTP 409).
    #[error("another house's call has this id; send it again at once with a new Idempotency-Key")]
    IdTaken,
    /// The house has called too often, and this call of it is open and was heard (HTTP 429). It is not sent again.
    #[error("call {0} of your house is open and neighbours have it; it stands for this one")]
    CallStands(AlertId),
    /// The house has sent too many of these; not before so many seconds (HTTP 429).
    #[error(
        "your house has sent too many of these: send it again in {seconds} s with the same Idempotency-Key"
    )]
    TooFast {
        /// When to send it again.
        seconds: u64,
    },
    /// Something about the request cannot be (HTTP 422).
    #[error("{0}")]
    Invalid(String),
    /// It cannot be made durable now (HTTP 503).
    #[error(
        "it is not recorded, since neither the disk nor Kafka can keep it now: try again with the same Idempotency-Key"
    )]
    NotDurable(#[source] OutboxError),
    /// It cannot be made durable now, and neighbours have it all the same (HTTP 503).
    #[error(
        "neighbours have it, but it is not recorded, because neither the disk nor Kafka can keep it now: send it again with \
         the same Idempotency-Key until it is"
    )]
    HeardOnly(#[source] OutboxError),
}

impl Refusal {
    pub(super) fn no_open_call(target: &House) -> Self {
        Self::NoOpenCall(format!("house {target} has no open call: it may be over already"))
    }
}
