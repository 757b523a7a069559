//! Decoding of bytes to frames, by a state machine over the input so far (STOMP 1.2 and 1.1, "STOMP Frames" and
//! "Augmented BNF").

use crate::buffer::Buffer;
use crate::codec::{CONTENT_LENGTH, Incoming, LF, Limits, NUL};
use crate::error::{Error, quote};
use crate::escape::Escapes;
use crate::frame::{Command, Frame};
use crate::version::Version;

/// The length of the longest command line without its LF, which is `UNSUBSCRIBE` and a CR.
const LONGEST_COMMAND_LINE: usize = 12;

/// Finds the frames in bytes that arrive cut and joined anyhow.
///
/// It begins with [`Version::V1_2`], whose rules a CONNECT frame of any version meets; see
/// [`Decoder::set_version`].
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    version: Version,
    buffer: Buffer,
    state: State,
    failed: Option<Box<Error>>,
}

/// Where in a frame the decoder stands. The head is in a box, because most decoders stand between frames.
#[derive(Debug)]
enum State {
    BetweenFrames,
    InHeaders(Box<Head>),
    InBody(Box<Head>, BodyEnd),
}

/// The known parts of the frame that is being read.
#[derive(Debug)]
struct Head {
    frame: Frame,
    /// The first `content-length`; it goes no further than the decoder.
    content_length: Option<String>,
    /// Header lines so far, and their octets.
    lines: usize,
    octets: usize,
}

/// The end of a body ("Header content-length").
#[derive(Clone, Copy, Debug)]
enum BodyEnd {
    FirstNul,
    After(usize),
}

impl Decoder {
    /// A decoder at the beginning of a connection.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            version: Version::V1_2,
            buffer: Buffer::default(),
            state: State::BetweenFrames,
            failed: None,
        }
    }

    /// Reads the following frames by the rules of `version`. It is to be called between the CONNECT (or CONNECTED)
    /// frame that agreed on it and the next call of [`Decoder::next`], also when later frames have been pushed already.
    pub const fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// Returns whether the next byte begins a frame, because everything before it has been returned.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        let is_between = matches!(self.state, State::BetweenFrames) && self.buffer.pending().is_empty();
        is_between && self.failed.is_none()
    }

    /// Adds bytes of the peer. Call [`Decoder::next`] until it has nothing more before pushing again, because the
    /// limits are enforced there. After an error, bytes are dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.buffer.push(bytes);
        }
    }

    /// Returns the next frame or heart-beat, or `None` until more bytes are pushed. The result depends on the bytes
    /// alone, never on how they were cut.
    ///
    /// # Errors When the bytes are not STOMP or exceed a limit. Nothing after that can be trusted, so the same error is
    /// returned from then on.
    #[expect(
        clippy::should_implement_trait,
        reason = "`while let Some(incoming) = decoder.next()?` is how it is meant to be used"
    )]
    pub fn next(&mut self) -> Result<Option<Incoming>, Error> {
        if let Some(error) = &self.failed {
            return Err(Error::clone(error));
        }
        let result = self.advance();
        if let Err(error) = &result {
            self.failed = Some(Box::new(error.clone()));
            self.buffer = Buffer::default();
            self.state = State::BetweenFrames;
        }
        self.buffer.reclaim();
        result
    }

    /// Goes from state to state until something is complete or bytes are lacking.
    fn advance(&mut self) -> Result<Option<Incoming>, Error> {
        loop {
            match std::mem::replace(&mut self.state, State::BetweenFrames) {
                State::BetweenFrames => match self.read_command()? {
                    None => return Ok(None),
                    Some(CommandLine::Empty) => return Ok(Some(Incoming::Heartbeat)),
                    Some(CommandLine::Command(command)) => {
                        self.state = State::InHeaders(Box::new(Head::new(command)));
                    }
                },
                State::InHeaders(mut head) => match self.read_header(&mut head)? {
                    None => {
                        self.state = State::InHeaders(head);
                        return Ok(None);
                    }
                    Some(HeaderLine::Header) => self.state = State::InHeaders(head),
                    Some(HeaderLine::Blank) => {
                        let end = head.body_end(self.limits.body)?;
                        self.state = State::InBody(head, end);
                    }
                },
                State::InBody(head, end) => match self.read_body(head.frame.command, end)? {
                    None => {
                        self.state = State::InBody(head, end);
                        return Ok(None);
                    }
                    Some(body) => return Ok(Some(Incoming::Frame(head.frame.body(body)))),
                },
            }
        }
    }

    fn read_command(&mut self) -> Result<Option<CommandLine>, Error> {
        let pending = self.buffer.pending();
        let looked_at = &pending[..pending.len().min(LONGEST_COMMAND_LINE + 1)];
        let end = looked_at.iter().position(|octet| matches!(*octet, LF | NUL));
        let length = match end {
            Some(end) if looked_at[end] == LF => end,
            None if looked_at.len() <= LONGEST_COMMAND_LINE => return Ok(None),
            _ => {
                let name = &looked_at[..end.unwrap_or(LONGEST_COMMAND_LINE)];
                return Err(Error::UnknownCommand(quote(name)));
            }
        };
        let line = without_line_end(self.buffer.take_with_delimiter(length), self.version);
        if line.is_empty() {
            return Ok(Some(CommandLine::Empty));
        }
        Command::from_wire(line)
            .map(|command| Some(CommandLine::Command(command)))
            .ok_or_else(|| Error::UnknownCommand(quote(line)))
    }

    fn read_header(&mut self, head: &mut Head) -> Result<Option<HeaderLine>, Error> {
        // Reported at once, because a peer that forgot the blank line sends nothing more and waits.
        if self.buffer.pending().first() == Some(&NUL) {
            return Err(Error::MissingBlankLine);
        }
        let found = self.buffer.find(LF);
        let length = found.unwrap_or(self.buffer.pending().len());
        if length > self.limits.line {
            return Err(Error::LineTooLong(self.limits.line));
        }
        if found.is_none() {
            return Ok(None);
        }
        let line = without_line_end(self.buffer.take_with_delimiter(length), self.version);
        if line.is_empty() {
            return Ok(Some(HeaderLine::Blank));
        }
        head.add(line, self.version, &self.limits)?;
        Ok(Some(HeaderLine::Header))
    }

    fn read_body(&mut self, command: Command, end: BodyEnd) -> Result<Option<Vec<u8>>, Error> {
        let length = match end {
            BodyEnd::After(length) => match self.buffer.pending().get(length) {
                None => return Ok(None),
                Some(&NUL) => length,
                Some(_) => return Err(Error::BodyNotTerminated(length)),
            },
            BodyEnd::FirstNul => {
                let found = self.buffer.find(NUL);
                let length = found.unwrap_or(self.buffer.pending().len());
                if length > 0 && !command.may_have_body() {
                    return Err(Error::BodyNotAllowed(command));
                }
                if length > self.limits.body {
                    return Err(Error::BodyTooLong(self.limits.body));
                }
                if found.is_none() {
                    return Ok(None);
                }
                length
            }
        };
        Ok(Some(self.buffer.take_with_delimiter(length).to_vec()))
    }
}

