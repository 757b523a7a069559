//! The service without axum and without leptos, in five wings.
//!
//! - [`people`]: accounts and sessions, which live in the [`database`].
//! - [`delivery`]: how an event becomes durable, is published, and is read in order.
//! - [`calls`]: the commands, the hub that folds events per line and pushes frames, and the receipts.
//! - [`statistics`]: what many calls add up to.
//! - [`push`]: reaches people while no page of theirs is open.
//!
//! [`audit`] records the acts of the office, sign-ins, downloads and looks at locations.
//!
//! [`service`] starts and stops it all; [`readiness`] holds the state of each role.

pub mod audit;
pub mod calls;
pub mod clock;
pub mod database;
pub mod delivery;
pub mod people;
pub mod push;
pub mod readiness;
pub mod service;
pub mod statistics;
