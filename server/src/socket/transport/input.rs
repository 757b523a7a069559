//! The way in, on which octets become WebSocket messages.

use std::{
    cell::RefCell,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    net::tcp::OwnedReadHalf,
};
use websocket::{Fault, Incoming, Reader};

/// The longest WebSocket message. A STOMP frame of the longest headers and body fits several times.
const MESSAGE_LIMIT: usize = 64 * 1024;
/// The octets that are read at once. Clients send short frames.
const READ: usize = 8 * 1024;

thread_local! {
    /// Where each socket of a thread reads to, so that none keeps a buffer of its own while nothing comes.
    static INPUT: RefCell<Box<[u8]>> = RefCell::new(vec![0_u8; READ].into_boxed_slice());
}

/// The end of a connection that is read.
pub(super) struct Input {
    half: OwnedReadHalf,
    reader: Reader,
}

impl Input {
    /// Over this half, of which these octets have been read.
    pub(super) fn new(half: OwnedReadHalf, read: &[u8]) -> Self {
        let mut reader = Reader::new(MESSAGE_LIMIT);
        reader.push(read);
        Self { half, reader }
    }

    /// Returns the next message or control frame; `None` when the client is gone.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Incoming>, Fault>> {
        loop {
            if let Some(incoming) = self.reader.next()? {
                return Poll::Ready(Ok(Some(incoming)));
            }
            match ready!(self.poll_octets(context)) {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Poll::Ready(Ok(None)),
            }
        }
    }

    /// Reads octets, and returns how many there were.
    fn poll_octets(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Self { half, reader } = self;
        INPUT.with_borrow_mut(|octets| -> Poll<io::Result<usize>> {
            let mut read = ReadBuf::new(octets);
            ready!(Pin::new(half).poll_read(context, &mut read))?;
            reader.push(read.filled());
            Poll::Ready(Ok(read.filled().len()))
        })
    }
}
