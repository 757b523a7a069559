//! The server's own key. It signs what is sent (RFC 8292), so that a push service takes messages for a device only from
//! the server that the device subscribed to.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::{Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{CallKey, Millis};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint, PointConversionForm},
    ecdsa::EcdsaSig,
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    sign::Signer,
};
use sha2::{Digest, Sha256};

/// The file of the data directory that holds the key.
pub(crate) const FILE: &str = "push-key";
/// The octets of a secret.
const SECRET: usize = 32;
/// The lifetime of a token, in seconds. A push service accepts at most a day (RFC 8292, section 2).
const HOLDS: Millis = 12 * 60 * 60;
/// The time for which a token is used again, in milliseconds.
const USED_FOR: Millis = 6 * 60 * 60 * 1000;
/// The tokens remembered at once, one for each push service.
const REMEMBERED: usize = 256;
/// `{"typ":"JWT","alg":"ES256"}`.
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is not a key.
    #[error("the key is not 32 octets of a private key of P-256 in URL-safe base64")]
    NotAKey,
    /// The file cannot be read or written.
    #[error("the file of the key cannot be used: {0}")]
    File(#[from] io::Error),
    /// The system gave no random number.
    #[error("no key can be made: {0}")]
    NoKey(#[from] getrandom::Error),
    /// OpenSSL failed.
    #[error("OpenSSL failed: {0}")]
    OpenSsl(#[from] ErrorStack),
}

/// The server's key, and the tokens that it has signed.
pub(super) struct Vapid {
    key: EcKey<Private>,
    public: String,
    /// Makes the topics of the complex.
    topics: PKey<Private>,
    contact: Option<String>,
    tokens: Mutex<HashMap<String, (String, Millis)>>,
}

impl Vapid {
    /// Reads the key of a setting, or the one in the data directory, which is made at the first start.
    ///
    /// # Errors
    /// [`KeyError`].
    pub(super) fn open(
        data_dir: &Path,
        setting: Option<&str>,
        contact: Option<String>,
    ) -> Result<Self, KeyError> {
        let secret = match setting {
            Some(text) => secret(text)?,
            None => kept(&data_dir.join(FILE))?,
        };
        Self::new(&secret, contact)
    }

    fn new(secret: &[u8; SECRET], contact: Option<String>) -> Result<Self, KeyError> {
        let key = key(secret)?;
        let (group, mut context) = (group()?, BigNumContext::new()?);
        let point = key.public_key().to_bytes(&group, PointConversionForm::UNCOMPRESSED, &mut context)?;
        let topics = Sha256::new().chain_update("iutsai push topics").chain_update(secret).finalize();
        Ok(Self {
            public: URL_SAFE_NO_PAD.encode(point),
            topics: PKey::hmac(&topics)?,
            key,
            contact,
            tokens: Mutex::default(),
        })
    }

    /// Returns the public key as browsers and push services read it.
    pub(super) fn public(&self) -> &str {
        &self.public
    }

    /// Returns the `Authorization` of a request to the push service at `origin`.
    ///
    /// # Errors
    /// OpenSSL's.
    pub(super) fn authorization(&self, origin: &str, now: Millis) -> Result<String, ErrorStack> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, made)) = tokens.get(origin)
            && (*made..made.saturating_add(USED_FOR)).contains(&now)
        {
            return Ok(format!("vapid t={token}, k={}", self.public));
        }
        let token = self.sign(origin, now)?;
        if tokens.len() >= REMEMBERED {
            tokens.clear();
        }
        tokens.insert(origin.to_owned(), (token.clone(), now));
        Ok(format!("vapid t={token}, k={}", self.public))
    }

    /// Makes a token (RFC 7519, RFC 7518 section 3.4).
    fn sign(&self, origin: &str, now: Millis) -> Result<String, ErrorStack> {
        let mut claims = serde_json::json!({ "aud": origin, "exp": now / 1000 + HOLDS });
        if let Some(contact) = &self.contact {
            claims["sub"] = contact.as_str().into();
        }
        let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = EcdsaSig::sign(&Sha256::digest(&signed), &self.key)?;
        let mut octets = signature.r().to_vec_padded(32)?;
        octets.extend(signature.s().to_vec_padded(32)?);
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(octets)))
    }

    /// Returns the topic of a call: 22 characters (RFC 8030 allows 32) from which nobody learns which call it is.
    ///
    /// # Errors
    /// OpenSSL's.
    pub(super) fn topic(&self, call: &CallKey) -> Result<String, ErrorStack> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.topics)?;
        // No name has a slash.
        signer.update(format!("{}/{}/{}", call.line, call.house, call.id).as_bytes())?;
        let mac = signer.sign_to_vec()?;
        Ok(URL_SAFE_NO_PAD.encode(&mac[..16]))
    }
}

/// Returns whether a text is a private key.
///
/// # Errors
/// [`KeyError`].
pub fn check_key(text: &str) -> Result<(), KeyError> {
    key(&secret(text)?).map(drop)
}

fn group() -> Result<EcGroup, ErrorStack> {
    EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)
}

