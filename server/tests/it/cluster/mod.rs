//! The service on real servers. Scripts start Apache Kafka clusters and PostgreSQL for each test.
//!
//! `script/test` runs them where those servers can be had. By hand they run one at a time, because memory is not for
//! all of them, with `cargo test --release -p server --test it -- --ignored --test-threads=1`

mod kafka;
mod postgres;
mod roles;
mod script;
