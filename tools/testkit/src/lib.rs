//! Tests and measures the running service from outside. It starts and stops the program as an operator would, has a
//! client that shares no code with the browser's, and the parts of measurements that both tools use.
//!
//! The server's integration tests, the load generator and the fault checker stand on it. Nothing here reaches into the
//! server, because the contract, through `domain` and `stomp`, is all that a client knows. The exceptions are
//! [`town`], which writes accounts into the server's database, and [`outbox`], which writes a past into its log.

pub mod budgets;
pub mod client;
pub mod descriptors;
mod end;
mod error;
pub mod measure;
pub mod outbox;
pub mod real;
pub mod server;
mod signals;
pub mod town;

pub use error::Error;
pub use signals::until_interrupted;
