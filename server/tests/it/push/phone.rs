//! A device that has subscribed. It has the keys to read what is pushed to it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::push::{Device, ServerKey};
use ece::EcKeyComponents;
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint},
    ecdsa::EcdsaSig,
    nid::Nid,
    sha::sha256,
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{
    Error,
    client::{Answer, Session},
};

use super::service::{Pushed, Service};

/// Somebody's device.
pub(crate) struct Phone {
    /// Its path at the push service.
    pub path: String,
    endpoint: String,
    keys: EcKeyComponents,
    auth: [u8; 16],
}

impl Phone {
    /// A device that has an address at the service.
    pub(crate) fn at(service: &Service, path: &str) -> Self {
        let (keys, auth) = ece::generate_keypair_and_auth_secret().unwrap();
        let keys = keys.raw_components().unwrap();
        Self { path: path.into(), endpoint: format!("{}{path}", service.origin()), keys, auth }
    }

    /// The subscription that the browser gives to send to the server.
    pub(crate) fn wish(&self) -> Value {
        let encode = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
        json!({
            "endpoint": self.endpoint,
            "expirationTime": null,
            "keys": { "p256dh": encode(self.keys.public_key()), "auth": encode(&self.auth) },
            "device": "a telephone",
            "language": "ko",
        })
    }

    /// A device of `owner`.
    pub(crate) async fn of(owner: &Session, service: &Service, path: &str) -> Result<(Self, Device), Error> {
        let phone = Self::at(service, path);
        let device = subscribe(owner, &phone.wish()).await?.ok()?;
        Ok((phone, device))
    }

    /// The notification that the device shows.
    pub(crate) fn read(&self, pushed: &Pushed) -> Value {
        let text = ece::decrypt(&self.keys, &self.auth, &pushed.body).unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

/// Sends a wish to the server.
pub(crate) async fn subscribe(owner: &Session, wish: &Value) -> Result<Answer<Device>, Error> {
    owner.client().send(owner.request(Method::POST, "/api/push/subscriptions").json(wish)).await
}

/// The devices of a person.
pub(crate) async fn devices(owner: &Session) -> Result<Vec<Device>, Error> {
    owner.client().send(owner.request(Method::GET, "/api/push/subscriptions")).await?.ok()
}

/// The server's public key.
pub(crate) async fn server_key(owner: &Session) -> Result<String, Error> {
    let key: ServerKey = owner.client().send(owner.request(Method::GET, "/api/push/key")).await?.ok()?;
    Ok(key.key)
}

/// Checks the signature of a request as a push service does (RFC 8292) and returns the claims.
pub(crate) fn claims(pushed: &Pushed, server_key: &str) -> Value {
    let token = pushed.header("authorization").strip_prefix("vapid t=").unwrap();
    let (token, public) = token.split_once(", k=").unwrap();
    assert_eq!(public, server_key, "devices take messages of the key that they subscribed with");
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let octets = decode(signature);
    let number = |octets: &[u8]| BigNum::from_slice(octets).unwrap();
    let signature = EcdsaSig::from_private_components(number(&octets[..32]), number(&octets[32..])).unwrap();
    let (group, mut context) =
        (EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap(), BigNumContext::new().unwrap());
    let point = EcPoint::from_bytes(&group, &decode(public), &mut context).unwrap();
    let key = EcKey::from_public_key(&group, &point).unwrap();
    assert!(signature.verify(&sha256(signed.as_bytes()), &key).unwrap(), "the signature is the key's");
    serde_json::from_slice(&decode(signed.split_once('.').unwrap().1)).unwrap()
}
