//! The keys of the housing service, and the ID tokens that they sign.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey},
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    sha::sha256,
    sign::Signer,
};
use serde_json::{Value, json};

use super::SECRET;

/// The signature of an ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    Rs256,
    Es256,
    /// With `alg: none` and no signature.
    Not,
    /// By a key that is made from the client's secret.
    Hs256,
    /// By the right key, of other claims.
    Wrongly,
}

/// The keys, one of each algorithm.
pub(super) struct Keys {
    id: String,
    rsa: Rsa<Private>,
    elliptic: EcKey<Private>,
}

impl Keys {
    pub(super) fn new(id: &str) -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        Self {
            id: id.to_owned(),
            rsa: Rsa::generate(2048).unwrap(),
            elliptic: EcKey::generate(&group).unwrap(),
        }
    }

    /// The keys as the service shows them (RFC 7517).
    pub(super) fn shown(&self) -> Value {
        let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        let mut context = BigNumContext::new().unwrap();
        let (point, group) = (self.elliptic.public_key(), self.elliptic.group());
        point.affine_coordinates_gfp(group, &mut x, &mut y, &mut context).unwrap();
        let [x, y] = [x, y].map(|number| URL_SAFE_NO_PAD.encode(number.to_vec_padded(32).unwrap()));
        let [n, e] = [self.rsa.n(), self.rsa.e()].map(|number| URL_SAFE_NO_PAD.encode(number.to_vec()));
        json!({ "keys": [
            { "kty": "RSA", "use": "sig", "kid": format!("{}-rsa", self.id), "n": n, "e": e },
            { "kty": "EC", "use": "sig", "kid": format!("{}-ec", self.id), "crv": "P-256", "x": x, "y": y },
        ] })
    }

    pub(super) fn token(&self, claims: &Value, signed: Signed) -> String {
        let (algorithm, key) = match signed {
            Signed::Rs256 | Signed::Wrongly => ("RS256", "rsa"),
            Signed::Es256 => ("ES256", "ec"),
            Signed::Not => ("none", "rsa"),
            Signed::Hs256 => ("HS256", "rsa"),
        };
        let header = json!({ "alg": algorithm, "typ": "JWT", "kid": format!("{}-{key}", self.id) });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&header), part(claims));
        let signature = match signed {
            Signed::Rs256 => self.by_rsa(&text),
            Signed::Wrongly => self.by_rsa("other claims"),
            Signed::Es256 => self.by_curve(&text),
            Signed::Hs256 => by_secret(&text),
            Signed::Not => Vec::new(),
        };
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn by_rsa(&self, text: &str) -> Vec<u8> {
        let key = PKey::from_rsa(self.rsa.clone()).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
        signer.update(text.as_bytes()).unwrap();
        signer.sign_to_vec().unwrap()
    }

    /// The two numbers of a signature behind each other (RFC 7518, section 3.4).
    fn by_curve(&self, text: &str) -> Vec<u8> {
        let signature = EcdsaSig::sign(&sha256(text.as_bytes()), &self.elliptic).unwrap();
        let numbers = [signature.r(), signature.s()].map(|number| number.to_vec_padded(32).unwrap());
        numbers.concat()
    }
}

fn by_secret(text: &str) -> Vec<u8> {
    let key = PKey::hmac(SECRET.as_bytes()).unwrap();
    let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
    signer.update(text.as_bytes()).unwrap();
    signer.sign_to_vec().unwrap()
}
