//! A WebSocket that can be read while it is written. A client that is slow to read is still read, up to a budget.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::{Sink, Stream};
use stomp::{Frame, Version};

/// The octets that may wait for one client, which are answers, queued frames, and the list of its snapshots. Above it
/// the client is not read, so that TCP holds its frames back; below it is read again. An answer has about 50 octets and
/// a frame 500, so clients that read at all stay far below it, and a thousand that read nothing keep 256 MiB. It is
/// exceeded by the answers to one WebSocket message at most.
const BUDGET: usize = 256 * 1024;
/// The octets that a waiting message takes besides its own, so that empty ones count, too.
const MESSAGE: usize = 64;

/// The time for which a client whose input is no longer read may read why. Closing earlier, with its bytes unread,
/// would reset the connection (RFC 9293, section 3.10.7.1), and discard the reason.
const DEAF: Duration = Duration::from_secs(1);

/// The octets that are read from a client that is being closed, and dropped. One that goes on sending is not read any
/// more, because a flood would be as costly as before.
const DROPPED: usize = 256 * 1024;

/// One client's WebSocket.
pub struct Transport {
    socket: WebSocket,
    waiting: VecDeque<Message>,
    /// The octets of `waiting`.
    octets: usize,
    /// The octets of pongs, which the socket writes itself, since the last flush.
    pongs: usize,
    /// The octets that wait for this client outside of the transport.
    elsewhere: usize,
    unflushed: bool,
    /// The socket has taken a message since this was last asked.
    moved: bool,
    /// True if nothing more can be read, because the input was too long.
    deaf: bool,
}

/// The outcome of waiting.
pub enum Happening {
    /// Bytes of STOMP came, or none with a control frame.
    Received(Bytes),
    /// A pong came, so the client lives.
    Pong,
    /// All that was put has gone out.
    Sent,
    /// The client is gone, or closed the connection.
    Gone,
    /// The input was longer than allowed.
    TooLong,
}

impl Transport {
    /// Over this socket.
    #[must_use]
    pub fn new(socket: WebSocket) -> Self {
        Self {
            socket,
            waiting: VecDeque::new(),
            octets: 0,
            pongs: 0,
            elsewhere: 0,
            unflushed: false,
            moved: false,
            deaf: false,
        }
    }

