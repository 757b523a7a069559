//! The settings of a SUBSCRIBE frame.

use domain::{Line, destination};
use stomp::{Command, Frame};

/// The way in which messages are acknowledged (STOMP 1.2, "SUBSCRIBE ack Header").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    /// Not at all.
    Auto,
    /// One ACK for all up to it.
    Client,
    /// One ACK each.
    ClientIndividual,
}

impl Ack {
    const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Client => "client",
            Self::ClientIndividual => "client-individual",
        }
    }
}

/// A subscription to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe {
    /// Names it on its connection.
    pub id: String,
    /// Its destination.
    pub destination: String,
    /// The way in which its messages are acknowledged. `None` leaves the header out, which means [`Ack::Auto`].
    pub ack: Option<Ack>,
    /// The header `replay`, such as `24h`. It is the time back to which ended calls are part of the snapshot.
    pub replay: Option<String>,
}

impl Subscribe {
    /// Subscribes to any destination, with the id `line` and no other header.
    #[must_use]
    pub fn to(destination: impl Into<String>) -> Self {
        Self { id: "line".into(), destination: destination.into(), ack: None, replay: None }
    }

    /// To the calls of a line.
    #[must_use]
    pub fn to_line(line: &Line) -> Self {
        Self::to(destination::of_line(line))
    }

    /// Under this id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Acknowledged like this.
    #[must_use]
    pub const fn ack(mut self, ack: Ack) -> Self {
        self.ack = Some(ack);
        self
    }

    /// Includes ended calls, as far back as `replay`.
    #[must_use]
    pub fn replay(mut self, replay: impl Into<String>) -> Self {
        self.replay = Some(replay.into());
        self
    }

    /// The frame.
    #[must_use]
    pub fn frame(&self) -> Frame {
        let mut frame =
            Frame::new(Command::Subscribe).header("id", &self.id).header("destination", &self.destination);
        if let Some(ack) = self.ack {
            frame = frame.header("ack", ack.word());
        }
        if let Some(replay) = &self.replay {
            frame = frame.header("replay", replay);
        }
        frame
    }
}
