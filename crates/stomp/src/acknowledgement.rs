//! ACK frames that are read where they lie. Every client of a line sends one for each message at the same moment.

use std::str::from_utf8;

use crate::codec::{CONTENT_LENGTH, LF, NUL};
use crate::frame::Command;

/// Longer ones are read by the [`crate::Decoder`], which knows the limits.
const LENGTH: usize = 512;
/// The most headers, which no limit forbids.
const HEADERS: usize = 8;

/// An ACK as nearly all clients write it, whose headers have nothing to unescape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledgement<'a> {
    /// The lines of the headers, each with its LF.
    headers: &'a str,
    /// The offsets of the colon and of the LF of each line.
    lines: [(u16, u16); HEADERS],
    count: usize,
}

impl<'a> Acknowledgement<'a> {
    /// Reads octets that are one whole ACK and nothing else; `None` where only a [`crate::Decoder`] can judge them.
    #[must_use]
    pub fn read(octets: &'a [u8]) -> Option<Self> {
        if octets.len() > LENGTH {
            return None;
        }
        let headers = octets.strip_prefix(Command::Ack.as_str().as_bytes())?.strip_prefix(b"\n")?;
        let headers = from_utf8(headers.strip_suffix(b"\n\0")?).ok()?;
        let mut read = Self { headers, lines: [(0, 0); HEADERS], count: 0 };
        let (mut start, mut colon) = (0, None);
        for (place, octet) in headers.bytes().enumerate() {
            match octet {
                NUL | b'\r' | b'\\' => return None,
                b':' if colon.is_none() => colon = Some(place),
                LF => {
                    read.add(start, colon.take()?, place)?;
                    start = place + 1;
                }
                _ => {}
            }
        }
        (read.count > 0 && start == headers.len()).then_some(read)
    }

    /// Adds a line; `None` if there are too many, or if its name is one that only a decoder can judge.
    fn add(&mut self, start: usize, colon: usize, end: usize) -> Option<()> {
        let name = self.headers.get(start..colon)?;
        if name.is_empty() || name == CONTENT_LENGTH {
            return None;
        }
        *self.lines.get_mut(self.count)? = (u16::try_from(colon).ok()?, u16::try_from(end).ok()?);
        self.count += 1;
        Some(())
    }

    /// The value of a header, as [`crate::Frame::get`] has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let mut start = 0;
        for &(colon, end) in &self.lines[..self.count] {
            let (colon, end) = (usize::from(colon), usize::from(end));
            if self.headers.get(start..colon) == Some(name) {
                return self.headers.get(colon + 1..end);
            }
            start = end + 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decoder, Frame, Incoming, Limits, Version, encode};

    #[test]
    fn an_acknowledgement_is_read_as_the_decoder_reads_it() {
        let frame = Frame::new(Command::Ack)
            .header("id", "an-alert-0-7")
            .header("id", "the first counts")
            .header("sounded", "true")
            .header("empty", "");
        for version in Version::SUPPORTED {
            let octets = encode(&frame, version);
            let read = Acknowledgement::read(&octets).unwrap();
            let mut decoder = Decoder::new(Limits::default());
            decoder.set_version(version);
            decoder.push(&octets);
            let Ok(Some(Incoming::Frame(decoded))) = decoder.next() else { panic!("no frame") };
            for name in ["id", "sounded", "empty", "absent", ""] {
                assert_eq!(read.get(name), decoded.get(name), "{name}");
            }
        }
        let most = format!("ACK\n{}last:1\n\n\0", "id:1\n".repeat(HEADERS - 1));
        assert_eq!(Acknowledgement::read(most.as_bytes()).unwrap().get("last"), Some("1"));
        let colons = Acknowledgement::read(b"ACK\nid:a:b\n\n\0").unwrap();
        assert_eq!(colons.get("id"), Some("a:b"));
    }

    #[test]
    fn everything_else_is_left_to_the_decoder() {
        for octets in [
            &b""[..],
            b"ACK",
            b"ACK\n\0",
            b"ACK\n\n\0",
            b"ACK\nid:1\n\n",
            b"ACK\nid:1\n\0",
            b"ACK\nid:1\n\n\0\n",
            b"\nACK\nid:1\n\n\0",
            b"ACK\r\nid:1\r\n\r\n\0",
            b"ACK\nid:1\r\n\n\0",
            b"ACK\nid:a\\cb\n\n\0",
            b"ACK\nid\n\n\0",
            b"ACK\nid\nsounded:true\n\n\0",
            b"ACK\nid:1\n\nsounded:true\n\n\0",
            b"ACK\n:1\n\n\0",
            b"ACK\nid:1\n\nbody\n\n\0",
            b"ACK\nid:1\n\n\0ACK\nid:2\n\n\0",
            b"ACK\nid:1\ncontent-length:0\n\n\0",
            b"ACK\nid:\xFF\n\n\0",
            b"NACK\nid:1\n\n\0",
            b"ACKS\nid:1\n\n\0",
            b"SEND\nid:1\n\n\0",
        ] {
            assert_eq!(Acknowledgement::read(octets), None, "{}", octets.escape_ascii());
        }
        let long = format!("ACK\nid:{}\n\n\0", "x".repeat(LENGTH));
        assert_eq!(Acknowledgement::read(long.as_bytes()), None);
        let many = format!("ACK\n{}\n\0", "id:1\n".repeat(HEADERS + 1));
        assert_eq!(Acknowledgement::read(many.as_bytes()), None);
    }
}
