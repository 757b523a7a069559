//! A frame, which is a command, headers in their order, and a body. `codec` encodes and decodes it.

use std::fmt;
use std::str::Utf8Error;

/// A frame of either direction (STOMP 1.2, "STOMP Frames").
///
/// `content-length` belongs to the transport. [`crate::encode`] writes it from the body and the decoder takes it out,
/// so `headers` never needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The purpose of the frame.
    pub command: Command,
    /// Names and values, unescaped, in the order of the wire. A name may come more than once ([`Frame::get`]).
    pub headers: Vec<(String, String)>,
    /// Any octets, NUL included. Only [`Command::may_have_body`] commands carry one.
    pub body: Vec<u8>,
}

impl Frame {
    /// A frame with no headers and no body, to be completed with [`Frame::header`] and
    /// [`Frame::body`].
    #[must_use]
    pub const fn new(command: Command) -> Self {
        Self { command, headers: Vec::new(), body: Vec::new() }
    }

    /// An ERROR frame with the short description in its `message` header (STOMP 1.2, "ERROR").
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Command::Error).header("message", message)
    }

    /// The RECEIPT that answers a frame whose `receipt` header was `receipt_id` (STOMP 1.2,
    /// "RECEIPT").
    #[must_use]
    pub fn receipt(receipt_id: impl Into<String>) -> Self {
        Self::new(Command::Receipt).header("receipt-id", receipt_id)
    }

    /// Adds a header behind those already there.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The value of a header; of several with one name the first counts (STOMP 1.2, "Repeated
    /// Header Entries"). Names are compared octet by octet.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Errors
    /// When the body is not UTF-8.
    pub const fn text(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(self.body.as_slice())
    }
}

/// Shows everything but credentials, so that a logged frame gives no one a way in.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| {
                let secret = ["passcode", "authorization", "cookie"]
                    .iter()
                    .any(|secret| name.eq_ignore_ascii_case(secret));
                (name, if secret { "(hidden)" } else { value })
            })
            .collect();
        f.debug_struct("Frame")
            .field("command", &self.command)
            .field("headers", &headers)
            .field("body", &String::from_utf8_lossy(&self.body))
            .finish()
    }
}

/// The first line of a frame (STOMP 1.2, "Augmented BNF").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// A client opens the session.
    Connect,
    /// A client opens the session under the name that no HTTP server mistakes. It is handled like CONNECT ("CONNECT or
    /// STOMP Frame").
    Stomp,
    /// A client sends a message to a destination.
    Send,
    /// A client asks for the messages of a destination.
    Subscribe,
    /// A client ends a subscription.
    Unsubscribe,
    /// A client consumed a message.
    Ack,
    /// A client did not consume a message.
    Nack,
    /// A client opens a transaction.
    Begin,
    /// A client commits a transaction.
    Commit,
    /// A client rolls a transaction back.
    Abort,
    /// A client ends the session.
    Disconnect,
    /// The server opened the session.
    Connected,
    /// The server sends a message of a subscription.
    Message,
    /// The server processed a frame with a `receipt` header.
    Receipt,
    /// The server reports a fault; the connection ends after it.
    Error,
}

impl Command {
    /// Every command.
    pub const ALL: [Self; 15] = [
        Self::Connect,
        Self::Stomp,
        Self::Send,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Ack,
        Self::Nack,
        Self::Begin,
        Self::Commit,
        Self::Abort,
        Self::Disconnect,
        Self::Connected,
        Self::Message,
        Self::Receipt,
        Self::Error,
    ];

    /// The command as it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Stomp => "STOMP",
            Self::Send => "SEND",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Abort => "ABORT",
            Self::Disconnect => "DISCONNECT",
            Self::Connected => "CONNECTED",
            Self::Message => "MESSAGE",
            Self::Receipt => "RECEIPT",
            Self::Error => "ERROR",
        }
    }

    /// The command of this wire name, octet by octet; `None` when STOMP has none of that name.
    #[must_use]
    pub fn from_wire(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.as_str().as_bytes() == name)
    }

    /// Returns whether a client sends it; the others come from servers.
    #[must_use]
    pub const fn is_from_client(self) -> bool {
        !matches!(self, Self::Connected | Self::Message | Self::Receipt | Self::Error)
    }

    /// Returns whether it may have a body, which only SEND, MESSAGE and ERROR may (STOMP 1.2, "Body").
    #[must_use]
    pub const fn may_have_body(self) -> bool {
        matches!(self, Self::Send | Self::Message | Self::Error)
    }

    /// Returns whether its headers are escaped. CONNECT and CONNECTED are not, for STOMP 1.0's sake (STOMP 1.2, "Value
    /// Encoding"), and STOMP is CONNECT by another name.
    #[must_use]
    pub const fn escapes_headers(self) -> bool {
        !matches!(self, Self::Connect | Self::Stomp | Self::Connected)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
