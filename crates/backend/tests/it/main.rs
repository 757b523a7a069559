//! The promises of the backend, checked from outside, on real files. One program, because each would link the whole
//! backend once more.

mod accounts;
mod audit;
mod log;
mod outbox;
mod people;
mod service;
mod statistics;
mod support;
