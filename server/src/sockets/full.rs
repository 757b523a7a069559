//! Why there is no place for a socket, and what its client can do.

use crate::budgets::name;

/// Why there is no place for a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Too many of the network have not sent CONNECT.
    Strangers,
    /// Every place is taken, and nobody has more than the newcomer's flat.
    Residents,
    /// The session has all of its sockets, and others have just made room for each other.
    Session,
    /// So has the flat.
    Flat,
}

impl Full {
    /// The budget's name in the metrics.
    #[must_use]
    pub fn budget(self) -> &'static str {
        match self {
            Self::Strangers => name::STRANGERS_SOCKET,
            Self::Residents => name::RESIDENTS_SOCKET,
            Self::Session => name::SESSION_SOCKET,
            Self::Flat => name::FLAT_SOCKET,
        }
    }

    /// Returns what to do.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::Strangers => {
                "Too many sockets of this network wait for CONNECT; try again in a few seconds, with the cookie or \
                 token of a session in the upgrade."
            }
            Self::Residents => "This server holds as many sockets as it can; try again in a few seconds.",
            Self::Session => {
                "This session has as many sockets as it may; close a tab, or try again in a while."
            }
            Self::Flat => "This flat has as many sockets as it may; close some, or try again in a while.",
        }
    }

    /// When to try again, in seconds.
    #[must_use]
    pub fn retry_after(self) -> u64 {
        match self {
            Self::Strangers | Self::Residents => 5,
            Self::Session | Self::Flat => 30,
        }
    }
}
