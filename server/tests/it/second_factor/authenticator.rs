//! An authenticator app of the tests' own.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer};

/// The code of the step that lies so many after the present one (RFC 6238).
pub(super) fn code(secret: &[u8], after: u64) -> String {
    let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30 + after;
    let key = PKey::hmac(secret).unwrap();
    let mut signer = Signer::new(MessageDigest::sha1(), &key).unwrap();
    signer.update(&step.to_be_bytes()).unwrap();
    let digest = signer.sign_to_vec().unwrap();
    let at = usize::from(digest[19] & 0x0f);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Reads base 32 (RFC 4648) whose length is a multiple of eight.
pub(super) fn octets(base32: &str) -> Vec<u8> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut octets = Vec::new();
    for group in base32.as_bytes().chunks(8) {
        let bits = group.iter().fold(0_u64, |bits, c| {
            (bits << 5) | u64::try_from(alphabet.find(char::from(*c)).expect("base 32")).unwrap()
        });
        octets.extend_from_slice(&bits.to_be_bytes()[3..]);
    }
    octets
}
