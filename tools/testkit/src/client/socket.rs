//! STOMP over a WebSocket, from the client's side (STOMP 1.2).
//!
//! A [`Socket`] reads only while something is awaited. Frames that were not awaited stay in its inbox in order, so that
//! frames can be awaited in any order and none is lost.

use std::time::Duration;

use domain::{AlertId, body::Body, destination, header};
use futures_util::{SinkExt, StreamExt};
use stomp::{Command, Frame, Version, encode};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::{self, Message as WebSocketMessage};

use crate::{
    Error,
    client::{Client, End, Handshake, Message, Snapshot, Subscribe, WebSocket, inbox::Inbox},
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

/// Sending.
impl Socket {
    /// Sends CONNECT with the token as passcode and awaits CONNECTED.
    ///
    /// # Errors
    /// [`Error::Ended`] with the server's ERROR when the token is refused.
    pub async fn connect(&mut self, token: &str) -> Result<Frame, Error> {
        let frame = Frame::new(Command::Connect)
            .header("accept-version", "1.2,1.1")
            .header("host", &self.host)
            .header("heart-beat", "0,0")
            .header("passcode", token);
        self.connect_with(&frame).await
    }

    /// Sends a CONNECT or STOMP frame as it is and awaits CONNECTED.
    ///
    /// # Errors
    /// As [`Socket::connect`].
    pub async fn connect_with(&mut self, frame: &Frame) -> Result<Frame, Error> {
        self.send(frame).await?;
        self.wait_for_frame("CONNECTED", |frame| frame.command == Command::Connected).await
    }

    /// Subscribes. The snapshot follows ([`Socket::snapshot`]).
    ///
    /// # Errors
    /// [`Error::WebSocket`] when it cannot be sent.
    pub async fn subscribe(&mut self, subscribe: &Subscribe) -> Result<(), Error> {
        self.send(&subscribe.frame()).await
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// [`Error::WebSocket`] when it cannot be sent.
    pub async fn unsubscribe(&mut self, id: &str) -> Result<(), Error> {
        self.send(&Frame::new(Command::Unsubscribe).header("id", id)).await
    }

    /// Acknowledges a message, because it has reached this device.
    ///
    /// # Errors
    /// [`Error::Usage`] when the message asks for no acknowledgement.
    pub async fn ack(&mut self, message: &Message) -> Result<(), Error> {
        let frame = self.acknowledgement(message)?;
        self.send(&frame).await
    }

    /// Reports that this device has begun to sound the call of a message.
    ///
    /// # Errors
    /// As [`Socket::ack`].
    pub async fn sounded(&mut self, message: &Message) -> Result<(), Error> {
        let frame = self.acknowledgement(message)?.header(header::SOUNDED, header::YES);
        self.send(&frame).await
    }

    fn acknowledgement(&self, message: &Message) -> Result<Frame, Error> {
        let asked = |name| {
            let none = || Error::Usage(format!("this message has no header {name:?}: {:?}", message.frame));
            message.header(name).ok_or_else(none)
        };
        // 1.1 names the message and the subscription, 1.2 the content of the message's `ack` header ("ACK").
        Ok(match self.version() {
            Version::V1_2 => Frame::new(Command::Ack).header("id", asked("ack")?),
            Version::V1_1 => Frame::new(Command::Ack)
                .header("message-id", asked("message-id")?)
                .header("subscription", asked("subscription")?),
        })
    }

    /// Reports that a person looked at a call.
    ///
    /// # Errors
    /// [`Error::WebSocket`] when it cannot be sent.
    pub async fn seen(&mut self, alert: AlertId) -> Result<(), Error> {
        let frame = Frame::new(Command::Send)
            .header("destination", destination::SEEN)
            .header("content-type", "application/json")
            .body(serde_json::json!({ "alert": alert }).to_string());
        self.send(&frame).await
    }

    /// Sends a frame as one WebSocket text message.
    ///
    /// # Errors [`Error::WebSocket`] when it cannot be sent; [`Socket::ended`] may have the reason.
    pub async fn send(&mut self, frame: &Frame) -> Result<(), Error> {
        self.send_raw(text(encode(frame, self.version()))).await
    }

    /// Sends a frame with a `receipt` header and awaits its RECEIPT.
    ///
    /// # Errors
    /// [`Error::Ended`] when the server closes instead, [`Error::Late`].
    pub async fn send_with_receipt(&mut self, frame: Frame) -> Result<(), Error> {
        self.receipts += 1;
        let id = format!("receipt-{}", self.receipts);
        let awaited = format!("the RECEIPT of {}", frame.command);
        self.send(&frame.header("receipt", &id)).await?;
        let is_it = |frame: &Frame| frame.command == Command::Receipt && frame.get("receipt-id") == Some(&id);
        self.wait_for_frame(&awaited, is_it).await.map(drop)
    }

    /// Sends any WebSocket message, for tests of the protocol.
    ///
    /// # Errors [`Error::WebSocket`] when it cannot be sent; [`Socket::ended`] may have the reason.
    pub async fn send_raw(&mut self, message: WebSocketMessage) -> Result<(), Error> {
        Ok(self.stream.send(message).await?)
    }

    /// Closes in order (STOMP 1.2, "DISCONNECT"), by DISCONNECT, its RECEIPT, and the WebSocket's closing handshake.
    ///
    /// # Errors
    /// [`Error::Ended`] when the server closes without the RECEIPT, [`Error::Late`].
    pub async fn disconnect(mut self) -> Result<End, Error> {
        self.send_with_receipt(Frame::new(Command::Disconnect)).await?;
        match self.stream.close(None).await {
            // The server may have closed first.
            Ok(()) | Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => {}
            Err(error) => return Err(error.into()),
        }
        self.ended().await
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

/// Text where it is UTF-8, as browsers send STOMP; a body of other octets goes as a binary message.
fn text(octets: Vec<u8>) -> WebSocketMessage {
    match String::from_utf8(octets) {
        Ok(text) => WebSocketMessage::text(text),
        Err(error) => WebSocketMessage::binary(error.into_bytes()),
    }
}
