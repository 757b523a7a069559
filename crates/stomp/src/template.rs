//! A frame that is encoded once and sent to many, each copy with header lines of its own.

use crate::codec::{LF, encode};
use crate::escape::Escapes;
use crate::frame::{Command, Frame};
use crate::version::Version;

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

/// An encoded frame that takes more header lines.
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

    /// Returns how many octets the frame with these lines has.
    #[must_use]
    pub fn length(&self, lines: &[&HeaderLine]) -> usize {
        self.octets.len() + lines.iter().map(|line| line.0.len()).sum::<usize>()
    }

    /// Appends the frame with these lines as its first headers.
    pub fn write(&self, lines: &[&HeaderLine], out: &mut Vec<u8>) {
        let (command, rest) = self.octets.split_at(self.headers);
        out.extend_from_slice(command);
        for line in lines {
            out.extend_from_slice(&line.0);
        }
        out.extend_from_slice(rest);
    }
}
