//! The escapes of header names and values (STOMP 1.2 and 1.1, "Value Encoding").

use crate::error::{Error, quote};
use crate::frame::Command;
use crate::version::Version;

/// Which characters a header part may not show as they are, by command and version.
#[derive(Clone, Copy)]
pub(crate) enum Escapes {
    /// The escapes of STOMP 1.2, which are `\r \n \c \\`.
    V1_2,
    /// The escapes of STOMP 1.1, which are `\n \c \\`; CR stands for itself.
    V1_1,
    /// CONNECT, STOMP and CONNECTED, which have none.
    Unescaped,
}

impl Escapes {
    pub(crate) const fn of(command: Command, version: Version) -> Self {
        match (command.escapes_headers(), version) {
            (false, _) => Self::Unescaped,
            (true, Version::V1_1) => Self::V1_1,
            (true, Version::V1_2) => Self::V1_2,
        }
    }

    /// Appends a header's name.
    pub(crate) fn write_name(self, name: &str, out: &mut Vec<u8>) {
        self.write(name, true, out);
    }

    /// Appends a header's value.
    pub(crate) fn write_value(self, value: &str, out: &mut Vec<u8>) {
        // Without escapes a value may hold colons, because the first colon of the line ends the name.
        self.write(value, !matches!(self, Self::Unescaped), out);
    }

    fn write(self, part: &str, escape_colon: bool, out: &mut Vec<u8>) {
        for octet in part.bytes() {
            let escaped = match octet {
                // Without escapes a line end cannot be expressed at all. Written raw, it would let a value smuggle in a
                // header, so it is written as an escape and read as a backslash and a letter.
                b'\n' => b'n',
                b'\r' if !matches!(self, Self::V1_1) => b'r',
                b':' if escape_colon => b'c',
                b'\\' if !matches!(self, Self::Unescaped) => b'\\',
                plain => {
                    out.push(plain);
                    continue;
                }
            };
            out.extend([b'\\', escaped]);
        }
    }

    /// The name or value that was written as `part`.
    pub(crate) fn read(self, part: &str) -> Result<String, Error> {
        if matches!(self, Self::Unescaped) || !part.contains('\\') {
            return Ok(part.to_owned());
        }
        let mut read = String::with_capacity(part.len());
        let mut characters = part.chars();
        while let Some(character) = characters.next() {
            if character != '\\' {
                read.push(character);
                continue;
            }
            read.push(match (characters.next(), self) {
                (Some('n'), _) => '\n',
                (Some('c'), _) => ':',
                (Some('\\'), _) => '\\',
                (Some('r'), Self::V1_2) => '\r',
                (undefined, _) => return Err(undefined_escape(undefined)),
            });
        }
        Ok(read)
    }
}

fn undefined_escape(character: Option<char>) -> Error {
    let character = character.map(String::from).unwrap_or_default();
    Error::UndefinedEscape(format!("\\{}", quote(character.as_bytes())))
}
