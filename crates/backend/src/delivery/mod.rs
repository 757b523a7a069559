//! How an event becomes durable and reaches whoever must hear it: the [`outbox`] keeps it, the [`relay`] publishes it to
//! the [`log`], the [`handover`] goes past a log that is slow.

pub(crate) mod dead_letters;
pub mod handover;
pub mod log;
pub mod outbox;
pub(crate) mod promised;
pub(crate) mod reconcile;
pub mod relay;
pub mod republish;