enum CommandLine {
    Empty,
    Command(Command),
}

enum HeaderLine {
    Blank,
    Header,
}

impl Head {
    const fn new(command: Command) -> Self {
        Self { frame: Frame::new(command), content_length: None, lines: 0, octets: 0 }
    }

    fn add(&mut self, line: &[u8], version: Version, limits: &Limits) -> Result<(), Error> {
        self.lines += 1;
        self.octets += line.len();
        if self.lines > limits.headers {
            return Err(Error::TooManyHeaders(limits.headers));
        }
        if self.octets > limits.header_octets {
            return Err(Error::HeadersTooLong(limits.header_octets));
        }
        if version == Version::V1_2 && line.contains(&b'\r') {
            return Err(Error::StrayCarriageReturn);
        }
        let text = std::str::from_utf8(line).map_err(|_| Error::HeaderNotUtf8)?;
        let (name, value) = text.split_once(':').ok_or_else(|| Error::HeaderWithoutColon(quote(line)))?;
        if name.is_empty() {
            return Err(Error::HeaderWithoutName);
        }
        let escapes = Escapes::of(self.frame.command, version);
        let (name, value) = (escapes.read(name)?, escapes.read(value)?);
        if name == CONTENT_LENGTH {
            self.content_length.get_or_insert(value);
        } else {
            self.frame.headers.push((name, value));
        }
        Ok(())
    }

    fn body_end(&self, limit: usize) -> Result<BodyEnd, Error> {
        let Some(value) = &self.content_length else {
            return Ok(BodyEnd::FirstNul);
        };
        if value.is_empty() || !value.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(Error::BadContentLength(quote(value.as_bytes())));
        }
        // Digits alone fail to parse only when the number is greater than any limit can be.
        let length = value.parse().unwrap_or(usize::MAX);
        if length > 0 && !self.frame.command.may_have_body() {
            return Err(Error::BodyNotAllowed(self.frame.command));
        }
        if length > limit || length == usize::MAX {
            return Err(Error::BodyTooLong(limit));
        }
        Ok(BodyEnd::After(length))
    }
}

/// The line without the CR that STOMP 1.2 allows before its LF ("STOMP Frames"). In STOMP 1.1 a CR
/// is an octet like others.
fn without_line_end(line: &[u8], version: Version) -> &[u8] {
    match version {
        Version::V1_1 => line,
        Version::V1_2 => line.strip_suffix(b"\r").unwrap_or(line),
    }
}
