//! The messages in a client's octets, however those are cut.

use crate::{
    fault::Fault,
    mask,
    opcode::{BINARY, CLOSE, CONTINUATION, CONTROL_LIMIT, FIN, PING, PONG, TEXT, is_control},
};

/// The bits of a head that extensions would use.
const RESERVED: u8 = 0x70;
/// The bit of a frame that has a mask.
const MASK: u8 = 0x80;
/// The longest payload whose length stands in the second octet of a head.
const SHORT: usize = 125;

/// Reads a client's messages. It keeps no room while nothing is half read.
#[derive(Debug)]
pub struct Reader {
    limit: usize,
    /// `None` while nothing is half read, because most connections are idle nearly always.
    partial: Option<Box<Partial>>,
    failed: Option<Fault>,
}

/// The octets and messages that are half read.
#[derive(Debug, Default)]
struct Partial {
    octets: Vec<u8>,
    /// Octets before this one have been read.
    start: usize,
    /// The fragments so far of a message that has not ended.
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    is_text: bool,
    payload: Vec<u8>,
}

/// A message or a control frame of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A whole message, text or binary.
    Message(Vec<u8>),
    /// A ping, to be answered with a pong of the same payload.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// The client closes, with this code if it gives one.
    Close(Option<u16>),
}

struct Frame {
    opcode: u8,
    is_last: bool,
    payload: Vec<u8>,
}

