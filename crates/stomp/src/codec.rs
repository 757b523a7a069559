//! Frames to bytes, and what the way back, `decoder`, is given and gives (STOMP 1.2 and 1.1, "STOMP
//! Frames").

use crate::escape::Escapes;
use crate::frame::Frame;
use crate::version::Version;

pub(crate) const CONTENT_LENGTH: &str = "content-length";
pub(crate) const LF: u8 = b'\n';
pub(crate) const NUL: u8 = 0;

/// The frame as one piece of bytes, its NUL included.
///
/// A body brings its `content-length`; a `content-length` among the headers is not written. No header can end its line
/// or the frame's headers. CONNECT, STOMP and CONNECTED have no escapes ("Value Encoding"), so there a CR or LF, and a
/// colon in a name, arrive as a backslash and a letter. An empty header name, a name that begins with NUL, and a body
/// where none may be are written as they are, so that the peer refuses them.
#[must_use]
pub fn encode(frame: &Frame, version: Version) -> Vec<u8> {
    let escapes = Escapes::of(frame.command, version);
    let mut out = Vec::with_capacity(room_for(frame));
    out.extend(frame.command.as_str().as_bytes());
    out.push(LF);
    for (name, value) in &frame.headers {
        if name != CONTENT_LENGTH {
            escapes.write_name(name, &mut out);
            out.push(b':');
            escapes.write_value(value, &mut out);
            out.push(LF);
        }
    }
    if !frame.body.is_empty() {
        out.extend(CONTENT_LENGTH.as_bytes());
        out.push(b':');
        out.extend(frame.body.len().to_string().as_bytes());
        out.push(LF);
    }
    out.push(LF);
    out.extend(&frame.body);
    out.push(NUL);
    out
}

/// Enough for the frame and a few escapes.
fn room_for(frame: &Frame) -> usize {
    let headers: usize = frame.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    frame.body.len() + headers + 48
}

/// The largest frame that is read before it is refused (STOMP 1.2, "Size Limits"). All limits are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Headers in a frame.
    pub headers: usize,
    /// Octets of one header line, still escaped, without its LF.
    pub line: usize,
    /// Octets of all header lines of a frame, still escaped, without their LFs.
    pub header_octets: usize,
    /// Octets of a body.
    pub body: usize,
}

/// 32 headers, 4 KiB a line, 8 KiB of headers, 64 KiB of body, which is ample for short JSON bodies.
impl Default for Limits {
    fn default() -> Self {
        Self { headers: 32, line: 4 * 1024, header_octets: 8 * 1024, body: 64 * 1024 }
    }
}

/// A unit that a [`crate::Decoder`] finds in the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A whole frame.
    Frame(Frame),
    /// One line end between frames. It is a heart-beat, or one of those that may follow a frame; they look alike (STOMP
    /// 1.2, "Heart-beating" and "Augmented BNF").
    Heartbeat,
}
