//! The number of descriptors of the process, and their shares. Those of clients must never be all of them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors kept from the sockets, for requests, files, the database and Kafka.
const KEPT: u64 = 1_000;
/// The part of these that is kept from all clients, for the outbox, the database, Kafka and the threads. A few dozens
/// are in use.
const INNER: u64 = 300;
/// Where nothing limits descriptors, memory does.
const MOST: u64 = 1_000_000;

/// The clients' share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Sockets, each with one descriptor.
    pub sockets: usize,
    /// Descriptors for sockets and all other connections together.
    pub clients: usize,
}

/// Raises the limit to the hard limit, and returns the room that this leaves.
///
/// # Errors
/// When the raised limit leaves no room.
pub(crate) fn room() -> std::io::Result<Room> {
    let before = getrlimit(Resource::Nofile);
    // A process that may not raise it keeps its limit, which is not an error.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: before.maximum, maximum: before.maximum });
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(MOST + KEPT);
    room_within(limit).ok_or_else(|| {
        std::io::Error::other(format!(
            "only {limit} descriptors are allowed; allow more than 1100 (ulimit -n)"
        ))
    })
}

fn room_within(limit: u64) -> Option<Room> {
    let sockets = limit.checked_sub(KEPT).filter(|sockets| *sockets >= 100)?.min(MOST);
    let clients = sockets + KEPT - INNER;
    Some(Room { sockets: usize::try_from(sockets).ok()?, clients: usize::try_from(clients).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_descriptors_are_kept_from_the_sockets_and_some_from_all_clients() {
        assert_eq!(room_within(11_000), Some(Room { sockets: 10_000, clients: 10_700 }));
        assert_eq!(room_within(1_050), None);
        assert_eq!(room_within(256), None);
        assert_eq!(room_within(u64::MAX), Some(Room { sockets: 1_000_000, clients: 1_000_700 }));
    }
}
