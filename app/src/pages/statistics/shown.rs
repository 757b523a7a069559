//! The data that the server gives the page. It has read the figures before the page is rendered, because a page does
//! not wait.

use std::sync::Arc;

use domain::{
    Line, Millis,
    statistics::{Figures, Invalid, Zone},
};

/// The content of the page for an administrator. The server provides one in an [`Arc`] as context.
pub struct Shown {
    /// The question, as it was written.
    pub form: Form,
    /// The answer.
    pub answer: Answer,
}

/// A question as it was written. A form keeps it, also where it makes no sense.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The word for a period, if one was chosen.
    pub period: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub until: String,
    /// The line.
    pub line: String,
    /// The kind.
    pub kind: String,
    /// The lines that can be chosen.
    pub lines: Vec<Line>,
}

/// The answer to show.
pub enum Answer {
    /// Figures.
    Report(Arc<Report>),
    /// A question that makes no sense.
    Invalid(Invalid),
    /// This process has no statistics.
    Absent,
    /// The figures cannot be read right now.
    Unavailable,
}

/// Figures, and how far they can be trusted.
pub struct Report {
    /// The figures.
    pub figures: Figures,
    /// The zone whose days and hours they are of.
    pub zone: Arc<dyn Zone>,
    /// The query of the addresses that give the same figures to programs.
    pub query: String,
    /// The tag that those figures have there.
    pub tag: String,
    /// The state of the statistics; `None` if that is not known.
    pub state: Option<State>,
}

/// The state of the statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// When the nightly run was last finished.
    pub last_batch: Option<Millis>,
    /// The last comparison of batch and live figures.
    pub verified: Option<Verified>,
    /// The number of records of the log that are not counted yet; `None` if the end of the log is not known.
    pub behind: Option<u64>,
    /// Calls of the demo are among the figures.
    pub has_demo: bool,
}

/// A comparison of batch and live figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// When it was made.
    pub at: Millis,
    /// The number of compared calls.
    pub compared: u64,
    /// The number of calls that differed.
    pub different: u64,
}
