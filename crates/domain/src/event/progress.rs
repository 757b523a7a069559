//! The steps of a call besides its alert and accepts, and their words.

use serde::{Deserialize, Serialize};

use crate::json::{Json, Read};

/// A step in the progress of a call, besides its alert and accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// A neighbour withdraws the accept.
    Withdrawn,
    /// A neighbour is there.
    Arrived,
    /// The caller takes the call back. Ends it.
    Cancelled,
    /// The caller or an administrator reports that it is over. Ends it.
    Resolved,
    /// The service alarmed more people than the line.
    Escalated,
    /// Nobody ended it within [`OPEN_FOR`](super::OPEN_FOR). Ends it.
    Expired,
}

impl Progress {
    /// Every progress.
    pub const ALL: [Self; 6] =
        [Self::Withdrawn, Self::Arrived, Self::Cancelled, Self::Resolved, Self::Escalated, Self::Expired];

    /// Returns the word of records and bodies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Arrived => "arrived",
            Self::Cancelled => "cancelled",
            Self::Resolved => "resolved",
            Self::Escalated => "escalated",
            Self::Expired => "expired",
        }
    }

    /// Returns the last segment of the command's address, `POST /alert/{id}/…`; `None` for what only the service writes.
    #[must_use]
    pub const fn path(self) -> Option<&'static str> {
        match self {
            Self::Withdrawn => Some("withdraw"),
            Self::Arrived => Some("arrived"),
            Self::Cancelled => Some("cancel"),
            Self::Resolved => Some("resolve"),
            Self::Escalated | Self::Expired => None,
        }
    }

    /// Returns whether a call is over with this.
    #[must_use]
    pub fn ends(self) -> bool {
        matches!(self, Self::Cancelled | Self::Resolved | Self::Expired)
    }
}

impl Read for Progress {
    fn read(json: &Json) -> Option<Self> {
        let word = json.text()?;
        Self::ALL.into_iter().find(|progress| progress.as_str() == word)
    }
}
