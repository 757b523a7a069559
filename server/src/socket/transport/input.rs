//! The way in, on which octets become WebSocket messages.

use std::{
    cell::RefCell,
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
/// The messages in a row that are handled where they lie, before the socket is written again.
const BURST: usize = 16;

thread_local! {
    /// Where each socket of a thread reads to, so that none keeps a buffer of its own while nothing comes.
    static INPUT: RefCell<Box<[u8]>> = RefCell::new(vec![0_u8; READ].into_boxed_slice());
}

/// The end of a connection that is read.
pub(super) struct Input {
    half: OwnedReadHalf,
    reader: Reader,
}

/// The outcome of reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// A message or a control frame.
    Incoming(Incoming),
    /// As many messages in a row were handled as may be.
    Handled,
    /// A message was refused.
    Refused,
    /// The client is gone.
    End,
}

/// The answer to a short text message that is offered where it lies.
#[derive(Clone, Copy)]
pub(in crate::socket) enum Offered {
    /// It was handled, and the next may be read.
    Handled,
    /// It is one too many.
    Refused,
    /// It is handed out like any other.
    Declined,
}

impl Input {
    /// Over this half, of which these octets have been read.
    pub(super) fn new(half: OwnedReadHalf, read: &[u8]) -> Self {
        let mut reader = Reader::new(MESSAGE_LIMIT);
        reader.push(read);
        Self { half, reader }
    }

    /// Returns what comes next. A short text message that comes alone, as an ACK does nearly always, is offered first,
    /// and costs neither an allocation nor a turn of the socket's task.
    pub(super) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        mut offer: impl FnMut(&[u8]) -> Offered,
    ) -> Poll<Result<Came, Fault>> {
        let mut handled = 0;
        loop {
            if let Some(incoming) = self.reader.next()? {
                return Poll::Ready(Ok(Came::Incoming(incoming)));
            }
            match ready!(self.poll_octets(context, &mut offer)) {
                None => {}
                Some(Came::Handled) if handled + 1 < BURST => handled += 1,
                Some(came) => return Poll::Ready(Ok(came)),
            }
        }
    }

    /// Reads octets once; `None` if they are for the reader.
    fn poll_octets(
        &mut self,
        context: &mut Context<'_>,
        offer: &mut impl FnMut(&[u8]) -> Offered,
    ) -> Poll<Option<Came>> {
        let Self { half, reader } = self;
        INPUT.with_borrow_mut(|octets| -> Poll<Option<Came>> {
            let mut read = ReadBuf::new(octets);
            let is_broken = ready!(Pin::new(half).poll_read(context, &mut read)).is_err();
            let octets = read.filled_mut();
            if is_broken || octets.is_empty() {
                return Poll::Ready(Some(Came::End));
            }
            let Some(message) = reader.whole_text(octets) else {
                reader.push(octets);
                return Poll::Ready(None);
            };
            Poll::Ready(Some(match offer(message) {
                Offered::Handled => Came::Handled,
                Offered::Refused => Came::Refused,
                Offered::Declined => Came::Incoming(Incoming::Message(message.to_vec())),
            }))
        })
    }
}

#[cfg(test)]
mod tests;
