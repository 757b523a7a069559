//! STOMP over a WebSocket, from the client's side (STOMP 1.2).
//!
//! A [`Socket`] reads only while something is awaited. What came and was not awaited stays in its inbox in order, so
//! that frames can be awaited in any order and none is lost.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use stomp::{Command, Decoder, Frame, Incoming, Limits, Version, encode};
use tokio_tungstenite::tungstenite::{self, Message as WebSocketMessage};
use wire::{AlertId, body::Body, destination};

use crate::{
    Error,
    client::{Client, Close, End, Handshake, Message, Snapshot, Subscribe, WebSocket},
};

/// How long a socket waits for what must come, unless told otherwise: long enough for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Frames from the server may be as long as a record.
const LIMITS: Limits = Limits { headers: 64, line: 16 * 1024, header_octets: 64 * 1024, body: 1024 * 1024 };

/// A connection to `/an-ws`.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocket,
    host: String,
    subprotocol: Option<String>,
    version: Version,
    decoder: Decoder,
    inbox: VecDeque<Frame>,
    heartbeats: u64,
    receipts: u64,
    error: Option<Frame>,
    end: Option<End>,
    patience: Duration,
}

impl Socket {
    /// Opens the WebSocket; nothing is said in STOMP yet.
    ///
    /// # Errors
    /// [`Error::UpgradeRefused`] when the server answers otherwise, [`Error::System`] when it cannot be reached.
    pub async fn open(client: &Client, handshake: &Handshake) -> Result<Self, Error> {
        let (stream, subprotocol) = handshake.open(client).await?;
        Ok(Self {
            stream,
            host: client.authority().into(),
            subprotocol,
            version: Version::V1_2,
            decoder: Decoder::new(LIMITS),
            inbox: VecDeque::new(),
            heartbeats: 0,
            receipts: 0,
            error: None,
            end: None,
            patience: PATIENCE,
        })
    }

    /// From now on waits so long for what must come.
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
        self.version
    }

    /// Line ends between frames that have come: heart-beats, and those that follow frames.
    #[must_use]
    pub const fn heartbeats(&self) -> u64 {
        self.heartbeats
    }

    /// The WebSocket itself, for a reader of its own. What is in the inbox is dropped.
    #[must_use]
    pub fn into_stream(self) -> WebSocket {
        self.stream
    }
}

/// Sending.
impl Socket {
    /// Says CONNECT with the token as passcode and awaits CONNECTED.
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

    /// Subscribes. The snapshot follows: [`Socket::snapshot`].
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

    /// Acknowledges a message: it has reached this device.
    ///
    /// # Errors
    /// [`Error::Usage`] when the message asks for no acknowledgement.
    pub async fn ack(&mut self, message: &Message) -> Result<(), Error> {
        let asked = |name| {
            let none = || Error::Usage(format!("this message has no header {name:?}: {:?}", message.frame));
            message.header(name).ok_or_else(none)
        };
        // 1.1 names the message and the subscription, 1.2 what the message's `ack` header says ("ACK").
        let frame = match self.version {
            Version::V1_2 => Frame::new(Command::Ack).header("id", asked("ack")?),
            Version::V1_1 => Frame::new(Command::Ack)
                .header("message-id", asked("message-id")?)
                .header("subscription", asked("subscription")?),
        };
        self.send(&frame).await
    }

    /// Tells that a person looked at a call.
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
    /// # Errors
    /// [`Error::WebSocket`] when it cannot be sent; [`Socket::ended`] may tell why.
    pub async fn send(&mut self, frame: &Frame) -> Result<(), Error> {
        self.send_raw(text(encode(frame, self.version))).await
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
    /// # Errors
    /// [`Error::WebSocket`] when it cannot be sent; [`Socket::ended`] may tell why.
    pub async fn send_raw(&mut self, message: WebSocketMessage) -> Result<(), Error> {
        Ok(self.stream.send(message).await?)
    }

    /// Says goodbye in order (STOMP 1.2, "DISCONNECT"): DISCONNECT, its RECEIPT, the WebSocket's closing handshake.
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

    /// Makes sure that for so long no MESSAGE comes that is `unwanted`, nor has come already.
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
        let deadline = tokio::time::Instant::from_std(Instant::now() + within);
        let mut looked_at = 0;
        loop {
            while looked_at < self.inbox.len() {
                if let Some(found) = wanted(&self.inbox[looked_at])? {
                    self.inbox.remove(looked_at);
                    return Ok(found);
                }
                looked_at += 1;
            }
            if let Some(end) = &self.end {
                return Err(Error::Ended { awaited: awaited.into(), end: Box::new(end.clone()) });
            }
            match tokio::time::timeout_at(deadline, self.receive()).await {
                Ok(received) => received?,
                Err(_) => return Err(self.late(awaited, within)),
            }
        }
    }

    /// Reads one WebSocket message into the inbox, or the end.
    async fn receive(&mut self) -> Result<(), Error> {
        match self.stream.next().await {
            Some(Ok(WebSocketMessage::Text(text))) => self.decode(text.as_bytes()),
            Some(Ok(WebSocketMessage::Binary(octets))) => self.decode(&octets),
            Some(Ok(WebSocketMessage::Close(frame))) => {
                let close = frame.map_or(Close { code: 1005, reason: String::new() }, |frame| Close {
                    code: frame.code.into(),
                    reason: frame.reason.to_string(),
                });
                self.end = Some(End { error: self.error.clone(), close: Some(close), broken: None });
                Ok(())
            }
            // tungstenite answers pings by itself.
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => {
                self.end = Some(self.broken(error.to_string()));
                Ok(())
            }
            None => {
                self.end = Some(self.broken("the connection ended".into()));
                Ok(())
            }
        }
    }

    fn decode(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.decoder.push(octets);
        while let Some(incoming) = self.decoder.next()? {
            let frame = match incoming {
                Incoming::Heartbeat => {
                    self.heartbeats += 1;
                    continue;
                }
                Incoming::Frame(frame) => frame,
            };
            match frame.command {
                Command::Connected => {
                    if let Some(version) = frame.get("version").and_then(Version::parse) {
                        self.version = version;
                        self.decoder.set_version(version);
                    }
                }
                Command::Error => self.error = Some(frame.clone()),
                _ => {}
            }
            self.inbox.push_back(frame);
        }
        Ok(())
    }

    fn broken(&self, reason: String) -> End {
        End { error: self.error.clone(), close: None, broken: Some(reason) }
    }

    fn late(&self, awaited: &str, within: Duration) -> Error {
        const SHOWN: usize = 10;
        let frames = self.inbox.len();
        let shown: Vec<String> = self.inbox.iter().take(SHOWN).map(|frame| format!("\n  {frame:?}")).collect();
        let instead = match frames {
            0 => "nothing else came either".to_owned(),
            _ => format!("{frames} other frames came, the first of them:{}", shown.concat()),
        };
        Error::Late { awaited: awaited.into(), within, instead }
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
