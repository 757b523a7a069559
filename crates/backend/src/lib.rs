//! The service without axum and without leptos, in eight wings.
//!
//! - [`people`]: accounts and sessions, which live in the [`database`].
//! - [`delivery`]: how an event becomes durable, is published, and is read in order.
//! - [`calls`]: the commands, the hub that folds events per line and pushes frames, and the receipts.
//! - [`statistics`]: what many calls add up to.
//! - [`push`]: reaches people while no page of theirs is open.
//! - [`reach`]: which households a call could alarm now.
//! - [`webhook`]: sends calls to a gateway of the operator's, such as one for text messages.
//! - [`escalation`]: alarms more people about a call that nobody comes to.
//! - [`privacy`]: what a person's location was used for, and what the person can do about it.
//!
//! [`canary`] calls itself now and then, and shows whether calls arrive.
//!
//! [`audit`] records the acts of the office, sign-ins, downloads and looks at locations. [`backup`] copies everything
//! that a node keeps, and puts such a copy in place. [`moving`] copies the accounts from SQLite to PostgreSQL.
//!
//! [`traces`] shows the operator the way of a call, if that is wanted.
//!
//! [`outgoing`] has what push, the webhook and the traces share. [`service`] starts and stops it all; [`readiness`] holds the state
//! of each role; [`retention`] deletes what is old.

pub mod audit;
pub mod backup;
pub mod calls;
pub mod canary;
pub mod clock;
pub mod database;
pub mod delivery;
pub mod escalation;
pub mod moving;
mod outgoing;
pub mod people;
pub mod privacy;
pub mod push;
pub mod reach;
pub mod readiness;
pub mod retention;
pub mod service;
pub mod statistics;
pub mod traces;
pub mod webhook;
