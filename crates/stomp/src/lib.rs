//! STOMP 1.2 and 1.1, sans-io. Bytes become frames, and frames become bytes.
//!
//! Nothing here reads a socket or a clock and nothing here depends on another crate, so that the
//! server and the browser (wasm32) share one codec. Sections are cited from
//! <https://stomp.github.io/stomp-specification-1.2.html> and
//! <https://stomp.github.io/stomp-specification-1.1.html>.
//!
//! ```
//! use stomp::{Command, Decoder, Frame, Incoming, Limits, Version, encode};
//!
//! let message = Frame::new(Command::Message)
//!     .header("destination", "/sub/line/101-1")
//!     .body("help");
//! let mut decoder = Decoder::new(Limits::default());
//! decoder.push(&encode(&message, Version::V1_2));
//! while let Some(incoming) = decoder.next()? {
//!     assert_eq!(incoming, Incoming::Frame(message.clone()));
//! }
//! # Ok::<(), stomp::Error>(())
//! ```

mod acknowledgement;
mod buffer;
mod codec;
mod decoder;
mod error;
mod escape;
mod frame;
mod heartbeat;
mod template;
mod version;

pub use acknowledgement::Acknowledgement;
pub use codec::{Incoming, Limits, encode};
pub use decoder::Decoder;
pub use error::Error;
pub use frame::{Command, Frame};
pub use heartbeat::{HeartBeat, HeartBeatError, Intervals};
pub use template::{HeaderLine, Template};
pub use version::Version;
