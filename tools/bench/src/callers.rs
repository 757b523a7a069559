//! Flats that press in turn, so that none uses up what the service grants it.

use testkit::{budgets, client::Session};

/// The flats that share one stair and lift, on 25 floors with two each.
pub(crate) const FLATS_OF_LINE: usize = 50;
/// The sockets of a flat. A family of four has two devices each, and every device has its own session.
pub(crate) const SOCKETS_OF_FLAT: usize = 8;

const _: () = assert!(SOCKETS_OF_FLAT <= budgets::SOCKETS_OF_FLAT);

/// Callers in a circle.
pub(crate) struct Callers {
    flats: Vec<Session>,
    turn: usize,
}

impl Callers {
    /// These flats; there must be one.
    pub(crate) fn new(flats: Vec<Session>) -> Self {
        assert!(!flats.is_empty(), "somebody must press");
        Self { flats, turn: 0 }
    }

    /// Returns the flat whose turn it is.
    pub(crate) fn next_flat(&mut self) -> Session {
        let caller = self.flats[self.turn % self.flats.len()].clone();
        self.turn += 1;
        caller
    }
}
