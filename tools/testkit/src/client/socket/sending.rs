//! Sending by a socket.

use domain::{AlertId, destination, header};
use futures_util::SinkExt;
use stomp::{Command, Frame, Version, encode};
use tokio_tungstenite::tungstenite::{self, Message as WebSocketMessage};

use super::Socket;
use crate::{
    Error,
    client::{End, Message, Subscribe},
};

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

/// Text where it is UTF-8, as browsers send STOMP; a body of other octets goes as a binary message.
fn text(octets: Vec<u8>) -> WebSocketMessage {
    match String::from_utf8(octets) {
        Ok(text) => WebSocketMessage::text(text),
        Err(error) => WebSocketMessage::binary(error.into_bytes()),
    }
}