impl Reader {
    /// A reader at the beginning of a connection. A message may have `limit` octets.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { limit, partial: None, failed: None }
    }

    /// Adds octets of the client. After a fault they are dropped.
    pub fn push(&mut self, octets: &[u8]) {
        if self.failed.is_none() && !octets.is_empty() {
            self.partial().octets.extend_from_slice(octets);
        }
    }

    /// Returns the payload of a text message, unmasked where it lies, if these octets are that message in one short
    /// frame and nothing else. `None` leaves them as they were, to be pushed. It is for octets that follow all that was
    /// pushed.
    #[must_use]
    pub fn whole_text<'a>(&self, octets: &'a mut [u8]) -> Option<&'a [u8]> {
        let [first, second, masked @ ..] = octets else { return None };
        let length = usize::from(*second & !MASK);
        let is_short_text = *first == FIN | TEXT && *second & MASK != 0 && length <= SHORT.min(self.limit);
        if !is_short_text || !self.is_between_messages() {
            return None;
        }
        let (mask, payload) = masked.split_first_chunk_mut::<{ mask::LENGTH }>()?;
        if payload.len() != length {
            return None;
        }
        mask::apply(payload, *mask);
        if std::str::from_utf8(payload).is_err() {
            mask::apply(payload, *mask);
            return None;
        }
        Some(payload)
    }

    /// Returns whether the next octet begins a message.
    fn is_between_messages(&self) -> bool {
        self.partial.as_deref().is_none_or(Partial::is_empty) && self.failed.is_none()
    }

    fn partial(&mut self) -> &mut Partial {
        self.partial.get_or_insert_default()
    }

    /// Returns the fragments so far of a message that has not ended.
    fn begun(&self) -> Option<&Begun> {
        self.partial.as_ref()?.begun.as_ref()
    }

    /// Returns the next message or control frame, or `None` until more octets are pushed.
    ///
    /// # Errors
    /// The fault in the octets, and the same fault from then on, because nothing after it can be trusted.
    #[expect(clippy::should_implement_trait, reason = "it is used as `stomp::Decoder::next` is")]
    pub fn next(&mut self) -> Result<Option<Incoming>, Fault> {
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        let result = self.advance();
        if let Err(fault) = result {
            *self = Self { failed: Some(fault), ..Self::new(self.limit) };
        }
        result
    }

    fn advance(&mut self) -> Result<Option<Incoming>, Fault> {
        loop {
            let Some(frame) = self.frame()? else {
                self.reclaim();
                return Ok(None);
            };
            if let Some(incoming) = self.receive(frame)? {
                return Ok(Some(incoming));
            }
        }
    }

    /// Takes the next frame, if it is whole. Its head is judged before its payload has come.
    fn frame(&mut self) -> Result<Option<Frame>, Fault> {
        let Some(partial) = &self.partial else { return Ok(None) };
        let pending = &partial.octets[partial.start..];
        let &[first, second, ref rest @ ..] = pending else { return Ok(None) };
        let (opcode, is_last) = (first & 0x0F, first & FIN != 0);
        self.judge(first, second)?;
        let (length, head) = match (second & !MASK, rest) {
            (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 4),
            (127, rest) => match rest.first_chunk::<8>() {
                Some(length) => (u64::from_be_bytes(*length), 10),
                None => return Ok(None),
            },
            (126, _) => return Ok(None),
            (short, _) => (u64::from(short), 2),
        };
        let length = self.bounded(opcode, length)?;
        let end = head + mask::LENGTH + length;
        let whole = pending.get(head..end).and_then(|whole| whole.split_first_chunk::<{ mask::LENGTH }>());
        let Some((mask, masked)) = whole else { return Ok(None) };
        let mut payload = masked.to_vec();
        mask::apply(&mut payload, *mask);
        self.partial().start += end;
        Ok(Some(Frame { opcode, is_last, payload }))
    }

    /// Judges the first two octets of a head.
    fn judge(&self, first: u8, second: u8) -> Result<(), Fault> {
        let (opcode, is_last) = (first & 0x0F, first & FIN != 0);
        if first & RESERVED != 0 {
            return Err(Fault::ReservedBit);
        }
        match (opcode, self.begun()) {
            (CONTINUATION, None) => return Err(Fault::NothingToContinue),
            (TEXT | BINARY, Some(_)) => return Err(Fault::Interleaved),
            (CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG, _) => {}
            _ => return Err(Fault::UnknownOpcode),
        }
        if is_control(opcode) && !is_last {
            return Err(Fault::FragmentedControl);
        }
        if is_control(opcode) && usize::from(second & !MASK) > CONTROL_LIMIT {
            return Err(Fault::LongControl);
        }
        if second & MASK == 0 { Err(Fault::NotMasked) } else { Ok(()) }
    }

    /// Returns the length of a payload that may be read.
    fn bounded(&self, opcode: u8, length: u64) -> Result<usize, Fault> {
        let before = match self.begun() {
            Some(begun) if !is_control(opcode) => begun.payload.len(),
            _ => 0,
        };
        let length = usize::try_from(length).ok().filter(|length| *length <= self.limit - before);
        length.ok_or(Fault::TooLong)
    }

    /// Returns what a frame completes, if it completes something.
    fn receive(&mut self, frame: Frame) -> Result<Option<Incoming>, Fault> {
        let Frame { opcode, is_last, payload } = frame;
        match opcode {
            PING => return Ok(Some(Incoming::Ping(payload))),
            PONG => return Ok(Some(Incoming::Pong)),
            CLOSE => return closing(&payload).map(|code| Some(Incoming::Close(code))),
            _ => {}
        }
        let message = match self.partial().begun.take() {
            None => Begun { is_text: opcode == TEXT, payload },
            Some(mut begun) => {
                begun.payload.extend_from_slice(&payload);
                begun
            }
        };
        if !is_last {
            self.partial().begun = Some(message);
            return Ok(None);
        }
        if message.is_text && std::str::from_utf8(&message.payload).is_err() {
            return Err(Fault::NotUtf8);
        }
        Ok(Some(Incoming::Message(message.payload)))
    }

    /// Gives back the room of what was read.
    fn reclaim(&mut self) {
        let Some(partial) = &mut self.partial else { return };
        if partial.is_empty() {
            self.partial = None;
            return;
        }
        if partial.start == partial.octets.len() {
            partial.octets = Vec::new();
        } else {
            partial.octets.drain(..partial.start);
        }
        partial.start = 0;
    }
}

impl Partial {
    fn is_empty(&self) -> bool {
        self.start == self.octets.len() && self.begun.is_none()
    }
}

/// Returns the code of a Close frame (sections 5.5.1 and 7.4).
fn closing(payload: &[u8]) -> Result<Option<u16>, Fault> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() { Ok(None) } else { Err(Fault::BadClose) };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Fault::BadClose);
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(Fault::NotUtf8);
    }
    Ok(Some(code))
}
