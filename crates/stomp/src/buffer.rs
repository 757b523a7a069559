//! The bytes that have arrived and are not yet understood. No octet is searched or moved more than
//! a constant number of times, however the bytes are cut.

/// The capacity, in octets, that an idle connection may keep. It is small, because ten thousand of them wait in one
/// process.
const KEPT_WHEN_EMPTY: usize = 1024;

/// A queue of octets that remembers how far it has been searched.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    octets: Vec<u8>,
    /// Octets before this one have been taken.
    start: usize,
    /// Octets from `start` on that are known not to be the one searched for.
    searched: usize,
}

impl Buffer {
    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// Returns the bytes that were not consumed yet.
    pub(crate) fn pending(&self) -> &[u8] {
        &self.octets[self.start..]
    }

    /// Where in `pending` the octet first is. Between two calls of `take` only one octet may be
    /// searched for.
    pub(crate) fn find(&mut self, octet: u8) -> Option<usize> {
        let pending = &self.octets[self.start..];
        let found = pending[self.searched..]
            .iter()
            .position(|candidate| *candidate == octet)
            .map(|position| self.searched + position);
        self.searched = found.unwrap_or(pending.len());
        found
    }

    /// Takes the first `count` octets and the delimiter after them, which is not returned. Both
    /// must be pending.
    pub(crate) fn take_with_delimiter(&mut self, count: usize) -> &[u8] {
        let taken = self.start..self.start + count;
        self.start = taken.end + 1;
        self.searched = 0;
        &self.octets[taken]
    }

    /// Gives back the room of what was taken. It moves fewer octets than were taken since the last
    /// move.
    pub(crate) fn reclaim(&mut self) {
        if self.start == self.octets.len() && self.octets.capacity() > KEPT_WHEN_EMPTY {
            self.octets = Vec::new();
            self.start = 0;
        } else if self.start >= self.octets.len() - self.start {
            self.octets.drain(..self.start);
            self.start = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consumed_octets_are_freed_soon() {
        let mut buffer = Buffer::default();
        buffer.push(b"first\n");
        for _ in 0..10_000 {
            buffer.push(b"after\n");
            assert_eq!(buffer.find(b'\n'), Some(5));
            buffer.take_with_delimiter(5);
            buffer.reclaim();
            assert_eq!(buffer.pending(), b"after\n");
        }
        assert!(buffer.octets.capacity() <= 64, "{}", buffer.octets.capacity());
    }

    #[test]
    fn an_empty_buffer_keeps_little_room() {
        let mut buffer = Buffer::default();
        buffer.push(&[b'x'; 100_000]);
        buffer.push(b"\n");
        buffer.take_with_delimiter(100_000);
        buffer.reclaim();
        assert_eq!(buffer.pending(), b"");
        assert!(buffer.octets.capacity() <= KEPT_WHEN_EMPTY);
    }
}
