//! The data that the server gives the pages of the office's people. It is read before a page is rendered.

use std::sync::Arc;

use backend::{
    people::{
        complex::Complex,
        import::{Fault, Preview},
    },
    reach::Overview,
};
use domain::{House, Line, Millis, statistics::Zone};

/// The content of a page for an administrator. The server provides one in an [`Arc`] as context.
pub enum Shown {
    /// The lines of the complex, or the houses of one.
    People {
        /// Everything that the office keeps.
        complex: Complex,
        /// Whom no call can alarm.
        reach: Overview,
        /// The query of the address.
        view: View,
        /// The zone whose days are shown.
        zone: Arc<dyn Zone>,
    },
    /// The people cannot be read right now.
    Unavailable,
    /// The form for a table, and what was wrong with the last one.
    Import(Option<Wrong>),
    /// The changes that the import of a table would make.
    Preview {
        /// The changes.
        preview: Preview,
        /// The table, which is sent again when the import is confirmed.
        table: String,
        /// Something has changed since the last preview.
        is_outdated: bool,
    },
    /// Invitations just made; none where the page is only looked at.
    Cards {
        /// The address of the page for codes.
        address: String,
        /// The invitations.
        cards: Vec<Card>,
        /// The zone whose days are shown.
        zone: Arc<dyn Zone>,
    },
}

/// The query of the address of the people's page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The line whose houses are shown; empty for the list of lines.
    pub line: String,
    /// A name or a house to look for.
    pub search: String,
    /// A word for what was done.
    pub done: String,
    /// The last segment of the type of problem that kept something from being done.
    pub problem: String,
    /// Whom or what that is about.
    pub about: String,
}

/// Why a table is not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is longer than a table may be.
    TooLarge,
    /// It did not come whole.
    BrokeOff,
    /// The database does not answer.
    Unavailable,
    /// It has faults.
    Faults(Vec<Fault>),
}

/// An invitation to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The flat.
    pub flat: Option<(Line, House)>,
    /// The account that gets a new password.
    pub resident: Option<String>,
    /// The code in groups.
    pub code: String,
    /// The address with the code.
    pub link: String,
    /// The address as an SVG that a camera reads.
    pub qr: Option<String>,
    /// Until when it can be used.
    pub expires_at: Millis,
}
