//! The chain: what is hashed, in bytes. `docs/operations/audit.md` describes the same for other programs.

use domain::Millis;
use sha2::{Digest, Sha256};

/// The hash before the first row.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The columns of a row that are hashed.
pub(super) struct Row<'a> {
    pub(super) sequence: i64,
    pub(super) at: Millis,
    pub(super) act: &'a str,
    pub(super) actor: &'a str,
    pub(super) address: &'a str,
    pub(super) subject: &'a str,
    pub(super) detail: &'a str,
    pub(super) count: i64,
}

impl Row<'_> {
    /// Returns the hash of this row behind the one with the hash `previous`, in lower-case hexadecimal digits.
    ///
    /// Each field is its length in bytes as an unsigned number of 8 bytes, the highest first, and then its UTF-8.
    /// Numbers are written in decimal digits. No two rows have the same bytes, since no field can run into the next
    /// one.
    pub(super) fn hash(&self, previous: &str) -> String {
        let Self { sequence, at, act, actor, address, subject, detail, count } = self;
        let (sequence, at, count) = (sequence.to_string(), at.to_string(), count.to_string());
        let fields = [previous, &sequence, &at, act, actor, address, subject, detail, &count];
        let mut hasher = Sha256::new();
        for field in fields {
            hasher.update((field.len() as u64).to_be_bytes());
            hasher.update(field.as_bytes());
        }
        hasher.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row<'static> {
        Row {
            sequence: 1,
            at: 1_795_953_600_000,
            act: "locked",
            actor: "admin",
            address: "127.0.0.1",
            subject: "resident-1203",
            detail: "",
            count: 1,
        }
    }

    /// The number comes from another program, by the description in docs/operations/audit.md.
    #[test]
    fn the_bytes_are_those_of_the_description() {
        assert_eq!(row().hash(GENESIS), "dcf63981d4bdbdf9c14df8c02ba246a3f2ae255dc2814cd4604dd360478f0e0e");
    }

    #[test]
    fn every_field_and_the_row_before_are_part_of_the_hash() {
        let hash = row().hash(GENESIS);
        let others = [
            Row { sequence: 2, ..row() },
            Row { at: 1, ..row() },
            Row { act: "unlocked", ..row() },
            Row { actor: "admin1", address: "27.0.0.1", ..row() },
            Row { subject: "", detail: "resident-1203", ..row() },
            Row { count: 2, ..row() },
        ];
        for other in others {
            assert_ne!(other.hash(GENESIS), hash);
        }
        assert_ne!(row().hash(&hash), hash);
    }
}
