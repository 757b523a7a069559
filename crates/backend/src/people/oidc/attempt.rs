//! A sign-in on its way, as the browser keeps it in a cookie.
//!
//! It is neither signed nor kept here, because nobody gains by writing one. State and nonce bind the answer to this
//! browser, and the verifier is no secret from the browser that began. Every node can therefore finish an attempt that
//! another one has begun, and a stranger fills no table.

use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier};
use openssl::memcmp;

/// A sign-in on its way. Its `Debug` form shows no secret.
#[derive(Debug)]
pub struct Attempt {
    /// Comes back with the answer.
    state: CsrfToken,
    /// Comes back in the ID token.
    nonce: Nonce,
    /// Belongs to the code (RFC 7636).
    verifier: PkceCodeVerifier,
}

impl Attempt {
    pub(super) fn new(state: CsrfToken, nonce: Nonce, verifier: PkceCodeVerifier) -> Self {
        Self { state, nonce, verifier }
    }

    /// The attempt as a text without spaces, semicolons and commas.
    #[must_use]
    pub fn written(&self) -> String {
        format!("{}.{}.{}", self.state.secret(), self.nonce.secret(), self.verifier.secret())
    }

    /// Reads an attempt that a browser has kept.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let [state, nonce, verifier] = *parts.as_slice() else { return None };
        if ![state, nonce, verifier].into_iter().all(is_secret) {
            return None;
        }
        Some(Self {
            state: CsrfToken::new(state.to_owned()),
            nonce: Nonce::new(nonce.to_owned()),
            verifier: PkceCodeVerifier::new(verifier.to_owned()),
        })
    }

    /// Returns whether an answer with this state is one to this attempt.
    #[must_use]
    pub fn is_answered_by(&self, state: &str) -> bool {
        let own = self.state.secret().as_bytes();
        // OpenSSL's comparison wants equal lengths, and its time depends on nothing else.
        own.len() == state.len() && memcmp::eq(own, state.as_bytes())
    }

    /// Returns what is needed to exchange the code and to check the ID token.
    pub(super) fn into_secrets(self) -> (Nonce, PkceCodeVerifier) {
        (self.nonce, self.verifier)
    }
}

/// Returns whether a text can be one of the three. Each is 16 octets or more in URL-safe base64.
fn is_secret(text: &str) -> bool {
    (22..=128).contains(&text.len())
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use openidconnect::PkceCodeChallenge;

    use super::*;

    #[test]
    fn an_attempt_survives_a_cookie_and_is_answered_by_its_own_state_alone() {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        let attempt = Attempt::new(CsrfToken::new_random(), Nonce::new_random(), verifier);
        let written = attempt.written();
        let read = Attempt::read(&written).unwrap();
        assert_eq!(read.written(), written);
        assert!(read.is_answered_by(attempt.state.secret()));
        for other in ["", "x", CsrfToken::new_random().secret().as_str(), attempt.nonce.secret().as_str()] {
            assert!(!read.is_answered_by(other), "{other}");
        }
        assert!(!format!("{attempt:?}").contains(attempt.state.secret().as_str()));
        let (longer, other) = (format!("{written}.{}", "a".repeat(43)), written.replace('.', ";"));
        for wrong in ["", "..", "a.b.c", longer.as_str(), other.as_str()] {
            assert!(Attempt::read(wrong).is_none(), "{wrong}");
        }
    }
}
