//! A WebSocket that can be read while it is written: a client that is slow to read is still heard.

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

/// How long a client that cannot be heard any more is left to read why. Closing earlier, with its bytes unread, would
/// reset the connection (RFC 9293, section 3.10.7.1), and take the reason back from it.
const DEAF: Duration = Duration::from_secs(1);

/// One client's WebSocket.
pub struct Transport {
    socket: WebSocket,
    waiting: VecDeque<Message>,
    unflushed: bool,
    /// Nothing more can be read: what came was too long.
    deaf: bool,
}

/// What became of waiting.
pub enum Happening {
    /// Bytes of STOMP came, or none with a control frame.
    Received(Bytes),
    /// A pong came: the client lives.
    Pong,
    /// All that was put has gone out.
    Sent,
    /// The client is gone, or said goodbye.
    Gone,
    /// What came was longer than allowed.
    TooLong,
}

impl Transport {
    /// Over this socket.
    #[must_use]
    pub fn new(socket: WebSocket) -> Self {
        Self { socket, waiting: VecDeque::new(), unflushed: false, deaf: false }
    }

    /// Whether all that was put has gone out.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.unflushed
    }

    /// Puts a whole encoded frame behind what waits; its bytes are shared, not copied.
    pub fn put(&mut self, frame: Bytes) {
        // Browsers' STOMP clients want text. Only a frame whose body is not UTF-8 cannot be one.
        let message = Utf8Bytes::try_from(frame.clone()).map_or(Message::Binary(frame), Message::Text);
        self.waiting.push_back(message);
    }

    /// Puts a frame of this connection alone.
    pub fn put_frame(&mut self, frame: &Frame, version: Version) {
        self.put(stomp::encode(frame, version).into());
    }

    /// Puts a WebSocket ping (RFC 6455, section 5.5.2).
    pub fn ping(&mut self) {
        self.waiting.push_back(Message::Ping(Bytes::new()));
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

    /// Says why and closes. What waited is sent before it: the client has `patience` to read all that and answer.
    pub async fn close(mut self, code: u16, reason: &'static str, patience: Duration) {
        self.waiting.push_back(Message::Close(Some(CloseFrame { code, reason: reason.into() })));
        let patience = if self.deaf { DEAF } else { patience };
        let goodbye = async { while !matches!(self.next().await, Happening::Gone) {} };
        // A client that does not answer in time loses the connection without its answer.
        let _ = tokio::time::timeout(patience, goodbye).await;
    }

    /// Reading comes first: a client may acknowledge what it has while more is on its way.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Happening> {
        if !self.deaf
            && let Poll::Ready(received) = Pin::new(&mut self.socket).poll_next(context)
        {
            let happening = happening(received);
            self.deaf = matches!(happening, Happening::TooLong);
            return Poll::Ready(happening);
        }
        match self.poll_write(context) {
            Poll::Ready(Ok(true)) => Poll::Ready(Happening::Sent),
            Poll::Ready(Err(_)) => Poll::Ready(Happening::Gone),
            Poll::Ready(Ok(false)) | Poll::Pending => Poll::Pending,
        }
    }

    /// Whether something went out and nothing waits any more.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, axum::Error>> {
        while !self.waiting.is_empty() {
            match Pin::new(&mut self.socket).poll_ready(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
            if let Some(message) = self.waiting.pop_front() {
                Pin::new(&mut self.socket).start_send(message)?;
                self.unflushed = true;
            }
        }
        if !self.unflushed {
            return Poll::Ready(Ok(false));
        }
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        flushed.map_ok(|()| {
            self.unflushed = false;
            true
        })
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
