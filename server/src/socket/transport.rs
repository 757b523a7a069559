//! A WebSocket over an upgraded connection, which can be read while it is written. A client that is slow to read is
//! still read, up to a budget.

mod close;
mod input;
mod output;

use std::{
    io,
    task::{Context, Poll},
};

use backend::calls::hub::{End, Polled, Queue, QueueReceiver, Written, queue_before};
use bytes::Bytes;
use stomp::{Frame, Version};
use tokio::net::TcpStream;
use websocket::{Fault, Incoming};

pub(super) use self::input::Offered;
use self::{
    input::{Came, Input},
    output::Output,
};
use crate::connections::{ClientStream, Counted};

/// Frames that wait for a slow client; after that it is closed.
const QUEUE: usize = 1024;

/// The octets that may wait for one client, which are answers, queued frames, and the list of its snapshots. Above it
/// the client is not read, so that TCP holds its frames back; below it is read again. An answer has about 50 octets and
/// a frame 500, so clients that read at all stay far below it, and a thousand that read nothing keep 256 MiB. It is
/// exceeded by the answers to one WebSocket message at most.
const BUDGET: usize = 256 * 1024;
/// The octets that a waiting message takes besides its own, so that empty ones count, too.
const MESSAGE: usize = 64;

/// The octets of the longest head of a message that is written.
const LONGEST_HEAD: usize = 10;

/// One client's WebSocket.
pub(super) struct Transport {
    input: Input,
    output: QueueReceiver,
    /// Frames of the hub wait in the output.
    is_held: bool,
    /// The connection counts as open until this is dropped.
    _counted: Counted,
    /// The octets that wait for this client outside of the transport.
    elsewhere: u32,
    /// True if nothing more can be read, because the input was not understood or too long.
    deaf: bool,
    /// The Close frame has been put.
    is_closing: bool,
}

/// The outcome of waiting.
pub(super) enum Happening {
    /// Bytes of STOMP came, or none with a control frame.
    Received(Vec<u8>),
    /// As many messages were handled where they lay as may be before anything else is looked at.
    Handled,
    /// A message was refused where it lay.
    Refused,
    /// A pong came, so the client lives.
    Pong,
    /// Something has gone out.
    Sent,
    /// A frame of the hub waits to be taken.
    Queued,
    /// More frames came than wait for one client.
    TooSlow,
    /// The client is gone, or closed the connection.
    Gone,
    /// The input was not WebSocket, or longer than allowed.
    NotUnderstood(Fault),
}

impl Transport {
    /// Over this connection, of which these octets have been read. Its descriptor moves to the runtime of the caller.
    /// The octets are taken, because even none of them would keep HTTP's buffer of 16 KiB while the socket is open.
    ///
    /// # Errors
    /// When the connection is closed, or cannot be moved.
    pub(super) fn open(connection: ClientStream, read: Bytes) -> io::Result<Self> {
        let (stream, counted) = connection.into_socket().ok_or(io::ErrorKind::NotConnected)?;
        let stream = TcpStream::from_std(stream.into_std()?)?;
        let (input, output) = stream.into_split();
        let (_, output) = queue_before(Box::new(Output(output)), QUEUE);
        let input = Input::new(input, &read);
        drop(read);
        Ok(Self {
            input,
            output,
            is_held: false,
            _counted: counted,
            elsewhere: 0,
            deaf: false,
            is_closing: false,
        })
    }

    /// Returns the hub's end of the queue of what goes out.
    pub(super) fn queue(&self) -> Queue {
        self.output.queue()
    }

    /// Returns whether all that was put has gone out.
    #[must_use]
    pub(super) fn is_idle(&self) -> bool {
        self.output.is_idle()
    }

    /// Lets frames of the hub wait from now on, or go out.
    pub(super) fn hold(&mut self, is_held: bool) {
        if self.is_held != is_held {
            self.is_held = is_held;
            self.output.hold(is_held);
        }
    }

    /// Returns the next frame of the hub that waits.
    pub(super) fn queued(&mut self) -> Option<Bytes> {
        self.output.queued()
    }

    /// Returns how many frames of the hub have gone out without being taken, since the last call.
    pub(super) fn take_sent(&self) -> u64 {
        self.output.take_sent()
    }

