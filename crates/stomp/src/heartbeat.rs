//! The `heart-beat` header, and what two of them agree on. Keeping time is for those who have a
//! clock.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A `heart-beat` header, `<outgoing>,<incoming>` in milliseconds (STOMP 1.2, "Heart-beating").
///
/// The default, `0,0`, is also what a missing header means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeartBeat {
    /// The shortest time between heart-beats its sender can guarantee; 0 if it sends none.
    pub outgoing: u32,
    /// The time between heart-beats its sender would like to get; 0 if it wants none.
    pub incoming: u32,
}

impl HeartBeat {
    /// The header's value or, where the header is missing, `0,0`.
    ///
    /// # Errors
    /// When the value is not two numbers separated by a comma.
    pub fn from_header(value: Option<&str>) -> Result<Self, HeartBeatError> {
        value.map_or_else(|| Ok(Self::default()), str::parse)
    }

    /// Returns the duties of this side, having declared `self`, after the other declared `peer`. In each direction
    /// there are no heart-beats when either number is 0, else the greater of the two holds.
    #[must_use]
    pub fn negotiate(self, peer: Self) -> Intervals {
        let agree = |can: u32, wants: u32| {
            (can != 0 && wants != 0).then(|| Duration::from_millis(u64::from(can.max(wants))))
        };
        Intervals { send: agree(self.outgoing, peer.incoming), receive: agree(peer.outgoing, self.incoming) }
    }
}

impl FromStr for HeartBeat {
    type Err = HeartBeatError;

    /// Spaces around the numbers do no harm.
    fn from_str(value: &str) -> Result<Self, HeartBeatError> {
        let milliseconds = |number: &str| {
            // `u32::from_str` takes a plus sign, which the header does not have.
            let digits = !number.is_empty() && number.bytes().all(|octet| octet.is_ascii_digit());
            digits.then(|| number.parse().ok()).flatten()
        };
        let (outgoing, incoming) = value.split_once(',').ok_or(HeartBeatError)?;
        Ok(Self {
            outgoing: milliseconds(outgoing.trim()).ok_or(HeartBeatError)?,
            incoming: milliseconds(incoming.trim()).ok_or(HeartBeatError)?,
        })
    }
}

/// As in the header.
impl fmt::Display for HeartBeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.outgoing, self.incoming)
    }
}

/// The agreed heart-beats, seen from one side. Receivers add a margin of their own before they give the other side up
/// (STOMP 1.2, "Heart-beating", "because of timing inaccuracies").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intervals {
    /// The longest time without sending anything; `None` if no heart-beats are sent.
    pub send: Option<Duration>,
    /// The longest time without receiving anything; `None` if no heart-beats are expected.
    pub receive: Option<Duration>,
}

/// A `heart-beat` header that is not two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartBeatError;

impl fmt::Display for HeartBeatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "The heart-beat header must be two numbers of milliseconds separated by a comma, such as 0,120000.",
        )
    }
}

impl std::error::Error for HeartBeatError {}
