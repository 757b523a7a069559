//! What the service does, without axum and without leptos.
//!
//! A command goes down this list, a call comes back up it: [`calls`] validates and makes an event durable
//! in the [`outbox`] while the [`relay`] publishes it to the [`log`] (all of rdkafka); the [`fanout`] reads
//! the log into the [`hub`], which folds it and pushes frames to the subscribers of the line; the [`handover`]
//! goes past a log that is slow. After a start, `promised` tells the hub what the outbox holds. `reconcile` publishes
//! again what the log has lost, `dead_letters` keeps what it holds and nobody can read. [`receipts`] come back from the
//! devices. [`accounts`] and [`sessions`] live in the [`database`].
//! [`service`] starts and stops it all; [`republish`] refills a log that was lost.

pub mod accounts;
pub mod calls;
pub mod clock;
pub mod database;
mod dead_letters;
mod fanout;
pub mod handover;
mod hashing;
pub mod hub;
pub mod log;
pub mod outbox;
mod promised;
pub mod readiness;
pub mod receipts;
mod reconcile;
pub mod relay;
pub mod republish;
pub mod service;
pub mod sessions;
