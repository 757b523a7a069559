//! The end of a WebSocket, with the Close frame and the client's answer (RFC 6455, section 7).

use std::{future::poll_fn, time::Duration};

use super::{Happening, MESSAGE, Offered, Transport};

/// The time for which a client whose input is no longer read may read why. Closing earlier, with its bytes unread,
/// would reset the connection (RFC 9293, section 3.10.7.1), and discard the reason.
const DEAF: Duration = Duration::from_secs(1);

/// The octets that are read from a client that is being closed, and dropped. One that goes on sending is not read any
/// more, because a flood would be as costly as before.
const DROPPED: usize = 256 * 1024;

impl Transport {
    /// Sends the reason and closes. The waiting output is sent before it, and the client has `patience` to read all
    /// that and answer.
    pub(in crate::socket) async fn close(mut self, code: u16, reason: &'static str, patience: Duration) {
        self.output.close();
        self.output.put(websocket::close(Some(code), reason).into());
        self.is_closing = true;
        self.elsewhere = 0;
        let patience = if self.deaf { DEAF } else { patience };
        let goodbye = async {
            let mut dropped = 0;
            loop {
                match poll_fn(|context| self.poll(false, context, |_, _| Offered::Declined)).await {
                    Happening::Gone => return,
                    Happening::Received(bytes) => dropped += bytes.len() + MESSAGE,
                    Happening::Pong
                    | Happening::Handled
                    | Happening::Refused
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
}
