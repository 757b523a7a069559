//! The secrets that the receiver shares, and the signatures made with them, as Standard Webhooks has it
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use std::fmt;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{PKey, Private},
    sign::Signer,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The mark in front of a secret, by which people and scanners recognise one.
const PREFIX: &str = "whsec_";
/// The octets of a secret. Fewer could be guessed.
const OCTETS: std::ops::RangeInclusive<usize> = 24..=64;
/// The most secrets at once, which is an old one and a new one while they are exchanged.
const MOST: usize = 2;
/// The octets of a secret's name.
const NAME: usize = 4;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One secret, or two while they are exchanged.
#[derive(Clone)]
pub struct Keys(Vec<Key>);

#[derive(Clone)]
struct Key {
    id: String,
    key: PKey<Private>,
}

/// Why a text is not a secret. It never repeats the text.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKey {
    /// There is none, or there are too many.
    #[error("there must be one secret, or two while they are exchanged, separated by a comma")]
    Number,
    /// It is not base64, or has too few octets.
    #[error(
        "a secret is 24 to 64 octets in base64, such as whsec_ followed by the output of openssl rand -base64 32"
    )]
    NotASecret,
    /// OpenSSL failed.
    #[error("OpenSSL failed: {0}")]
    OpenSsl(#[from] ErrorStack),
}

impl Keys {
    /// Reads secrets that are separated by commas.
    ///
    /// # Errors
    /// [`InvalidKey`].
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let texts: Vec<_> = text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect();
        if !(1..=MOST).contains(&texts.len()) {
            return Err(InvalidKey::Number);
        }
        texts.into_iter().map(Key::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the names of the secrets, separated by spaces. They follow from the secrets, and nobody can go the other
    /// way.
    pub(super) fn ids(&self) -> String {
        self.0.iter().map(|key| key.id.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Returns the signatures of a message, one for each secret, separated by spaces.
    ///
    /// # Errors
    /// OpenSSL's.
    pub(super) fn sign(&self, id: Uuid, timestamp: i64, body: &[u8]) -> Result<String, ErrorStack> {
        let signatures: Result<Vec<_>, _> = self.0.iter().map(|key| key.sign(id, timestamp, body)).collect();
        Ok(signatures?.join(" "))
    }
}

impl Key {
    fn parse(text: &str) -> Result<Self, InvalidKey> {
        let octets = BASE64.decode(text.strip_prefix(PREFIX).unwrap_or(text));
        let octets = octets.ok().filter(|octets| OCTETS.contains(&octets.len()));
        let octets = octets.ok_or(InvalidKey::NotASecret)?;
        let name = Sha256::new().chain_update("iutsai webhook key").chain_update(&octets).finalize();
        let id = name.iter().take(NAME).map(|octet| format!("{octet:02x}")).collect();
        Ok(Self { id, key: PKey::hmac(&octets)? })
    }

    fn sign(&self, id: Uuid, timestamp: i64, body: &[u8]) -> Result<String, ErrorStack> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key)?;
        signer.update(format!("{id}.{timestamp}.").as_bytes())?;
        signer.update(body)?;
        Ok(format!("v1,{}", BASE64.encode(signer.sign_to_vec()?)))
    }
}

/// Keeps the secrets to itself.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.ids())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 32 octets, 0 to 31.
    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    /// Made by the crypto library of node.
    const SIGNATURE: &str = "v1,O4qLUrsqex4hBxjLn00XQGAM5WABaeWdi4VHraUxO4U=";
    /// 24 octets of 0xff.
    const OTHER: &str = "////////////////////////////////";

    #[test]
    fn a_signature_is_that_of_any_other_program() {
        let id: Uuid = "0190f8a0-0000-8000-8000-000000000000".parse().unwrap();
        let signature = Keys::parse(SECRET).unwrap().sign(id, 1_795_928_600, b"{\"a\":1}").unwrap();
        assert_eq!(signature, SIGNATURE);
        let both = Keys::parse(&format!("{OTHER}, {SECRET}")).unwrap();
        let signatures = both.sign(id, 1_795_928_600, b"{\"a\":1}").unwrap();
        assert_eq!(signatures.split(' ').count(), 2, "a receiver that has either accepts it");
        assert_eq!(signatures.split(' ').nth(1), Some(SIGNATURE));
        assert_eq!(both.ids().split(' ').nth(1), Some("aca7770d"));
        for (id, timestamp, body) in [
            (Uuid::nil(), 1_795_928_600, &b"{\"a\":1}"[..]),
            (id, 1_795_928_601, &b"{\"a\":1}"[..]),
            (id, 1_795_928_600, &b"{\"a\":2}"[..]),
        ] {
            assert_ne!(Keys::parse(SECRET).unwrap().sign(id, timestamp, body).unwrap(), SIGNATURE);
        }
    }

    #[test]
    fn a_text_that_is_not_a_secret_is_refused_without_being_repeated() {
        let short = "whsec_c2hvcnQ=";
        for wrong in
            ["", " , ", short, "not base64!", &format!("{SECRET},{OTHER},{SECRET}"), &"A".repeat(100)]
        {
            let sentence = Keys::parse(wrong).unwrap_err().to_string();
            assert!(wrong.trim().len() < 4 || !sentence.contains(wrong), "{sentence}");
        }
        let shown = format!("{:?}", Keys::parse(SECRET).unwrap());
        assert!(!shown.contains("AAEC") && shown.len() < 20, "{shown}");
    }
}