    /// Returns whether all that was put has gone out.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.unflushed
    }

    /// Puts a whole encoded frame behind what waits; its bytes are shared, not copied.
    pub fn put(&mut self, frame: Bytes) {
        // Browsers' STOMP clients want text. Only a frame whose body is not UTF-8 cannot be one.
        let message = Utf8Bytes::try_from(frame.clone()).map_or(Message::Binary(frame), Message::Text);
        self.push(message);
    }

    /// Puts a frame of this connection alone.
    pub fn put_frame(&mut self, frame: &Frame, version: Version) {
        self.put(stomp::encode(frame, version).into());
    }

    /// Puts a WebSocket ping (RFC 6455, section 5.5.2).
    pub fn ping(&mut self) {
        self.push(Message::Ping(Bytes::new()));
    }

    /// Sets how many octets wait for this client outside of the transport.
    pub fn count_elsewhere(&mut self, octets: usize) {
        self.elsewhere = octets;
    }

    /// Returns whether the client is not read because too much waits for it.
    #[must_use]
    pub fn is_deferring(&self) -> bool {
        self.octets + self.pongs + self.elsewhere > BUDGET
    }

    /// Returns whether the socket has taken a message since the last call.
    pub fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// Writes what can be written without waiting, as a whole frame nearly always can. [`Transport::next`] writes the rest,
    /// and reports an error.
    pub fn write_now(&mut self) {
        let _ = self.poll_write(&mut Context::from_waker(Waker::noop()));
    }

    /// Writes what waits and reads what comes, whichever can be done first. Nothing is lost when it is given up.
    pub async fn next(&mut self) -> Happening {
        poll_fn(|context| self.poll(context)).await
    }

    /// Sends the reason and closes. The waiting output is sent before it, and the client has `patience` to read all
    /// that and answer.
    pub async fn close(mut self, code: u16, reason: &'static str, patience: Duration) {
        self.push(Message::Close(Some(CloseFrame { code, reason: reason.into() })));
        self.elsewhere = 0;
        let patience = if self.deaf { DEAF } else { patience };
        let goodbye = async {
            let mut dropped = 0;
            loop {
                match self.next().await {
                    Happening::Gone => return,
                    Happening::Received(bytes) => dropped += bytes.len() + MESSAGE,
                    Happening::Pong | Happening::Sent | Happening::TooLong => {}
                }
                self.deaf |= dropped > DROPPED;
            }
        };
        // A client that does not answer in time loses the connection without its answer.
        let _ = tokio::time::timeout(patience, goodbye).await;
    }

    fn push(&mut self, message: Message) {
        self.octets += octets(&message);
        self.waiting.push_back(message);
    }

    fn reads(&self) -> bool {
        !self.deaf && !self.is_deferring()
    }

    /// Reading comes first, because a client may acknowledge messages while more is on its way.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Happening> {
        loop {
            let reads = self.reads();
            if reads && let Poll::Ready(received) = Pin::new(&mut self.socket).poll_next(context) {
                return Poll::Ready(self.received(received));
            }
            match self.poll_write(context) {
                Poll::Ready(Ok(true)) => return Poll::Ready(Happening::Sent),
                Poll::Ready(Err(_)) => return Poll::Ready(Happening::Gone),
                // Writing has made room, and the socket must be asked to wake this task for what comes.
                Poll::Ready(Ok(false)) | Poll::Pending if !reads && self.reads() => {}
                Poll::Ready(Ok(false)) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn received(&mut self, received: Option<Result<Message, axum::Error>>) -> Happening {
        if let Some(Ok(ping @ Message::Ping(_))) = &received {
            // The socket has put a pong of the same octets behind what it writes.
            self.pongs += octets(ping);
            self.unflushed = true;
        }
        let happening = happening(received);
        self.deaf = matches!(happening, Happening::TooLong);
        happening
    }

    /// Returns whether something went out and nothing waits any more.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, axum::Error>> {
        while !self.waiting.is_empty() {
            match Pin::new(&mut self.socket).poll_ready(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
            if let Some(message) = self.waiting.pop_front() {
                self.octets -= octets(&message);
                Pin::new(&mut self.socket).start_send(message)?;
                (self.unflushed, self.moved) = (true, true);
            }
        }
        if !self.unflushed {
            return Poll::Ready(Ok(false));
        }
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        flushed.map_ok(|()| {
            (self.unflushed, self.pongs) = (false, 0);
            true
        })
    }
}

fn octets(message: &Message) -> usize {
    MESSAGE
        + match message {
            Message::Text(text) => text.len(),
            Message::Binary(octets) | Message::Ping(octets) | Message::Pong(octets) => octets.len(),
            Message::Close(_) => 0,
        }
}

fn happening(received: Option<Result<Message, axum::Error>>) -> Happening {
    match received {
        Some(Ok(Message::Text(text))) => Happening::Received(text.into()),
        Some(Ok(Message::Binary(bytes))) => Happening::Received(bytes),
        Some(Ok(Message::Ping(_))) => Happening::Received(Bytes::new()),
        Some(Ok(Message::Pong(_))) => Happening::Pong,
        Some(Err(error)) if is_too_long(&error) => Happening::TooLong,
        Some(Ok(Message::Close(_)) | Err(_)) | None => Happening::Gone,
    }
}

/// axum hides which of tungstenite's errors it was; the words are tungstenite's `CapacityError::MessageTooLong`.
fn is_too_long(error: &axum::Error) -> bool {
    error.to_string().contains("too long")
}