    /// Puts an encoded frame, whose octets are UTF-8, behind what waits.
    pub(super) fn put_text(&self, frame: &[u8]) {
        self.put_texts(std::iter::once(frame));
    }

    /// Puts several, each a message of its own, in one piece.
    pub(super) fn put_texts<'a>(&self, frames: impl Iterator<Item = &'a [u8]> + Clone) {
        let length = frames.clone().map(|frame| frame.len() + LONGEST_HEAD).sum::<usize>();
        let mut octets = Vec::with_capacity(length);
        for frame in frames {
            octets.extend_from_slice(websocket::text_head(frame.len()).as_slice());
            octets.extend_from_slice(frame);
        }
        if !octets.is_empty() {
            self.output.put(octets.into());
        }
    }

    /// Puts a frame of this connection alone.
    pub(super) fn put_frame(&self, frame: &Frame, version: Version) {
        self.output.put(websocket::message(&stomp::encode(frame, version)).into());
    }

    /// Puts a WebSocket ping (RFC 6455, section 5.5.2).
    pub(super) fn ping(&self) {
        self.output.put(Bytes::from_static(websocket::PING));
    }

    /// Sets how many octets wait for this client outside of the transport.
    pub(super) fn count_elsewhere(&mut self, octets: usize) {
        self.elsewhere = u32::try_from(octets).unwrap_or(u32::MAX);
    }

    /// Returns whether the client is not read because too much waits for it.
    #[must_use]
    pub(super) fn is_deferring(&self) -> bool {
        self.exceeds(self.output.octets(MESSAGE))
    }

    /// Returns whether something has gone out since the last call.
    pub(super) fn has_moved(&self) -> bool {
        self.output.take_moved()
    }

    /// Writes what waits and reads what comes, whichever can be done first. With `takes` it is ready for a frame of the
    /// hub that is held. A short message is offered where it lies, with the queue of what goes out, before anybody gets
    /// a copy of it.
    pub(super) fn poll(
        &mut self,
        takes: bool,
        context: &mut Context<'_>,
        mut offer: impl FnMut(&[u8], &QueueReceiver) -> Offered,
    ) -> Poll<Happening> {
        // The queue wakes this task for each change from then on. A message that is offered puts nothing into it.
        let Polled { written, octets, end, is_queued } = self.output.poll(context, MESSAGE);
        // Reading goes before the outcome of writing, because a client may acknowledge while more is on its way.
        if !self.deaf && !self.exceeds(octets) {
            let output = &self.output;
            let came = self.input.poll_next(context, |message| offer(message, output));
            if let Poll::Ready(came) = came {
                return Poll::Ready(self.came(came));
            }
        }
        if !self.is_closing && end == Some(End::Overflowed) {
            return Poll::Ready(Happening::TooSlow);
        }
        match written {
            Poll::Ready(Ok(Written::Some)) => Poll::Ready(Happening::Sent),
            Poll::Ready(Err(_)) => Poll::Ready(Happening::Gone),
            Poll::Ready(Ok(Written::Nothing)) if takes && is_queued => Poll::Ready(Happening::Queued),
            Poll::Ready(Ok(Written::Nothing)) | Poll::Pending => Poll::Pending,
        }
    }

    /// Returns whether more waits for the client than may, if so many octets wait in the queue.
    fn exceeds(&self, octets: usize) -> bool {
        octets.saturating_add(self.elsewhere as usize) > BUDGET
    }

    fn came(&mut self, came: Result<Came, Fault>) -> Happening {
        match came {
            Ok(Came::Incoming(incoming)) => self.received(incoming),
            Ok(Came::Handled) => Happening::Handled,
            Ok(Came::Refused) => Happening::Refused,
            Ok(Came::End) => Happening::Gone,
            Err(fault) => {
                self.deaf = true;
                Happening::NotUnderstood(fault)
            }
        }
    }

    fn received(&self, incoming: Incoming) -> Happening {
        match incoming {
            Incoming::Message(octets) => Happening::Received(octets),
            Incoming::Ping(payload) => {
                self.output.put(websocket::pong(&payload).into());
                Happening::Received(Vec::new())
            }
            Incoming::Pong => Happening::Pong,
            Incoming::Close(code) => {
                if !self.is_closing {
                    self.output.put(websocket::close(code, "").into());
                }
                Happening::Gone
            }
        }
    }
}
