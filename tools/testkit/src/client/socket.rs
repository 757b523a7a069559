//! STOMP over a WebSocket, from the client's side (STOMP 1.2).
//!
//! A [`Socket`] reads only while something is awaited. Frames that were not awaited stay in its inbox in order, so that
//! frames can be awaited in any order and none is lost.

mod sending;

use std::time::Duration;

use domain::body::Body;
use futures_util::{SinkExt, StreamExt};
use stomp::{Command, Frame, Version};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message as WebSocketMessage;

use crate::{
    Error,
    client::{Client, End, Handshake, Message, Snapshot, WebSocket, inbox::Inbox},
};

/// The time for which a socket waits for an expected frame by default. It is long enough for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A connection to `/an-ws`.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocket,
    host: String,
    subprotocol: Option<String>,
    inbox: Inbox,
    receipts: u64,
    patience: Duration,
}

impl Socket {
    /// Opens the WebSocket; no STOMP frame is sent yet.
    ///
    /// # Errors
    /// [`Error::UpgradeRefused`] when the server answers otherwise, [`Error::System`] when it cannot be reached.
    pub async fn open(client: &Client, handshake: &Handshake) -> Result<Self, Error> {
        let (stream, subprotocol) = handshake.open(client).await?;
        Ok(Self {
            stream,
            host: client.authority().into(),
            subprotocol,
            inbox: Inbox::default(),
            receipts: 0,
            patience: PATIENCE,
        })
    }

    /// Sets the time to wait for an expected frame from now on.
    pub const fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The subprotocol the server chose.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The version the server chose; 1.2 before CONNECTED.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.inbox.version()
    }

    /// Returns the number of line ends between frames that have come, which are heart-beats, and those that follow
    /// frames.
    #[must_use]
    pub const fn heartbeats(&self) -> u64 {
        self.inbox.heartbeats()
    }

    /// Returns the WebSocket itself, for a reader of its own. The inbox is dropped.
    #[must_use]
    pub fn into_stream(self) -> WebSocket {
        self.stream
    }
}

/// Receiving.
impl Socket {
    /// The oldest frame that was not awaited yet.
    ///
    /// # Errors
    /// [`Error::Ended`], [`Error::Late`], [`Error::Stomp`].
    pub async fn next_frame(&mut self) -> Result<Frame, Error> {
        self.wait_for_frame("any frame", |_| true).await
    }

    /// The oldest MESSAGE that was not awaited yet. Other frames stay.
    ///
    /// # Errors
    /// As [`Socket::wait_for`].
    pub async fn next_message(&mut self) -> Result<Message, Error> {
        self.wait_for("any MESSAGE", |_| true).await
    }

    /// The oldest frame that is `wanted`. The others stay.
    ///
    /// # Errors
    /// [`Error::Ended`], [`Error::Late`], [`Error::Stomp`].
    pub async fn wait_for_frame(
        &mut self,
        awaited: &str,
        wanted: impl Fn(&Frame) -> bool,
    ) -> Result<Frame, Error> {
        self.take(awaited, |frame| Ok(wanted(frame).then(|| frame.clone()))).await
    }

    /// The oldest MESSAGE that is `wanted`. The others stay.
    ///
    /// # Errors
    /// As [`Socket::wait_for_frame`], and [`Error::Body`] when a MESSAGE before it cannot be read.
    pub async fn wait_for(
        &mut self,
        awaited: &str,
        wanted: impl Fn(&Message) -> bool,
    ) -> Result<Message, Error> {
        self.take(awaited, |frame| Ok(read(frame)?.filter(&wanted))).await
    }

    /// All that a subscription is given up to the end of its snapshot.
    ///
    /// # Errors
    /// As [`Socket::wait_for`].
    pub async fn snapshot(&mut self, subscription: &str) -> Result<Snapshot, Error> {
        let mut messages = Vec::new();
        loop {
            let of_it = |message: &Message| message.header("subscription") == Some(subscription);
            let message = self.wait_for("the end of the snapshot", of_it).await?;
            match message.body {
                Body::SnapshotEnd { truncated, .. } => return Ok(Snapshot { messages, truncated }),
                _ => messages.push(message),
            }
        }
    }

    /// Makes sure that for this time no MESSAGE comes that is `unwanted`, nor has come already.
    ///
    /// # Errors
    /// [`Error::Unwanted`] with the message; [`Error::Ended`] when the socket ends meanwhile.
    pub async fn none_within(
        &mut self,
        time: Duration,
        what: &str,
        unwanted: impl Fn(&Message) -> bool,
    ) -> Result<(), Error> {
        let search = self.take_within(time, what, |frame| Ok(read(frame)?.filter(&unwanted)));
        match search.await {
            Ok(message) => Err(Error::Unwanted(format!("{what} ({:?})", message.frame))),
            Err(Error::Late { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Awaits the socket's end. Frames that come before it stay in the inbox.
    ///
    /// # Errors
    /// [`Error::Late`] when the server keeps it open.
    pub async fn ended(&mut self) -> Result<End, Error> {
        match self.take("the socket's end", |_| Ok(None::<Frame>)).await {
            Err(Error::Ended { end, .. }) => Ok(*end),
            Err(other) => Err(other),
            Ok(frame) => Err(Error::Unwanted(format!("{frame:?}"))),
        }
    }

    async fn take<T>(
        &mut self,
        awaited: &str,
        wanted: impl FnMut(&Frame) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        self.take_within(self.patience, awaited, wanted).await
    }

    /// Takes what is wanted out of the inbox, as soon as it is there.
    async fn take_within<T>(
        &mut self,
        within: Duration,
        awaited: &str,
        mut wanted: impl FnMut(&Frame) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + within;
        let mut looked_at = 0;
        loop {
            if let Some(found) = self.inbox.take(&mut looked_at, &mut wanted)? {
                return Ok(found);
            }
            if let Some(end) = self.inbox.end() {
                return Err(Error::Ended { awaited: awaited.into(), end: Box::new(end.clone()) });
            }
            match timeout_at(deadline, self.receive()).await {
                Ok(received) => received?,
                Err(_) => return Err(self.inbox.late(awaited, within)),
            }
        }
    }

    /// Reads one WebSocket message into the inbox, or the end.
    async fn receive(&mut self) -> Result<(), Error> {
        match self.stream.next().await {
            Some(Ok(WebSocketMessage::Text(text))) => self.inbox.push(text.as_bytes())?,
            Some(Ok(WebSocketMessage::Binary(octets))) => self.inbox.push(&octets)?,
            Some(Ok(WebSocketMessage::Close(frame))) => {
                self.inbox.close(frame.as_ref());
                // Sends the answer to the Close frame. The server may be gone already, and the end is known anyway.
                let _ = self.stream.flush().await;
            }
            // tungstenite answers pings itself.
            Some(Ok(_)) => {}
            Some(Err(error)) => self.inbox.break_off(error.to_string()),
            None => self.inbox.break_off("the connection ended".into()),
        }
        Ok(())
    }
}

/// The frame as a message, if it is one.
fn read(frame: &Frame) -> Result<Option<Message>, Error> {
    match frame.command {
        Command::Message => Message::read(frame.clone()).map(Some),
        _ => Ok(None),
    }
}
