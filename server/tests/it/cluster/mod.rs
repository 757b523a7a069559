//! The service on real servers: Apache Kafka clusters and PostgreSQL, started by scripts, each test's own.
//!
//! `script/test` runs them where those servers can be had. By hand, one at a time since memory is not for all of them:
//! `cargo test --release -p server --test it -- --ignored --test-threads=1`

mod kafka;
mod postgres;
mod roles;
mod script;
