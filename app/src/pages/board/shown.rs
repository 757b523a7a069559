//! The data that the server gives the board and the page of its screens. It is read before they are rendered.

use std::sync::Arc;

use backend::{calls::hub::OpenCalls, canary::Fault, people::displays::Display};
use domain::{Millis, statistics::Zone};

use crate::context::Ground;

/// The content of the board. The server provides one in an [`Arc`] as context to people and screens that may read it.
pub enum Shown {
    /// The calls.
    Now(Now, Reader),
    /// The screen's link was revoked, or never was one.
    Revoked,
    /// The screens are not known since the start, because the database is away.
    NotRead,
}

/// The reader of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Somebody of the office.
    Administrator,
    /// A screen on a wall.
    Display,
}

/// The state of the complex.
pub struct Now {
    /// The open calls.
    pub open: OpenCalls,
    /// When they were looked at, by the server's clock.
    pub now: Millis,
    /// The zone whose clock is shown.
    pub zone: Arc<dyn Zone>,
    /// The ground under the markers.
    pub ground: Ground,
    /// The service's silent calls to itself fail at this step.
    pub fault: Option<Fault>,
}

/// The content of the page of screens. The server provides one in an [`Arc`] as context to administrators.
pub enum Displays {
    /// The list of them.
    List {
        /// The newest first; nothing while they cannot be read.
        displays: Option<Vec<Display>>,
        /// The query of the address.
        view: View,
        /// The zone whose days are shown.
        zone: Arc<dyn Zone>,
    },
    /// One that was just made. Its link is shown here and nowhere else.
    Made {
        /// The name of the screen.
        name: String,
        /// The address with the token.
        link: String,
        /// The address as an SVG that a camera reads.
        qr: Option<String>,
    },
}

/// The query of the address of the page of screens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// A word for what was done.
    pub done: String,
    /// The last segment of the type of problem that kept something from being done.
    pub problem: String,
    /// The screen that this is about.
    pub about: String,
}
