//! The kinds of frames, by the numbers that they have in a head (section 5.2).

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xA;

/// The bit of the last frame of a message.
pub(crate) const FIN: u8 = 0x80;
/// The longest payload of a control frame (section 5.5).
pub(crate) const CONTROL_LIMIT: usize = 125;

/// Returns whether frames of this kind may stand between the fragments of a message.
pub(crate) const fn is_control(opcode: u8) -> bool {
    opcode >= CLOSE
}
