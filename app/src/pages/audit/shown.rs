//! The data that the server gives the page. It has read the records before the page is rendered.

use std::sync::Arc;

use backend::audit::{Entry, Head, Month};
use domain::statistics::Zone;

/// The content of the page for an administrator. The server provides one in an [`Arc`] as context.
pub struct Shown {
    /// The query of the address, as it was written.
    pub view: View,
    /// The answer.
    pub answer: Answer,
    /// The zone whose days and hours are shown.
    pub zone: Arc<dyn Zone>,
}

/// The query of the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The account that acted.
    pub who: String,
    /// The act.
    pub act: String,
    /// Whose data it touched.
    pub whose: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub until: String,
    /// Only records before the one with this number.
    pub before: String,
    /// A word for what was done.
    pub done: String,
    /// The last segment of the type of problem that kept something from being done.
    pub problem: String,
}

/// The answer to show.
pub enum Answer {
    /// Records.
    Records(Records),
    /// A day, an act or a number that cannot be.
    Invalid,
    /// The records cannot be read right now.
    Unavailable,
}

/// A page of records, and the state of the monthly check.
pub struct Records {
    /// The records, the newest first.
    pub entries: Vec<Entry>,
    /// There are older ones.
    pub has_more: bool,
    /// The ends of the chain.
    pub head: Head,
    /// The signed checks, the newest first.
    pub checks: Vec<Entry>,
    /// The months that are over and not signed, the newest first.
    pub unsigned: Vec<Month>,
}
