//! The names that people sign in with, as far as a table holds them.

/// The longest name to sign in with, in bytes.
pub const NAME_LIMIT: usize = 128;

/// Returns whether an account can have this name. Accounts of older versions may have names with characters that cannot
/// be seen, so this is less than a new account must meet.
#[must_use]
pub fn can_be_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_LIMIT && !name.chars().any(|c| c.is_control() || c == '\u{fffd}')
}
