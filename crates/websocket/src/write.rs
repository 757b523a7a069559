//! The frames of a server, which carry no mask (section 5.1). Each message is one frame.

use crate::opcode::{BINARY, CLOSE, CONTROL_LIMIT, FIN, PONG, TEXT};

/// The room of the longest head without a mask.
const LONGEST_HEAD: usize = 10;

/// A ping without a payload.
pub const PING: &[u8] = &[FIN | crate::opcode::PING, 0];

/// Returns the head of a text message whose payload has so many octets, with room for them behind it.
#[must_use]
pub fn text(length: usize) -> Vec<u8> {
    begin(TEXT, length)
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

/// Returns the payload of a frame that was written here.
#[must_use]
pub fn payload(frame: &[u8]) -> &[u8] {
    frame.get(lengths(frame).0..).unwrap_or_default()
}

/// Cuts whole frames that were written here, one behind the other, apart.
pub fn frames(mut octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (head, length) = lengths(octets);
        let (frame, rest) = octets.split_at_checked(head.saturating_add(length))?;
        octets = rest;
        (!frame.is_empty()).then_some(frame)
    })
}

fn whole(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = begin(opcode, payload.len());
    frame.extend_from_slice(payload);
    frame
}

fn begin(opcode: u8, length: usize) -> Vec<u8> {
    let mut frame = Vec::with_capacity(LONGEST_HEAD + length);
    frame.push(FIN | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if length <= CONTROL_LIMIT => frame.push(short),
        (_, Ok(long)) => {
            frame.push(126);
            frame.extend_from_slice(&long.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame
}

/// Returns the lengths of the head and of the payload of the first frame; nothing for one that is not whole.
fn lengths(octets: &[u8]) -> (usize, usize) {
    match octets {
        [_, 126, a, b, ..] => (4, u16::from_be_bytes([*a, *b]).into()),
        [_, 127, rest @ ..] => match rest.first_chunk::<8>() {
            Some(length) => {
                (LONGEST_HEAD, usize::try_from(u64::from_be_bytes(*length)).unwrap_or(usize::MAX))
            }
            None => (0, 0),
        },
        [_, short, ..] => (2, usize::from(*short)),
        _ => (0, 0),
    }
}
