//! One record before it is written.

use std::net::IpAddr;

use domain::{House, Line, Millis};

use super::Act;
use crate::clock;

/// The name that stands for the command line; no account can act under it, because the column `address` is empty.
pub const COMMAND_LINE: &str = "@command-line";
/// The name that stands for the service itself.
pub const SERVICE: &str = "@service";
/// Begins the name that stands for a screen on a wall; the screen's own name follows.
pub const DISPLAY: &str = "@display ";

/// The longest text of a record, in characters.
const TEXT_LIMIT: usize = 1_000;

/// The person or the program that acts, and the address it acts from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct By {
    pub(super) name: String,
    pub(super) address: String,
}

impl By {
    /// An account that acts from this address. The name is empty for somebody who is not signed in.
    #[must_use]
    pub fn account(name: &str, from: IpAddr) -> Self {
        Self { name: clean(name), address: from.to_string() }
    }

    /// Somebody who can run programs where the database is.
    #[must_use]
    pub fn command_line() -> Self {
        Self { name: COMMAND_LINE.to_owned(), address: String::new() }
    }

    /// The service itself.
    #[must_use]
    pub fn service() -> Self {
        Self { name: SERVICE.to_owned(), address: String::new() }
    }

    /// A screen on a wall that shows the board at this address.
    #[must_use]
    pub fn display(name: &str, from: IpAddr) -> Self {
        Self { name: clean(&format!("{DISPLAY}{name}")), address: from.to_string() }
    }

    /// Returns the name of the account or the program.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the same address with another account.
    #[must_use]
    pub(crate) fn named(&self, name: &str) -> Self {
        Self { name: clean(name), address: self.address.clone() }
    }
}

/// A record to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub(super) at: Millis,
    pub(super) act: Act,
    pub(super) by: By,
    pub(super) subject: String,
    pub(super) detail: String,
    pub(super) count: u64,
}

impl Record {
    /// A record of this act, now.
    #[must_use]
    pub fn new(act: Act, by: By) -> Self {
        Self { at: clock::now(), act, by, subject: String::new(), detail: String::new(), count: 1 }
    }

    /// Names the account whose data the act touches, or the line, the house or the thing.
    #[must_use]
    pub fn about(mut self, subject: &str) -> Self {
        self.subject = clean(subject);
        self
    }

    /// Names the flat whose data the act touches.
    #[must_use]
    pub fn about_flat(self, line: &Line, house: &House) -> Self {
        self.about(&format!("{line} {house}"))
    }

    /// Adds what else is to be known, such as a reason. It holds neither passwords nor locations.
    #[must_use]
    pub fn with(mut self, detail: impl std::fmt::Display) -> Self {
        self.detail = clean(&detail.to_string());
        self
    }

    /// The record stands for so many acts.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.count = count;
        self
    }

    /// The act was at this time.
    #[must_use]
    pub fn at(mut self, at: Millis) -> Self {
        self.at = at;
        self
    }
}

/// Returns a text that every database can store and a page can show on a line.
fn clean(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_LIMIT).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_and_has_an_end() {
        let record =
            Record::new(Act::Locked, By::service()).about(" a\0b\n").with("x".repeat(2 * TEXT_LIMIT));
        assert_eq!((record.subject.as_str(), record.detail.len()), ("a b", TEXT_LIMIT));
    }
}
