//! One-time codes that people read from paper and type. They are Crockford's base 32, in which no character looks like
//! another one. Invitations and recovery codes are such codes, and the database knows only their SHA-256.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::PeopleError;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A one-time code of so many characters, with 5 bits in each.
#[derive(Clone, PartialEq, Eq)]
pub struct Code<const LENGTH: usize>(String);

impl<const LENGTH: usize> Code<LENGTH> {
    /// Returns a random code.
    ///
    /// # Errors
    /// When the system gives no random octets.
    pub(super) fn generate() -> Result<Self, PeopleError> {
        let mut octets = [0; LENGTH];
        getrandom::fill(&mut octets)?;
        Ok(Self(octets.iter().map(|octet| char::from(ALPHABET[usize::from(octet % 32)])).collect()))
    }

    /// Reads a code as people write it, with or without its dashes, in any case, with letters that look like digits.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > 4 * LENGTH {
            return None;
        }
        let written = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let code: String = written
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            })
            .collect();
        let is_code = code.len() == LENGTH && code.bytes().all(|c| ALPHABET.contains(&c));
        is_code.then_some(Self(code))
    }

    /// Returns the code in groups of four, as it is printed.
    #[must_use]
    pub fn written(&self) -> String {
        let groups: Vec<&str> =
            (0..LENGTH).step_by(4).filter_map(|from| self.0.get(from..from + 4)).collect();
        groups.join("-")
    }

    /// Returns the SHA-256 of the code, as the database has it.
    pub(super) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.as_bytes()))
    }
}

impl<const LENGTH: usize> fmt::Debug for Code<LENGTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Short = Code<12>;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        fn reads<const LENGTH: usize>(characters: usize, dashes: usize) {
            let code = Code::<LENGTH>::generate().unwrap();
            let written = code.written();
            assert_eq!((written.len(), written.matches('-').count()), (characters, dashes));
            for text in
                [written.clone(), written.to_lowercase(), written.replace('-', " "), written.replace('-', "")]
            {
                assert_eq!(Code::<LENGTH>::read(&text), Some(code.clone()), "{text}");
            }
        }
        reads::<12>(14, 2);
        reads::<16>(19, 3);
        assert_eq!(Short::read("oOiI-lL00-1111"), Short::read("0011-1100-1111"));
    }

    #[test]
    fn nothing_else_is_read_as_a_code() {
        for wrong in ["", "K7M4-Q2XP", "K7M4-Q2XP-9TRU", "K7M4-Q2XP-9TRA-1", "가나다라-마바사아-자차카타"]
        {
            assert_eq!(Short::read(wrong), None, "{wrong}");
        }
        for wrong in ["", "K7M4-Q2XP-9TRA", "K7M4-Q2XP-9TRA-000U", "123456"] {
            assert_eq!(Code::<16>::read(wrong), None, "{wrong}");
        }
        assert_eq!(Short::read(&"-".repeat(1_000)), None);
    }

    #[test]
    fn a_code_is_neither_logged_nor_kept() {
        let code = Short::generate().unwrap();
        assert!(!format!("{code:?}").contains(&code.0) && !code.hash().contains(&code.0));
        assert_ne!(code, Short::generate().unwrap());
    }
}
