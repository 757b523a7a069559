//! How many sockets the process can hold: each takes a descriptor, and the rest of the server must keep some.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for requests, files, the database and Kafka.
const KEPT: u64 = 1_000;
/// Where nothing limits descriptors, memory does.
const MOST: u64 = 1_000_000;

/// Raises the limit as far as it may be, and tells how many sockets that leaves room for.
///
/// # Errors
/// When the raised limit leaves no room.
pub fn socket_limit() -> std::io::Result<usize> {
    let before = getrlimit(Resource::Nofile);
    // Not being allowed to is no error: then the limit stays.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: before.maximum, maximum: before.maximum });
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(MOST);
    room(limit).ok_or_else(|| {
        std::io::Error::other(format!(
            "only {limit} descriptors are allowed; allow more than 1100 (ulimit -n)"
        ))
    })
}

fn room(limit: u64) -> Option<usize> {
    let sockets = limit.checked_sub(KEPT).filter(|sockets| *sockets >= 100)?;
    usize::try_from(sockets.min(MOST)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_descriptors_are_kept_from_the_sockets() {
        assert_eq!(room(11_000), Some(10_000));
        assert_eq!(room(1_050), None);
        assert_eq!(room(256), None);
        assert_eq!(room(u64::MAX), Some(1_000_000));
    }
}
