//! The versions spoken here, and how two sides agree on one.

use std::fmt;

/// A version of STOMP. Later versions are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// STOMP 1.1, where lines end with LF alone, and there is no escape for CR.
    V1_1,
    /// STOMP 1.2, where lines end with LF or CR LF, and CR in a header is escaped.
    V1_2,
}

impl Version {
    /// The versions that are spoken here, the best first.
    pub const SUPPORTED: [Self; 2] = [Self::V1_2, Self::V1_1];

    /// Returns the version as the headers `accept-version` and `version` have it, `1.1` or `1.2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }

    /// The version of a CONNECTED frame's `version` header; `None` when it is not spoken here.
    #[must_use]
    pub fn parse(version: &str) -> Option<Self> {
        Self::SUPPORTED.into_iter().find(|supported| supported.as_str() == version)
    }

    /// Returns the highest version in a CONNECT frame's `accept-version`, a comma separated list (STOMP 1.2, "Protocol
    /// Negotiation"), or `None` when there is none in common. Spaces around the commas do no harm. A CONNECT without
    /// the header speaks 1.0 only, so that is `None` too, as in
    /// `frame.get("accept-version").and_then(Version::negotiate)`.
    #[must_use]
    pub fn negotiate(accept_version: &str) -> Option<Self> {
        accept_version.split(',').filter_map(|version| Self::parse(version.trim())).max()
    }

    /// Returns the WebSocket subprotocol of this version, as in the IANA registry, `v11.stomp` or `v12.stomp`.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::V1_1 => "v11.stomp",
            Self::V1_2 => "v12.stomp",
        }
    }

    /// The version of a WebSocket subprotocol (RFC 6455, section 1.9); `None` for any other
    /// subprotocol.
    #[must_use]
    pub fn from_subprotocol(subprotocol: &str) -> Option<Self> {
        Self::SUPPORTED.into_iter().find(|version| version.subprotocol() == subprotocol)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
