//! The input of a socket, from bytes to frames, with the frames that wait to be read, and the end.

use std::{collections::VecDeque, time::Duration};

use stomp::{Command, Decoder, Frame, Incoming, Limits, Version};
use tokio_tungstenite::tungstenite;

use crate::{
    Error,
    client::{Close, End},
};

/// Frames from the server may be as long as a record.
const LIMITS: Limits = Limits { headers: 64, line: 16 * 1024, header_octets: 64 * 1024, body: 1024 * 1024 };

/// The number of frames that an error shows that came in the place of the awaited one.
const SHOWN: usize = 10;

/// Frames in the order they came, without those that were taken.
#[derive(Debug)]
pub(super) struct Inbox {
    decoder: Decoder,
    version: Version,
    frames: VecDeque<Frame>,
    heartbeats: u64,
    error: Option<Frame>,
    end: Option<End>,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            decoder: Decoder::new(LIMITS),
            version: Version::V1_2,
            frames: VecDeque::new(),
            heartbeats: 0,
            error: None,
            end: None,
        }
    }
}

impl Inbox {
    /// The version that CONNECTED chose; 1.2 before.
    pub(super) const fn version(&self) -> Version {
        self.version
    }

    /// Line ends between frames so far.
    pub(super) const fn heartbeats(&self) -> u64 {
        self.heartbeats
    }

    /// Returns how the socket ended, when it has.
    pub(super) const fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Takes the first frame from the `looked_at`th on that `wanted` makes something of; counts those it looked at.
    pub(super) fn take<T>(
        &mut self,
        looked_at: &mut usize,
        mut wanted: impl FnMut(&Frame) -> Result<Option<T>, Error>,
    ) -> Result<Option<T>, Error> {
        while let Some(frame) = self.frames.get(*looked_at) {
            if let Some(found) = wanted(frame)? {
                self.frames.remove(*looked_at);
                return Ok(Some(found));
            }
            *looked_at += 1;
        }
        Ok(None)
    }

    /// Reads the bytes of one WebSocket message.
    pub(super) fn push(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.decoder.push(octets);
        while let Some(incoming) = self.decoder.next()? {
            match incoming {
                Incoming::Heartbeat => self.heartbeats += 1,
                Incoming::Frame(frame) => {
                    self.apply(&frame);
                    self.frames.push_back(frame);
                }
            }
        }
        Ok(())
    }

    /// The server sent a WebSocket Close frame.
    pub(super) fn close(&mut self, frame: Option<&tungstenite::protocol::CloseFrame>) {
        let close = frame.map_or(Close { code: 1005, reason: String::new() }, |frame| Close {
            code: frame.code.into(),
            reason: frame.reason.to_string(),
        });
        self.end = Some(End { error: self.error.clone(), close: Some(close), broken: None });
    }

    /// The connection ended without a Close frame.
    pub(super) fn break_off(&mut self, reason: String) {
        self.end = Some(End { error: self.error.clone(), close: None, broken: Some(reason) });
    }

    /// Returns the error with the frames that came in the place of the awaited one.
    pub(super) fn late(&self, awaited: &str, within: Duration) -> Error {
        let frames = self.frames.len();
        let shown: Vec<String> =
            self.frames.iter().take(SHOWN).map(|frame| format!("\n  {frame:?}")).collect();
        let instead = match frames {
            0 => "nothing else came either".to_owned(),
            _ => format!("{frames} other frames came, the first of them:{}", shown.concat()),
        };
        Error::Late { awaited: awaited.into(), within, instead }
    }

    fn apply(&mut self, frame: &Frame) {
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(inbox: &mut Inbox, command: Command) -> Option<Frame> {
        let wanted = |frame: &Frame| Ok((frame.command == command).then(|| frame.clone()));
        inbox.take(&mut 0, wanted).unwrap()
    }

    #[test]
    fn frames_are_matched_in_any_order_and_none_is_lost() {
        let mut inbox = Inbox::default();
        inbox.push(b"CONNECTED\nversion:1.1\n\n\0\n\nMESS").unwrap();
        inbox.push(b"AGE\nsubscription:a\nmessage-id:1\n\nx\0RECEIPT\nreceipt-id:1\n\n\0").unwrap();
        assert_eq!((inbox.version(), inbox.heartbeats()), (Version::V1_1, 2));
        assert!(any(&mut inbox, Command::Receipt).is_some());
        assert_eq!(any(&mut inbox, Command::Message).unwrap().body, b"x");
        assert!(any(&mut inbox, Command::Connected).is_some());
        assert_eq!(any(&mut inbox, Command::Receipt), None);
    }

    #[test]
    fn the_end_remembers_the_error_frame() {
        let mut inbox = Inbox::default();
        inbox.push(b"ERROR\nmessage:too slow\n\n\0").unwrap();
        assert_eq!(inbox.end(), None);
        inbox.close(None);
        assert_eq!(inbox.end().map(|end| (end.message(), end.code())), Some(("too slow", Some(1005))));
    }

    #[test]
    fn the_frame_received_instead_of_the_awaited_one_is_reported() {
        let mut inbox = Inbox::default();
        inbox.push(b"RECEIPT\nreceipt-id:7\n\n\0").unwrap();
        let text = inbox.late("the alert", Duration::from_secs(1)).to_string();
        assert!(text.starts_with("the alert did not come within 1s; 1 other frames came"), "{text}");
        assert!(text.contains("\"receipt-id\", \"7\""), "{text}");
    }
}
