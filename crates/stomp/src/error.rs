//! Everything that can be wrong with received bytes, in words for the peer that sent them.

use std::fmt;

use crate::frame::Command;

/// The fault in bytes that are not STOMP, or more STOMP than allowed. All are fatal, so the connection ends.
///
/// [`fmt::Display`] gives one sentence for an ERROR frame's `message` header. Its quotations of the peer's bytes are
/// short and escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A frame began with something else than a command ("Augmented BNF"); quoted.
    UnknownCommand(String),
    /// The frame ended with NUL where a header line or the blank line was due ("STOMP Frames").
    MissingBlankLine,
    /// A header line is not `name:value`; quoted.
    HeaderWithoutColon(String),
    /// A header line begins with its colon.
    HeaderWithoutName,
    /// A CR that neither ends a line nor is escaped (STOMP 1.2 only).
    StrayCarriageReturn,
    /// A backslash followed by what the version does not define, or by nothing ("Value Encoding");
    /// quoted.
    UndefinedEscape(String),
    /// A header is not UTF-8 ("Value Encoding").
    HeaderNotUtf8,
    /// `content-length` is not a number; quoted.
    BadContentLength(String),
    /// The octet after `content-length` octets of body, this many, is not NUL ("Header
    /// content-length").
    BodyNotTerminated(usize),
    /// A command that must not have a body has one ("Body").
    BodyNotAllowed(Command),
    /// A header line is longer than [`crate::Limits::line`] octets.
    LineTooLong(usize),
    /// There are more headers than [`crate::Limits::headers`].
    TooManyHeaders(usize),
    /// The header lines together are longer than [`crate::Limits::header_octets`] octets.
    HeadersTooLong(usize),
    /// The body is, or is announced to be, longer than [`crate::Limits::body`] octets.
    BodyTooLong(usize),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCommand(name) => {
                write!(f, "A frame begins with \"{name}\", which is not a STOMP command.")
            }
            Self::MissingBlankLine => {
                f.write_str("A frame ends before the blank line that must follow its headers.")
            }
            Self::HeaderWithoutColon(line) => write!(f, "The header line \"{line}\" has no colon."),
            Self::HeaderWithoutName => f.write_str("A header line has no name before its colon."),
            Self::StrayCarriageReturn => {
                f.write_str("A header line has a carriage return inside; STOMP 1.2 writes it as \\r.")
            }
            Self::UndefinedEscape(escape) => {
                write!(
                    f,
                    "A header has the escape sequence \"{escape}\", which this version of STOMP does not define."
                )
            }
            Self::HeaderNotUtf8 => f.write_str("A header line is not UTF-8."),
            Self::BadContentLength(value) => {
                write!(f, "The content-length \"{value}\" is not a number of octets.")
            }
            Self::BodyNotTerminated(length) => {
                write!(f, "The body is not followed by NUL after the {length} octets of its content-length.")
            }
            Self::BodyNotAllowed(command) => write!(f, "A {command} frame must not have a body."),
            Self::LineTooLong(limit) => {
                write!(f, "A header line is longer than the limit of {limit} octets.")
            }
            Self::TooManyHeaders(limit) => {
                write!(f, "A frame has more headers than the limit of {limit}.")
            }
            Self::HeadersTooLong(limit) => {
                write!(f, "The headers of a frame are longer than the limit of {limit} octets together.")
            }
            Self::BodyTooLong(limit) => {
                write!(f, "The body of a frame is longer than the limit of {limit} octets.")
            }
        }
    }
}

impl std::error::Error for Error {}

/// The beginning of what the peer sent, made harmless to show. Without the standard library's `escape_debug`, whose
/// tables of all characters would be in the browser's part.
pub(crate) fn quote(octets: &[u8]) -> String {
    const SHOWN: usize = 40;
    let shown = &octets[..octets.len().min(SHOWN)];
    let mut quoted = String::new();
    let text = str::from_utf8(shown).or_else(|error| str::from_utf8(&shown[..error.valid_up_to()]));
    let text = text.unwrap_or_default();
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' | '가'..='힣' => quoted.push(c),
            _ => quoted.extend(c.escape_default()),
        }
    }
    if octets.len() > text.len() {
        quoted.push('…');
    }
    quoted
}
