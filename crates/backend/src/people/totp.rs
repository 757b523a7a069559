//! Time-based one-time passwords (RFC 6238) with HMAC-SHA-1, six digits and steps of 30 seconds, which every
//! authenticator app understands without parameters.

use domain::Millis;
use openssl::{error::ErrorStack, hash::MessageDigest, memcmp, pkey::PKey, sign::Signer};

/// The octets of a secret, as long as the digest (RFC 4226, section 4, R6).
pub(super) const SECRET_LENGTH: usize = 20;
/// The length of a step, in milliseconds.
const STEP: Millis = 30_000;
/// The digits of a code.
const DIGITS: usize = 6;
const MODULUS: u32 = 1_000_000;
/// The steps before and after the present one whose codes are accepted, for clocks that differ and people who are slow.
const WINDOW: i64 = 1;
/// The alphabet of RFC 4648, section 6.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Returns whether a text can be a code, which has six digits. Recovery codes are longer.
pub(super) fn is_code(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|c| c.is_ascii_digit())
}

/// Returns the step to which a code belongs, if that is within the window and after `last`.
///
/// # Errors
/// OpenSSL's.
pub(super) fn step_of(secret: &[u8], code: &str, now: Millis, last: i64) -> Result<Option<i64>, ErrorStack> {
    let present = now.div_euclid(STEP);
    let mut found = None;
    for step in present - WINDOW..=present + WINDOW {
        let expected = format!("{:0DIGITS$}", value(secret, step)? % MODULUS);
        // OpenSSL's comparison wants equal lengths, and its time depends on nothing else.
        let is_right = expected.len() == code.len() && memcmp::eq(expected.as_bytes(), code.as_bytes());
        if is_right && step > last {
            found = Some(step);
        }
    }
    Ok(found)
}

/// Returns the number of a step (RFC 4226, section 5.3), before it is cut to its digits.
fn value(secret: &[u8], step: i64) -> Result<u32, ErrorStack> {
    let key = PKey::hmac(secret)?;
    let mut signer = Signer::new(MessageDigest::sha1(), &key)?;
    signer.update(&step.to_be_bytes())?;
    let digest = signer.sign_to_vec()?;
    let at = usize::from(digest.last().copied().unwrap_or_default() & 0x0f);
    let part = digest.get(at..at + 4).and_then(|part| <[u8; 4]>::try_from(part).ok());
    Ok(u32::from_be_bytes(part.unwrap_or_default()) & 0x7fff_ffff)
}

/// Returns octets in base 32 without padding, as authenticator apps read a secret.
pub(super) fn base32(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().div_ceil(5) * 8);
    for chunk in octets.chunks(5) {
        let mut part = [0_u8; 8];
        part[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(part);
        for index in 0..(chunk.len() * 8).div_ceil(5) {
            let five = (bits >> (35 - 5 * index)) & 31;
            text.push(char::from(ALPHABET[usize::try_from(five).unwrap_or_default()]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_codes_are_those_of_the_rfcs_vectors() {
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000_i64, 65_353_130),
        ] {
            assert_eq!(value(SECRET, seconds / 30).unwrap() % 100_000_000, code, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_right_for_its_step_and_those_beside_it_and_never_again() {
        let now = 1_111_111_111_000;
        let step = now / STEP;
        // The last six digits of the vector.
        assert_eq!(step_of(SECRET, "050471", now, 0).unwrap(), Some(step));
        assert_eq!(step_of(SECRET, "050471", now + STEP, 0).unwrap(), Some(step));
        assert_eq!(step_of(SECRET, "050471", now - STEP, 0).unwrap(), Some(step));
        assert_eq!(step_of(SECRET, "050471", now + 2 * STEP, 0).unwrap(), None);
        assert_eq!(step_of(SECRET, "050471", now - 2 * STEP, 0).unwrap(), None);
        assert_eq!(step_of(SECRET, "050471", now, step).unwrap(), None, "it was used");
        for wrong in ["", "050472", "50471", "0050471", "14050471"] {
            assert_eq!(step_of(SECRET, wrong, now, 0).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_written_as_in_the_rfc() {
        let written = [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ")];
        for (text, base) in written.into_iter().chain([("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI")]) {
            assert_eq!(base32(text.as_bytes()), base);
        }
    }

    #[test]
    fn six_digits_are_a_code_and_nothing_else_is() {
        assert!(is_code("050471"));
        for other in ["", "05047", "0504711", "05047a", "０５０４７１", " 50471"] {
            assert!(!is_code(other), "{other}");
        }
    }
}
