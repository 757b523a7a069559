//! On Apache Kafka.

mod brokers;
mod calls;
mod faults;
mod interop;
mod security;
mod topics;
