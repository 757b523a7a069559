//! A WebSocket over an upgraded connection, which can be read while it is written. A client that is slow to read is
//! still read, up to a budget.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use backend::calls::hub::{End, Outlet, Queue, QueueReceiver, Written, queue_before};
use bytes::Bytes;
use stomp::{Frame, Version};
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use websocket::{Fault, Incoming, Reader};

use crate::connections::ClientStream;

/// The longest WebSocket message. A STOMP frame of the longest headers and body fits several times.
const MESSAGE_LIMIT: usize = 64 * 1024;

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

/// The octets that are read at once. Clients send short frames.
const READ: usize = 8 * 1024;

/// The time for which a client whose input is no longer read may read why. Closing earlier, with its bytes unread,
/// would reset the connection (RFC 9293, section 3.10.7.1), and discard the reason.
const DEAF: Duration = Duration::from_secs(1);

/// The octets that are read from a client that is being closed, and dropped. One that goes on sending is not read any
/// more, because a flood would be as costly as before.
const DROPPED: usize = 256 * 1024;

thread_local! {
    /// Where each socket of a thread reads to, so that none keeps a buffer of its own while nothing comes.
    static INPUT: RefCell<Box<[u8]>> = RefCell::new(vec![0_u8; READ].into_boxed_slice());
}

/// The end of a connection that the hub writes to.
struct Output(OwnedWriteHalf);

impl Outlet for Output {
    fn begin(&self, frame: &Bytes) -> io::Result<Bytes> {
        // Browsers' STOMP clients want text. The hub's frames are UTF-8, because their headers are, and their bodies
        // are JSON.
        let head = websocket::text_head(frame.len());
        let head = head.as_slice();
        let written = self.0.try_write_vectored(&[IoSlice::new(head), IoSlice::new(frame)])?;
        Ok(match written.checked_sub(head.len()) {
            Some(written) => frame.slice(written..),
            None => [&head[written..], &frame[..]].concat().into(),
        })
    }

    fn write(&self, octets: &[u8]) -> io::Result<usize> {
        self.0.try_write(octets)
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream: &TcpStream = self.0.as_ref();
        stream.poll_write_ready(context)
    }
}

/// One client's WebSocket.
pub(super) struct Transport {
    input: OwnedReadHalf,
    reader: Reader,
    output: QueueReceiver,
    /// The connection counts as open until this is dropped.
    _connection: ClientStream,
    /// The octets that wait for this client outside of the transport.
    elsewhere: usize,
    /// True if nothing more can be read, because the input was not understood or too long.
    deaf: bool,
    /// The Close frame has been put.
    is_closing: bool,
}

/// The outcome of waiting.
pub(super) enum Happening {
    /// Bytes of STOMP came, or none with a control frame.
    Received(Vec<u8>),
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
    ///
    /// # Errors
    /// When the connection is closed, or cannot be moved.
    pub(super) fn open(connection: ClientStream, read: &[u8]) -> io::Result<(Queue, Self)> {
        let stream = connection.take_descriptor().ok_or(io::ErrorKind::NotConnected)?;
        let stream = TcpStream::from_std(stream.into_std()?)?;
        let (input, output) = stream.into_split();
        let (queue, output) = queue_before(Box::new(Output(output)), QUEUE);
        let mut reader = Reader::new(MESSAGE_LIMIT);
        reader.push(read);
        let (elsewhere, deaf, is_closing) = (0, false, false);
        let transport = Self { input, reader, output, _connection: connection, elsewhere, deaf, is_closing };
        Ok((queue, transport))
    }

    /// Returns whether all that was put has gone out.
    #[must_use]
    pub(super) fn is_idle(&self) -> bool {
        self.output.is_idle()
    }

    /// Lets frames of the hub wait from now on, or go out.
    pub(super) fn hold(&self, is_held: bool) {
        self.output.hold(is_held);
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
        self.elsewhere = octets;
    }

    /// Returns whether the client is not read because too much waits for it.
    #[must_use]
    pub(super) fn is_deferring(&self) -> bool {
        self.output.octets(MESSAGE) + self.elsewhere > BUDGET
    }

    /// Returns whether something has gone out since the last call.
    pub(super) fn has_moved(&self) -> bool {
        self.output.take_moved()
    }

    /// Writes what waits and reads what comes, whichever can be done first. Nothing is lost when it is given up. With
    /// `takes` it ends for a frame of the hub that is held.
    pub(super) async fn next(&mut self, takes: bool) -> Happening {
        poll_fn(|context| self.poll(takes, context)).await
    }

    /// Sends the reason and closes. The waiting output is sent before it, and the client has `patience` to read all
    /// that and answer.
    pub(super) async fn close(mut self, code: u16, reason: &'static str, patience: Duration) {
        self.output.close();
        self.output.put(websocket::close(Some(code), reason).into());
        self.is_closing = true;
        self.elsewhere = 0;
        let patience = if self.deaf { DEAF } else { patience };
        let goodbye = async {
            let mut dropped = 0;
            loop {
                match self.next(false).await {
                    Happening::Gone => return,
                    Happening::Received(bytes) => dropped += bytes.len() + MESSAGE,
                    Happening::Pong
                    | Happening::Sent
                    | Happening::Queued
                    | Happening::TooSlow
                    | Happening::NotUnderstood(_) => {}
                }
                self.deaf |= dropped > DROPPED;
            }
        };
        // A client that does not answer in time loses the connection without its answer.
        let _ = tokio::time::timeout(patience, goodbye).await;
    }

    fn reads(&self) -> bool {
        !self.deaf && !self.is_deferring()
    }

    /// Reading comes first, because a client may acknowledge messages while more is on its way.
    fn poll(&mut self, takes: bool, context: &mut Context<'_>) -> Poll<Happening> {
        loop {
            let reads = self.reads();
            if reads && let Poll::Ready(happening) = self.poll_read(context) {
                return Poll::Ready(happening);
            }
            let written = self.output.poll_write(context);
            // Asked behind the writing, which wakes this task for each change from then on.
            if !self.is_closing && self.output.end() == Some(End::Overflowed) {
                return Poll::Ready(Happening::TooSlow);
            }
            match written {
                Poll::Ready(Ok(Written::Some)) => return Poll::Ready(Happening::Sent),
                Poll::Ready(Err(_)) => return Poll::Ready(Happening::Gone),
                // Writing has made room, and the socket must be asked to wake this task for what comes.
                Poll::Ready(Ok(Written::Nothing)) | Poll::Pending if !reads && self.reads() => {}
                Poll::Ready(Ok(Written::Nothing)) if takes => {
                    return self.output.poll_queued(context).map(|()| Happening::Queued);
                }
                Poll::Ready(Ok(Written::Nothing)) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Happening> {
        loop {
            match self.reader.next() {
                Ok(Some(incoming)) => return Poll::Ready(self.received(incoming)),
                Ok(None) => {}
                Err(fault) => {
                    self.deaf = true;
                    return Poll::Ready(Happening::NotUnderstood(fault));
                }
            }
            match ready!(self.poll_input(context)) {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Poll::Ready(Happening::Gone),
            }
        }
    }

    /// Reads octets, and returns how many there were.
    fn poll_input(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Self { input, reader, .. } = self;
        INPUT.with_borrow_mut(|octets| -> Poll<io::Result<usize>> {
            let mut read = ReadBuf::new(octets);
            ready!(Pin::new(input).poll_read(context, &mut read))?;
            reader.push(read.filled());
            Poll::Ready(Ok(read.filled().len()))
        })
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
