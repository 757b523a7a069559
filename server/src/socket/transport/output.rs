//! The way out, by which the hub writes frames without waiting.

use std::{
    io,
    task::{Context, Poll},
};

use backend::calls::hub::Outlet;
use bytes::Bytes;
use tokio::net::{TcpStream, tcp::OwnedWriteHalf};

/// The end of a connection that the hub writes to.
pub(super) struct Output(pub(super) OwnedWriteHalf);

impl Outlet for Output {
    fn message(&self, frame: &[u8]) -> Bytes {
        // Browsers' STOMP clients want text. The hub's frames are UTF-8, because their headers are, and their bodies
        // are JSON.
        [websocket::text_head(frame.len()).as_slice(), frame].concat().into()
    }

    fn write(&self, octets: &[u8]) -> io::Result<usize> {
        self.0.try_write(octets)
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream: &TcpStream = self.0.as_ref();
        stream.poll_write_ready(context)
    }
}
