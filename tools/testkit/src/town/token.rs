//! The secret of a session, and what the database holds of it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A session's token.
#[derive(Clone)]
pub(super) struct Token(String);

/// Keeps the secret to itself.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

impl Token {
    /// Makes one of two identifiers, whose random bits nobody guesses within the life of a run.
    pub(super) fn new() -> Self {
        let octets = [*Uuid::now_v7().as_bytes(), *Uuid::now_v7().as_bytes()].concat();
        Self(URL_SAFE_NO_PAD.encode(octets))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name of the session in the database, which is base64 of the SHA-256 of the token's text.
    pub(super) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_form_that_the_server_asks_for() {
        let token = Token::new();
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        assert!(token.as_str().len() == 43 && token.as_str().chars().all(is_base64));
        assert_ne!(token.as_str(), Token::new().as_str());
    }

    #[test]
    fn the_database_holds_the_digest_of_the_text() {
        // FIPS 180-4's example of SHA-256, "abc".
        assert_eq!(Token("abc".into()).hash(), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    }
}
