//! The service without axum and without leptos, in six wings.
//!
//! - [`people`]: accounts and sessions, which live in the [`database`].
//! - [`delivery`]: how an event becomes durable, is published, and is read in order.
//! - [`calls`]: the commands, the hub that folds events per line and pushes frames, and the receipts.
//! - [`statistics`]: what many calls add up to.
//! - [`push`]: reaches people while no page of theirs is open.
//! - [`privacy`]: what a person's location was used for, and what the person can do about it.
//!
//! [`service`] starts and stops it all; [`readiness`] holds the state of each role; [`retention`] deletes what is old.

pub mod calls;
pub mod clock;
pub mod database;
pub mod delivery;
pub mod people;
pub mod privacy;
pub mod push;
pub mod readiness;
pub mod retention;
pub mod service;
pub mod statistics;
