//! The browser's side of a STOMP conversation, sans-io, from bytes to their meaning. There is one per WebSocket.

use std::time::Duration;

use domain::{
    Alert, AlertId, Event, Line, Millis, body::Body, destination, header, json::Object, reach, shard::SOCKET,
};
use stomp::{Command, Decoder, Frame, HeartBeat, Incoming, Limits, Version, encode};

use crate::feed::Scope;

/// The server is asked to send this often, so that a network that has gone away silently is noticed. The browser itself
/// promises nothing, because hidden tabs slow their timers, and the server has its WebSocket pings.
const HEART_BEAT: HeartBeat = HeartBeat { outgoing: 0, incoming: 20_000 };

/// A conversation about the calls of some lines.
pub(super) struct Conversation {
    decoder: Decoder,
    version: Version,
    destinations: Vec<String>,
    /// The line whose reach is followed, once the server has shown that it can be.
    reach: Option<String>,
    has_reach: bool,
}

/// An answer of the server.
#[derive(Debug, PartialEq)]
pub(super) enum Received {
    /// It knows who this is. Send `subscribe`, which has one frame per destination.
    Connected {
        /// The SUBSCRIBE frames.
        subscribe: Vec<Vec<u8>>,
        /// The longest time between two signs of life of the server; `None` if it names none.
        heart_beat: Option<Duration>,
    },
    /// Something about a call.
    Delivery(Box<Delivery>),
    /// The number of other households of the line that a call could alarm now; `None` while the server does not know.
    Reach(Option<u32>),
    /// A MESSAGE that this version of the page cannot read, and why. The conversation goes on.
    Unreadable(String),
}

/// A MESSAGE.
#[derive(Debug, PartialEq)]
pub(super) struct Delivery {
    /// The content.
    pub(super) body: Body,
    /// It is part of a snapshot, or of what a rebuild brought later.
    pub(super) replay: bool,
    /// It came too late to be sounded.
    pub(super) late: bool,
    /// The age of the call when the server sent this, in milliseconds.
    pub(super) age: Option<Millis>,
    /// The ACK to send once a call is applied, for the delivery ledger.
    pub(super) ack: Option<Vec<u8>>,
    /// The ACK to send once this device has begun to sound a call.
    pub(super) sounded: Option<Vec<u8>>,
}

/// Why a conversation is over.
#[derive(Debug, PartialEq)]
pub(super) enum Failure {
    /// The server sent an ERROR with this message.
    Refused(String),
    /// The server does not keep the calls that were subscribed to. The socket with this path has them.
    Elsewhere(String),
    /// The server's bytes are not STOMP.
    Broken(stomp::Error),
}

impl Conversation {
    pub(super) fn new(scope: &Scope) -> Self {
        let destinations = match scope {
            Scope::Lines(lines) => lines.iter().map(destination::of_line).collect(),
            Scope::EveryLine => vec![destination::LINES.to_owned()],
        };
        let (decoder, version) = (Decoder::new(Limits::default()), Version::V1_2);
        Self { decoder, version, destinations, reach: None, has_reach: false }
    }

    /// Follows the reach of this line, too.
    pub(super) fn with_reach(self, line: Option<&Line>) -> Self {
        Self { reach: line.map(destination::of_reach), ..self }
    }

    /// Returns whether the server knows of reach, which one of a former version does not.
    pub(super) fn has_reach(&self) -> bool {
        self.has_reach
    }

    /// Returns a SEND that reports whether this page would sound a call; `None` for a server that would end the
    /// conversation for it.
    pub(super) fn armed(&self, armed: bool) -> Option<Vec<u8>> {
        let send = Frame::new(Command::Send)
            .header("destination", destination::ARMED)
            .header("content-type", "application/json")
            .body(format!("{{\"armed\":{armed}}}"));
        self.has_reach.then(|| encode(&send, self.version))
    }

    /// Returns the CONNECT frame to begin with. The cookie that came with the WebSocket identifies the person.
    pub(super) fn connect(host: &str) -> Vec<u8> {
        let connect = Frame::new(Command::Connect)
            .header("accept-version", "1.2,1.1")
            .header("host", host)
            .header("heart-beat", HEART_BEAT.to_string());
        encode(&connect, Version::V1_2)
    }

    /// Returns a SEND that reports that a person has looked at a call.
    pub(super) fn seen(&self, alert: AlertId) -> Vec<u8> {
        let body = Object::default().text("alert", &alert.to_string()).finish();
        let send = Frame::new(Command::Send)
            .header("destination", destination::SEEN)
            .header("content-type", "application/json")
            .body(body);
        encode(&send, self.version)
    }

