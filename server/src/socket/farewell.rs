//! The ways in which a socket ends, each with the words and the close code that its client gets.

use std::{ops::ControlFlow, time::Duration};

use stomp::{Frame, Version};
use tokio::time::timeout;
use websocket::Fault;

use super::{connect, transport::Transport};
use crate::sockets::{Place, Reason};

/// The time for a client to read why it is closed.
const CLOSING: Duration = Duration::from_secs(2);
/// The time for a client that was too slow, which must first read its backlog.
const CLOSING_SLOW: Duration = Duration::from_secs(20);
/// The time for which the socket of a session that sends too much is not read before it is closed.
const FLOOD_PAUSE: Duration = Duration::from_secs(2);

/// WebSocket close codes (RFC 6455, section 7.4.1, and the IANA registry).
mod code {
    pub(super) const NORMAL: u16 = 1000;
    pub(super) const PROTOCOL: u16 = 1002;
    pub(super) const POLICY: u16 = 1008;
    pub(super) const RESTART: u16 = 1012;
    pub(super) const TRY_AGAIN_LATER: u16 = 1013;
}

/// The way in which a connection ends.
pub(super) enum Farewell {
    /// The client is gone, so nothing more is sent.
    Gone,
    /// The client sent DISCONNECT.
    Goodbye,
    /// The client does not keep up.
    TooSlow,
    /// The session has sent more than its budget.
    Flood,
    /// An ERROR frame first, then the close code and its reason.
    Error(Frame, u16, &'static str),
}

/// A step of the connection, which goes on or ends it.
pub(super) type Flow = ControlFlow<Farewell>;

impl Farewell {
    /// Returns the farewell of a socket whose place was closed from outside.
    #[must_use]
    pub(super) fn of(cause: Reason) -> Self {
        let (message, code, reason) = match cause {
            Reason::Stopping => {
                ("The server restarts; connect again in a moment.", code::RESTART, "the server restarts")
            }
            Reason::SessionEnded => {
                ("The session has ended; sign in again.", code::POLICY, "the session has ended")
            }
            Reason::AccountChanged => (connect::CHANGED, code::POLICY, "the account has changed"),
            Reason::Displaced => (
                "A newer socket has this place now; connect again in a while.",
                code::TRY_AGAIN_LATER,
                "another socket has the place",
            ),
        };
        Self::Error(Frame::error(message), code, reason)
    }

    /// Returns the farewell to octets that are not WebSocket, or to a message beyond the bound.
    #[must_use]
    pub(super) fn not_understood(fault: Fault) -> Self {
        let message = match fault {
            Fault::TooLong => "The message is too long; frames of clients are short.".to_owned(),
            _ => format!("The octets are not WebSocket as RFC 6455 has it: {fault}."),
        };
        Self::Error(Frame::error(message), fault.code(), fault.as_str())
    }

    /// Returns the farewell to octets that are not STOMP, with the decoder's words.
    #[must_use]
    pub(super) fn not_stomp(error: String) -> Self {
        Self::Error(Frame::error(error), code::PROTOCOL, "not STOMP")
    }

    /// Sends the words and the code, and closes the socket. Its place stays taken until then.
    pub(super) async fn send(self, transport: Transport, version: Version, place: Place) {
        let (error, code, reason, patience) = match self {
            Self::Gone => return,
            Self::Goodbye => return transport.close(code::NORMAL, "goodbye", CLOSING).await,
            Self::TooSlow => {
                let error =
                    Frame::error("The client is too slow to keep up; connect again for the snapshot.");
                (error, code::POLICY, "too slow", CLOSING_SLOW)
            }
            Self::Flood => {
                // The place stays taken meanwhile, so that a session cannot go on with a new socket at once.
                let _ = timeout(FLOOD_PAUSE, place.closed()).await;
                let error = Frame::error("Too many frames; send fewer a second.");
                (error, code::POLICY, "too many frames", CLOSING)
            }
            Self::Error(error, code, reason) => (error, code, reason, CLOSING),
        };
        tracing::debug!(code, message = error.get("message"), "a socket is closed");
        transport.put_frame(&error, version);
        transport.close(code, reason, patience).await;
        drop(place);
    }
}

/// Ends the connection with an ERROR frame that has the reason.
pub(super) fn refused(error: Frame) -> Flow {
    ControlFlow::Break(Farewell::Error(error, code::POLICY, "see the ERROR frame"))
}
