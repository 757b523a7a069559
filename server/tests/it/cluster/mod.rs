//! The service on real servers. Scripts start Apache Kafka clusters and PostgreSQL for each test.
//!
//! `script/test` runs them where those servers can be had, two at a time, because memory is not for all of them. By
//! hand that is `cargo test --release -p server --test it -- --ignored --test-threads=2 cluster::`

mod kafka;
mod postgres;
mod roles;
mod script;
