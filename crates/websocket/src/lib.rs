//! WebSocket frames as a server reads and writes them (RFC 6455), sans-io.
//!
//! A server's frames carry no mask, so a message is encoded once, its head included, and the same octets go to every
//! client. Extensions are not spoken, and sections are cited from RFC 6455.

mod fault;
mod mask;
mod opcode;
mod reader;
#[cfg(test)]
mod tests;
mod write;

pub use fault::Fault;
pub use reader::{Incoming, Reader};
pub use write::{Head, PING, close, message, pong, text_head};
