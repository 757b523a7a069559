//! What the service does, without axum and without leptos.
//!
//! A command goes down this list, a call comes back up it: [`calls`] validates and makes an event durable
//! in the [`outbox`] while the [`relay`] publishes it to the [`log`] (all of rdkafka); the [`fanout`] reads
//! the log into the [`hub`], which folds it and pushes frames to the subscribers of the line; the [`handover`]
//! goes past a log that is slow. [`receipts`]
//! come back from their devices. [`accounts`] and [`sessions`] live in the [`database`]. [`service`] starts
//! and stops it all.

pub mod accounts;
pub mod calls;
pub mod clock;
pub mod database;
pub mod fanout;
pub mod handover;
pub mod hub;
pub mod log;
pub mod outbox;
pub mod readiness;
pub mod receipts;
pub mod relay;
pub mod service;
pub mod sessions;
