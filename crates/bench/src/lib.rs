//! What looks at the running service from outside: a client that shares no code with the browser's, the program started
//! and stopped as an operator would, and the measurements that are made with both.
//!
//! The server's integration tests use [`client`] and [`server`] too. Nothing here reaches into the server: all it knows is
//! the contract, through `wire` and `stomp`.

pub mod chaos;
pub mod checker;
pub mod client;
pub mod descriptors;
mod error;
pub mod fanout;
pub mod leader_kill;
mod measure;
pub mod power_cut;
pub mod rate;
pub mod server;
pub mod starve;

pub use error::Error;
