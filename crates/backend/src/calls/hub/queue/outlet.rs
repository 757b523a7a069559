//! The socket as a queue writes it.

use std::{
    io,
    task::{Context, Poll},
};

use bytes::Bytes;

/// The system's end of a socket. Only `poll_writable` waits.
pub trait Outlet: Send + Sync {
    /// Returns the message that has this frame, its head included. It depends on nothing but the frame, because it is
    /// made once and written to every socket.
    fn message(&self, frame: &[u8]) -> Bytes;

    /// Writes octets, and returns how many of them the system took.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if it took none, anything else if the socket is broken.
    fn write(&self, octets: &[u8]) -> io::Result<usize>;

    /// Wakes the task when the system may take more.
    ///
    /// # Errors
    /// When the socket cannot be waited for.
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}
