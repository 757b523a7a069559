//! The secret of a session, and the name that follows from it.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// A session's secret, shown once to the client that signed in.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    pub(super) fn generate() -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(secret)))
    }

    /// The secret as text, which is 43 characters of URL-safe base64, for 256 random bits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// The length of a token's text, in characters.
const TOKEN_LENGTH: usize = 43;

/// Returns whether a text can be a token. Others need no query of the database.
#[must_use]
pub fn is_token(text: &str) -> bool {
    text.len() == TOKEN_LENGTH && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}

/// The name of a session, which cannot open it. It is the token's hash. Clones share its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// The name of this text, as the database has it.
    pub(super) fn kept(text: &str) -> Self {
        Self(text.into())
    }

    /// Names the session that a token opens, if it opens one.
    #[must_use]
    pub fn of_token(token: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes())).into())
    }

    /// Names the session that a text opens; `None` if the text cannot be a token.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        is_token(text).then(|| Self::of_token(text))
    }

    /// Reads a name that was shown to the owner of the session.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        is_token(text).then(|| Self::kept(text))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
