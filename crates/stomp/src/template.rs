//! A frame that is encoded once and sent to many, each copy with a header line of its own.

use crate::codec::LF;
use crate::escape::Escapes;
use crate::{Command, Frame, Version, encode};

/// A header as it stands in frames of one command and version, its LF included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderLine(Vec<u8>);

impl HeaderLine {
    /// Encodes a header for frames of this command and version.
    #[must_use]
    pub fn new(command: Command, version: Version, name: &str, value: &str) -> Self {
        let escapes = Escapes::of(command, version);
        let mut line = Vec::with_capacity(name.len() + value.len() + 4);
        escapes.write_name(name, &mut line);
        line.push(b':');
        escapes.write_value(value, &mut line);
        line.push(LF);
        Self(line)
    }
}

/// An encoded frame that takes one more header line.
#[derive(Clone, Debug)]
pub struct Template {
    octets: Vec<u8>,
    /// The offset of the headers, behind the command's line.
    headers: usize,
}

impl Template {
    /// Encodes what all copies of the frame have alike.
    #[must_use]
    pub fn new(frame: &Frame, version: Version) -> Self {
        Self { octets: encode(frame, version), headers: frame.command.as_str().len() + 1 }
    }

    /// Returns how many octets the frame with this line has.
    #[must_use]
    pub fn length(&self, line: &HeaderLine) -> usize {
        self.octets.len() + line.0.len()
    }

    /// Appends the frame with this line as its first header.
    pub fn write(&self, line: &HeaderLine, out: &mut Vec<u8>) {
        let (command, rest) = self.octets.split_at(self.headers);
        for part in [command, line.0.as_slice(), rest] {
            out.extend_from_slice(part);
        }
    }
}