fn key(secret: &[u8; SECRET]) -> Result<EcKey<Private>, KeyError> {
    let (group, number, mut context) = (group()?, BigNum::from_slice(secret)?, BigNumContext::new()?);
    let mut point = EcPoint::new(&group)?;
    point.mul_generator2(&group, &number, &mut context)?;
    let key = EcKey::from_private_components(&group, &number, &point).map_err(|_| KeyError::NotAKey)?;
    key.check_key().map_err(|_| KeyError::NotAKey)?;
    Ok(key)
}

fn secret(text: &str) -> Result<[u8; SECRET], KeyError> {
    let octets = URL_SAFE_NO_PAD.decode(text.trim().trim_end_matches('=')).map_err(|_| KeyError::NotAKey)?;
    octets.try_into().map_err(|_| KeyError::NotAKey)
}

/// Reads the key from its file. One that is not there is made. Nobody but the server's own account may read it.
fn kept(path: &Path) -> Result<[u8; SECRET], KeyError> {
    match File::open(path) {
        Ok(mut file) => {
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            secret(&text)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => made(path),
        Err(error) => Err(error.into()),
    }
}

/// The file appears whole. A start that is cut off in between leaves none, and the next one makes another.
fn made(path: &Path) -> Result<[u8; SECRET], KeyError> {
    let mut secret = [0; SECRET];
    loop {
        getrandom::fill(&mut secret)?;
        // Zero and what lies above the order of the curve are no keys, and nearly impossible.
        if key(&secret).is_ok() {
            break;
        }
    }
    let whole = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&whole)?;
    writeln!(file, "{}", URL_SAFE_NO_PAD.encode(secret))?;
    file.sync_all()?;
    std::fs::rename(&whole, path)?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use domain::{AlertId, House, Line};
    use serde_json::Value;

    use super::*;

    /// The application server's key of RFC 8291, appendix A.
    const SECRET_OF_RFC: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
    const PUBLIC_OF_RFC: &str =
        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";

    fn vapid() -> Vapid {
        Vapid::open(Path::new("/nowhere"), Some(SECRET_OF_RFC), Some("mailto:office@iutsai.example".into()))
            .unwrap()
    }

    fn part(token: &str, number: usize) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(token.split('.').nth(number).unwrap()).unwrap()
    }

    #[test]
    fn the_public_key_follows_from_the_private_one() {
        assert_eq!(vapid().public(), PUBLIC_OF_RFC);
    }

    #[test]
    fn a_token_names_its_audience_and_is_signed_with_the_key() {
        let vapid = vapid();
        let now = 1_795_900_000_000;
        let header = vapid.authorization("https://push.example", now).unwrap();
        let token = header.strip_prefix("vapid t=").unwrap();
        let (token, public) = token.split_once(", k=").unwrap();
        assert_eq!(public, PUBLIC_OF_RFC);
        let head: Value = serde_json::from_slice(&part(token, 0)).unwrap();
        assert_eq!(head, serde_json::json!({ "typ": "JWT", "alg": "ES256" }));
        let claims: Value = serde_json::from_slice(&part(token, 1)).unwrap();
        let wanted = serde_json::json!({
            "aud": "https://push.example",
            "exp": 1_795_900_000 + 12 * 60 * 60,
            "sub": "mailto:office@iutsai.example",
        });
        assert_eq!(claims, wanted);
        let octets = part(token, 2);
        let number = |octets: &[u8]| BigNum::from_slice(octets).unwrap();
        let signature =
            EcdsaSig::from_private_components(number(&octets[..32]), number(&octets[32..])).unwrap();
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert!(signature.verify(&Sha256::digest(signed), &vapid.key).unwrap());
        let again = |at| vapid.authorization("https://push.example", at).unwrap();
        assert_eq!(again(now + USED_FOR - 1), header, "it is used again");
        assert_ne!(again(now + USED_FOR), header, "for some hours");
    }

    #[test]
    fn a_push_topic_does_not_reveal_its_call_and_is_equal_on_every_node() {
        let (house, line) = (House::new("1203").unwrap(), Line::new("101-1").unwrap());
        let call = CallKey { line, house, id: AlertId::generate() };
        let topic = vapid().topic(&call).unwrap();
        assert_eq!(topic.len(), 22);
        assert!(topic.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_')));
        assert_eq!(vapid().topic(&call).unwrap(), topic);
        let other = CallKey { id: AlertId::generate(), ..call };
        assert_ne!(vapid().topic(&other).unwrap(), topic);
    }

    #[test]
    fn the_key_is_made_once_and_nobody_else_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let public = || Vapid::open(directory.path(), None, None).map(|vapid| vapid.public().to_owned());
        let made = public().unwrap();
        assert_eq!(public().unwrap(), made);
        let file = directory.path().join(FILE);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&file, "not a key").unwrap();
        assert!(matches!(public(), Err(KeyError::NotAKey)));
    }

    #[test]
    fn a_text_that_is_not_a_key_is_refused() {
        for wrong in ["", "short", &"A".repeat(43), &"_".repeat(43), "not base64 at all!"] {
            assert!(matches!(check_key(wrong), Err(KeyError::NotAKey)), "{wrong}");
        }
        check_key(SECRET_OF_RFC).unwrap();
    }
}
