//! One-time codes that people read from paper and type. They are Crockford's base 32, in which no character looks like
//! another one. Invitations and recovery codes are such codes, and the database knows only their SHA-256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Returns a random code with 5 bits in each character.
///
/// # Errors
/// When the system gives no random octets.
pub(super) fn generate<const LENGTH: usize>() -> Result<String, getrandom::Error> {
    let mut octets = [0; LENGTH];
    getrandom::fill(&mut octets)?;
    Ok(octets.iter().map(|octet| char::from(ALPHABET[usize::from(octet % 32)])).collect())
}

/// Reads a code of this length as people write it, with or without its dashes, in any case, with letters that look like
/// digits.
pub(super) fn read(text: &str, length: usize) -> Option<String> {
    if text.len() > 4 * length {
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
    let is_code = code.len() == length && code.bytes().all(|c| ALPHABET.contains(&c));
    is_code.then_some(code)
}

/// Returns the code in groups of four, as it is printed.
pub(super) fn in_groups(code: &str) -> String {
    let groups: Vec<&str> = (0..code.len()).step_by(4).filter_map(|from| code.get(from..from + 4)).collect();
    groups.join("-")
}

/// Returns the SHA-256 of the code, as the database has it.
pub(super) fn hash(code: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(code.as_bytes()))
}
