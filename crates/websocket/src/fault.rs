//! Everything that can be wrong with a client's octets, with the close code that answers it.

use std::fmt;

/// The fault in octets that are not a client's WebSocket, or more of it than is read. The connection ends after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A reserved bit is set, and no extension was agreed on (section 5.2).
    ReservedBit,
    /// The opcode has no meaning (section 5.2).
    UnknownOpcode,
    /// The frame has no mask (section 5.1).
    NotMasked,
    /// A control frame is longer than 125 octets (section 5.5).
    LongControl,
    /// A control frame is a fragment (section 5.5).
    FragmentedControl,
    /// A continuation came where no message had begun (section 5.4).
    NothingToContinue,
    /// A message began before the last fragment of another (section 5.4).
    Interleaved,
    /// The code of a Close frame may not be sent, or half of it is missing (section 7.4).
    BadClose,
    /// A text message, or the reason of a Close frame, is not UTF-8 (section 8.1).
    NotUtf8,
    /// The message is longer than the limit.
    TooLong,
}

impl Fault {
    /// Returns the close code that names it (section 7.4.1).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::NotUtf8 => 1007,
            Self::TooLong => 1009,
            _ => 1002,
        }
    }

    /// Returns it in words for the client.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReservedBit => "a reserved bit is set",
            Self::UnknownOpcode => "the opcode is unknown",
            Self::NotMasked => "the frame is not masked",
            Self::LongControl => "the control frame is too long",
            Self::FragmentedControl => "the control frame is a fragment",
            Self::NothingToContinue => "there is no message to continue",
            Self::Interleaved => "a message began inside another",
            Self::BadClose => "the close code is not valid",
            Self::NotUtf8 => "the text is not UTF-8",
            Self::TooLong => "message too long",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for Fault {}
