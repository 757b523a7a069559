//! The frames of a server, which carry no mask (section 5.1). Each message is one frame.

use crate::opcode::{BINARY, CLOSE, CONTROL_LIMIT, FIN, PONG, TEXT};

/// The room of the longest head without a mask.
const LONGEST_HEAD: usize = 10;

/// A ping without a payload.
pub const PING: &[u8] = &[FIN | crate::opcode::PING, 0];

/// The octets of a frame before its payload.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    octets: [u8; LONGEST_HEAD],
    length: usize,
}

impl Head {
    fn new(opcode: u8, length: usize) -> Self {
        let mut head = Self { octets: [0; LONGEST_HEAD], length: 0 };
        head.add(&[FIN | opcode]);
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short), _) if length <= CONTROL_LIMIT => head.add(&[short]),
            (_, Ok(long)) => {
                head.add(&[126]);
                head.add(&long.to_be_bytes());
            }
            _ => {
                head.add(&[127]);
                head.add(&(length as u64).to_be_bytes());
            }
        }
        head
    }

    fn add(&mut self, octets: &[u8]) {
        let end = self.length + octets.len();
        self.octets[self.length..end].copy_from_slice(octets);
        self.length = end;
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

/// Returns the head of a text message whose payload has so many octets.
#[must_use]
pub fn text_head(length: usize) -> Head {
    Head::new(TEXT, length)
}

/// Returns a message of this payload, as text where it is UTF-8.
#[must_use]
pub fn message(payload: &[u8]) -> Vec<u8> {
    let opcode = if std::str::from_utf8(payload).is_ok() { TEXT } else { BINARY };
    whole(opcode, payload)
}

/// Returns the answer to a ping. The payload of a ping is no longer than that of a pong may be.
#[must_use]
pub fn pong(payload: &[u8]) -> Vec<u8> {
    whole(PONG, &payload[..payload.len().min(CONTROL_LIMIT)])
}

/// Returns a Close frame with a code and a reason, of which as much is sent as fits; an empty one without a code.
#[must_use]
pub fn close(code: Option<u16>, reason: &str) -> Vec<u8> {
    let Some(code) = code else { return whole(CLOSE, &[]) };
    let reason = &reason[..reason.floor_char_boundary(CONTROL_LIMIT - 2)];
    whole(CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

fn whole(opcode: u8, payload: &[u8]) -> Vec<u8> {
    [Head::new(opcode, payload.len()).as_slice(), payload].concat()
}
