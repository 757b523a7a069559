//! The socket as a queue writes it.

use std::{
    io,
    task::{Context, Poll},
};

use bytes::Bytes;

/// The system's end of a socket. Only `poll_writable` waits.
pub trait Outlet: Send + Sync {
    /// Begins a frame, and returns those of its octets that the system has not taken.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if it took none, anything else if the socket is broken.
    fn begin(&self, frame: &Bytes) -> io::Result<Bytes>;

    /// Writes octets, and returns how many of them the system took.
    ///
    /// # Errors
    /// As [`Outlet::begin`].
    fn write(&self, octets: &[u8]) -> io::Result<usize>;

    /// Wakes the task when the system may take more.
    ///
    /// # Errors
    /// When the socket cannot be waited for.
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}
