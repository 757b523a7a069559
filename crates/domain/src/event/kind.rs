//! The kinds of emergency.

use serde::{Deserialize, Serialize};

use crate::json::{Json, Read};

/// The kind of emergency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 화재.
    Fire,
    /// 응급 환자.
    Medical,
    /// 침입.
    Intruder,
    /// 기타: also every word of a newer version that this one does not know.
    #[serde(other)]
    Other,
}

/// Every word of a newer version is [`Kind::Other`].
impl Read for Kind {
    fn read(json: &Json) -> Option<Self> {
        let word = json.text()?;
        Some(Self::ALL.into_iter().find(|kind| kind.as_str() == word).unwrap_or(Self::Other))
    }
}

impl Kind {
    /// Every kind, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Fire, Self::Medical, Self::Intruder, Self::Other];

    /// Returns the word of records, bodies and forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fire => "fire",
            Self::Medical => "medical",
            Self::Intruder => "intruder",
            Self::Other => "other",
        }
    }
}