    /// Takes in what arrived, however it was cut.
    ///
    /// # Errors [`Failure`], when the conversation is over. Frames before it in `bytes` are lost with it, and come
    /// again in the next snapshot.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> Result<Vec<Received>, Failure> {
        self.decoder.push(bytes);
        let mut received = Vec::new();
        while let Some(incoming) = self.decoder.next().map_err(Failure::Broken)? {
            match incoming {
                Incoming::Heartbeat => {}
                Incoming::Frame(frame) => received.extend(self.frame(&frame)?),
            }
        }
        Ok(received)
    }

    fn frame(&mut self, frame: &Frame) -> Result<Option<Received>, Failure> {
        match frame.command {
            Command::Connected => self.connected(frame).map(Some),
            Command::Message => Ok(Some(self.message(frame))),
            Command::Error => {
                // A page connects to its own server and to nothing else.
                let elsewhere = frame.get(header::ADDRESS).filter(|path| path.starts_with(SOCKET));
                if let Some(path) = elsewhere {
                    return Err(Failure::Elsewhere(path.to_owned()));
                }
                let message = frame.get("message").unwrap_or("The server ended the connection.");
                Err(Failure::Refused(message.to_owned()))
            }
            _ => Ok(None),
        }
    }

    fn connected(&mut self, frame: &Frame) -> Result<Received, Failure> {
        let version = frame.get("version").and_then(Version::parse);
        self.version =
            version.ok_or_else(|| Failure::Refused("The server speaks no STOMP 1.2 or 1.1.".into()))?;
        self.decoder.set_version(self.version);
        // A heart-beat that cannot be read promises nothing.
        let promised = HeartBeat::from_header(frame.get("heart-beat")).unwrap_or_default();
        let destinations = self.destinations.iter().enumerate();
        let mut subscribe: Vec<_> =
            destinations.map(|(index, destination)| self.subscribe(index, destination)).collect();
        self.has_reach = frame.get(header::REACH) == Some(header::YES);
        let reach = self.reach.as_ref().filter(|_| self.has_reach);
        subscribe.extend(reach.map(|destination| {
            let frame = Frame::new(Command::Subscribe)
                .header("id", "reach")
                .header("destination", destination.as_str());
            encode(&frame, self.version)
        }));
        Ok(Received::Connected { subscribe, heart_beat: HEART_BEAT.negotiate(promised).receive })
    }

    fn subscribe(&self, index: usize, destination: &str) -> Vec<u8> {
        let subscribe = Frame::new(Command::Subscribe)
            // Ids are equal in all browsers, because the server encodes an event once for those that share one.
            .header("id", index.to_string())
            .header("destination", destination)
            .header("ack", "client-individual")
            .header("replay", "24h");
        encode(&subscribe, self.version)
    }

    fn message(&self, frame: &Frame) -> Received {
        if frame.get(header::TYPE) == Some(reach::TYPE) {
            return Received::Reach(reach::read(&frame.body));
        }
        let body = match Body::parse(&frame.body) {
            Ok(body) => body,
            Err(error) => return Received::Unreadable(error.to_string()),
        };
        let flag = |name: &str| frame.get(name) == Some(header::YES);
        let ack = frame.get("ack").filter(|_| body.type_name() == "alert").map(|id| {
            let ack = Frame::new(Command::Ack).header("id", id);
            // STOMP 1.1 names the message and its subscription instead.
            match (self.version, frame.get("subscription")) {
                (Version::V1_1, Some(subscription)) => {
                    ack.header("message-id", id).header("subscription", subscription)
                }
                _ => ack,
            }
        });
        let sounded = ack.clone().map(|ack| ack.header(header::SOUNDED, header::YES));
        let encoded = |ack: Option<Frame>| ack.map(|ack| encode(&ack, self.version));
        let (ack, sounded) = (encoded(ack), encoded(sounded));
        let age = frame.get(header::AGE).and_then(|age| age.parse().ok()).filter(|age: &Millis| *age >= 0);
        let (replay, late) = (flag(header::REPLAY), flag(header::LATE));
        Received::Delivery(Box::new(Delivery { body, replay, late, age, ack, sounded }))
    }
}

impl Delivery {
    /// Returns the call that this brings.
    pub(super) fn alert(&self) -> Option<&Alert> {
        match &self.body {
            Body::Event { event: Event::Alert(alert), .. } => Some(alert),
            _ => None,
        }
    }

    /// Returns the time now, by the clock that stamped the call that this brings.
    pub(super) fn stamped_now(&self) -> Option<Millis> {
        Some(self.alert()?.at.saturating_add(self.age?))
    }

    /// Returns when the server received this event, if it was sent on at once. It shows what time it is there.
    pub(super) fn live_at(&self) -> Option<Millis> {
        match &self.body {
            Body::Event { event, .. } if !self.replay && !self.late => event.at(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
