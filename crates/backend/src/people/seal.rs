//! The secrets of second factors as the database keeps them. With a key, which is not in the database, they are sealed
//! (AES-256-GCM, NIST SP 800-38D). Without one they are kept as they are.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};

use super::{PeopleError, totp};
use crate::database::stored::Unreadable;

/// The octets of a key.
const KEY: usize = 32;
const NONCE: usize = 12;
const TAG: usize = 16;
/// The first octet of a sealed secret. Nonce, ciphertext and tag follow.
const VERSION: u8 = 1;
/// The octets of a sealed secret. One that is kept as it is has [`totp::SECRET_LENGTH`].
const SEALED: usize = 1 + NONCE + totp::SECRET_LENGTH + TAG;
/// The state of a secret in the database that no key opens.
const NO_KEY: &str = "the secret of a second factor (no key of IUTSAI_SECOND_FACTOR_KEYS opens it)";

type Key = [u8; KEY];

/// The text is not a list of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is not 32 octets in URL-safe base64; separate several by commas")]
pub struct NotAKey;

/// The keys that secrets are sealed by. The first seals, and the others open what was sealed before. Clones share them.
#[derive(Clone, Default)]
pub struct Seal(Arc<[Key]>);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal of {} keys", self.0.len())
    }
}

impl Seal {
    /// Reads keys that are separated by commas.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn parse(keys: &str) -> Result<Self, NotAKey> {
        let key = |text: &str| {
            let octets = URL_SAFE_NO_PAD.decode(text.trim().trim_end_matches('=')).map_err(|_| NotAKey)?;
            Key::try_from(octets).map_err(|_| NotAKey)
        };
        let keys = keys.split(',').map(key).collect::<Result<Vec<Key>, NotAKey>>()?;
        Ok(Self(keys.into()))
    }

    /// Returns the secret of an account as the database keeps it.
    ///
    /// # Errors
    /// OpenSSL's, and the system's that gives no random number.
    pub(super) fn close(&self, secret: &[u8], account: &str) -> Result<Vec<u8>, PeopleError> {
        let Some(key) = self.0.first() else { return Ok(secret.to_vec()) };
        let (mut nonce, mut tag) = ([0_u8; NONCE], [0_u8; TAG]);
        getrandom::fill(&mut nonce)?;
        let cipher = Cipher::aes_256_gcm();
        let sealed = encrypt_aead(cipher, key, Some(&nonce[..]), account.as_bytes(), secret, &mut tag)?;
        Ok([&[VERSION][..], &nonce[..], &sealed[..], &tag[..]].concat())
    }

    /// Returns the secret of an account that the database keeps so.
    ///
    /// # Errors
    /// [`PeopleError::Unreadable`] where no key opens it.
    pub(super) fn open(&self, kept: &[u8], account: &str) -> Result<Vec<u8>, PeopleError> {
        if kept.len() == totp::SECRET_LENGTH {
            return Ok(kept.to_vec());
        }
        let secret = self.0.iter().find_map(|key| unsealed(kept, account, key));
        secret.ok_or_else(|| Unreadable(NO_KEY.to_owned()).into())
    }

    /// Returns whether the secret of an account is kept as [`Seal::close`] would keep it now.
    pub(super) fn is_current(&self, kept: &[u8], account: &str) -> bool {
        self.0.first().is_none_or(|key| unsealed(kept, account, key).is_some())
    }
}

/// Returns a secret that this key has sealed for this account.
fn unsealed(kept: &[u8], account: &str, key: &Key) -> Option<Vec<u8>> {
    let (version, rest) = kept.split_first()?;
    if kept.len() != SEALED || *version != VERSION {
        return None;
    }
    let (nonce, rest) = rest.split_at(NONCE);
    let (sealed, tag) = rest.split_at(totp::SECRET_LENGTH);
    decrypt_aead(Cipher::aes_256_gcm(), key, Some(nonce), account.as_bytes(), sealed, tag).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; totp::SECRET_LENGTH] = [7; totp::SECRET_LENGTH];

    fn key(octet: u8) -> String {
        URL_SAFE_NO_PAD.encode([octet; KEY])
    }

    fn seal(keys: &[String]) -> Seal {
        Seal::parse(&keys.join(",")).unwrap()
    }

    #[test]
    fn a_sealed_secret_is_opened_by_its_key_for_its_account_alone() {
        let (one, other) = (seal(&[key(1)]), seal(&[key(2)]));
        let kept = one.close(&SECRET, "admin").unwrap();
        assert_eq!(kept.len(), SEALED);
        assert!(!kept.windows(4).any(|part| part == [7_u8; 4]));
        assert_ne!(kept, one.close(&SECRET, "admin").unwrap(), "each has a nonce of its own");
        assert_eq!(one.open(&kept, "admin").unwrap(), SECRET);
        for refused in
            [one.open(&kept, "kim"), other.open(&kept, "admin"), Seal::default().open(&kept, "admin")]
        {
            assert!(matches!(refused, Err(PeopleError::Unreadable(_))));
        }
        for at in 0..kept.len() {
            let mut changed = kept.clone();
            changed[at] ^= 1;
            assert!(one.open(&changed, "admin").is_err(), "{at}");
            assert!(one.open(&kept[..at], "admin").is_err() || at == totp::SECRET_LENGTH, "{at}");
        }
    }

    #[test]
    fn a_secret_of_before_and_one_of_an_older_key_are_opened_and_not_current() {
        let (old, new) = (seal(&[key(1)]), seal(&[key(2), key(1)]));
        let sealed = old.close(&SECRET, "admin").unwrap();
        for kept in [SECRET.to_vec(), sealed] {
            assert_eq!(new.open(&kept, "admin").unwrap(), SECRET);
            assert!(!new.is_current(&kept, "admin"));
            let kept = new.close(&new.open(&kept, "admin").unwrap(), "admin").unwrap();
            assert!(new.is_current(&kept, "admin"));
            assert!(old.open(&kept, "admin").is_err());
        }
        let without = Seal::default();
        assert_eq!(without.close(&SECRET, "admin").unwrap(), SECRET);
        assert!(without.is_current(&SECRET, "admin"));
    }

    #[test]
    fn keys_are_32_octets_each_and_are_not_shown() {
        assert_eq!(format!("{:?}", seal(&[key(1), key(2)])), "Seal of 2 keys");
        assert!(Seal::parse(&format!(" {}= , {}", key(1), key(2))).is_ok());
        for wrong in
            [String::new(), "s3cret".into(), format!("{},", key(1)), format!("{} {}", key(1), key(2))]
        {
            assert_eq!(Seal::parse(&wrong).err(), Some(NotAKey), "{wrong}");
        }
    }
}
