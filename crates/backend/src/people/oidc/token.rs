//! The ID token, checked by the library, and the person whom it names.
//!
//! The library checks signature, issuer, audience, expiry and nonce. The signature algorithms are fixed here, whatever
//! the service announces, so neither `none` nor a key of ours counts. The library leaves `azp` to its caller.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IdTokenClaims, IdTokenFields, Nonce, SignatureVerificationError, StandardErrorResponse,
    StandardTokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::settings::Settings;
use crate::clock;

/// The library's client for a service that has been discovered.
pub(super) type Client = openidconnect::Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    ErrorAnswer,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;
/// The answer to a code that is refused.
pub(super) type ErrorAnswer = StandardErrorResponse<CoreErrorResponseType>;
/// The answer to a code that is accepted.
pub(super) type Tokens = StandardTokenResponse<
    IdTokenFields<
        Others,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;
/// The ID token as it came.
pub(super) type IdToken = openidconnect::IdToken<
    Others,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Claims = IdTokenClaims<Others, CoreGenderClaim>;

/// The claims that are not among the standard ones.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Others {
    #[serde(flatten)]
    all: BTreeMap<String, Value>,
}

impl AdditionalClaims for Others {}

/// The greatest age of an ID token, in seconds. The code was asked for just now.
const OLDEST: i64 = 10 * 60;
/// The most that the clock of the service may be ahead of ours, in seconds.
const AHEAD: i64 = 2 * 60;
/// The longest name of a person that never changes, in octets (OpenID Connect Core 1.0, section 2).
const SUBJECT_LIMIT: usize = 255;

/// A person whom the housing service has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The address of the service.
    pub issuer: String,
    /// The name of the person there that never changes.
    pub subject: String,
    /// The value of the claim that names the account here.
    pub account: String,
}

/// The longest name of a claim that is written into the log, in octets.
const CLAIM_NAME_LIMIT: usize = 64;

/// Why an ID token names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Rejected {
    /// It is signed by a key that is not known yet.
    #[error("its key is not among those of the service")]
    UnknownKey,
    /// It is not what was asked for.
    #[error("{0}")]
    Invalid(String),
    /// It does not have the claim.
    #[error("the claim is missing, is not a text, or is not verified")]
    NoAccount,
}

/// Returns the person of an ID token.
///
/// # Errors
/// [`Rejected`].
pub(super) fn person(
    client: &Client,
    token: &IdToken,
    nonce: &Nonce,
    settings: &Settings,
) -> Result<Person, Rejected> {
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs([
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        ])
        .set_issue_time_verifier_fn(|issued_at| is_recent(issued_at.timestamp(), clock::now() / 1000));
    let claims = token.claims(&verifier, nonce).map_err(rejected)?;
    if claims.authorized_party().is_some_and(|party| party.as_str() != settings.client.as_str()) {
        return Err(Rejected::Invalid("it was issued to another client (azp)".into()));
    }
    named(claims, settings)
}

fn rejected(error: ClaimsVerificationError) -> Rejected {
    match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            Rejected::UnknownKey
        }
        ClaimsVerificationError::SignatureVerification(error) => Rejected::Invalid(error.to_string()),
        error => Rejected::Invalid(error.to_string()),
    }
}

/// Checks when a token was issued, in seconds since 1970.
fn is_recent(issued_at: i64, now: i64) -> Result<(), String> {
    let age = now.saturating_sub(issued_at);
    if (-AHEAD..=OLDEST).contains(&age) {
        return Ok(());
    }
    Err(format!("issued {age} s ago; are both clocks right?"))
}

/// Returns the first claim of the ID token in a service's answer whose value the library cannot read, such as an
/// `email` that is a list. Nothing of the token is checked here, so its name is for the log alone.
pub(super) fn unreadable_claim(answer: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let payload = answer.get("id_token")?.as_str()?.split('.').nth(1)?;
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let (claim, _) = payload.as_object()?.iter().find(|(claim, value)| !is_readable(claim, value))?;
    let is_name = claim.len() <= CLAIM_NAME_LIMIT && claim.chars().all(|c| c.is_ascii_graphic());
    is_name.then(|| claim.clone())
}

/// Returns whether the library reads this claim, in a token whose other claims are the least that one must have.
fn is_readable(claim: &str, value: &Value) -> bool {
    let mut all = json!({ "iss": "https://id.example", "sub": "7", "aud": "iutsai", "exp": 2, "iat": 1 });
    all[claim] = value.clone();
    serde_json::from_value::<Claims>(all).is_ok()
}

/// Reads the person from checked claims.
fn named(claims: &Claims, settings: &Settings) -> Result<Person, Rejected> {
    let subject = claims.subject().as_str();
    if subject.is_empty() || subject.len() > SUBJECT_LIMIT || subject.chars().any(char::is_control) {
        return Err(Rejected::Invalid("its subject cannot be kept".into()));
    }
    let all = serde_json::to_value(claims).map_err(|error| Rejected::Invalid(error.to_string()))?;
    let account = account(&all, &settings.claim).ok_or(Rejected::NoAccount)?;
    Ok(Person {
        issuer: settings.issuer.as_str().to_owned(),
        subject: subject.to_owned(),
        account: account.to_owned(),
    })
}

/// Returns the value of a claim that is a text. An address that the service has not verified is nobody's.
fn account<'a>(claims: &'a Value, claim: &str) -> Option<&'a str> {
    let is_verified = match claim {
        "email" | "phone_number" => claims[format!("{claim}_verified")] == Value::Bool(true),
        _ => true,
    };
    claims.get(claim).and_then(Value::as_str).filter(|value| is_verified && !value.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn claims(more: &Value) -> Claims {
        let mut all = json!({ "iss": "https://id.example", "sub": "7", "aud": "iutsai", "exp": 2, "iat": 1 });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn of(claim: &str, more: &Value) -> Result<String, Rejected> {
        let settings =
            Settings::new("https://id.example", "iutsai", "s3cret", claim, "https://iutsai.example/back");
        named(&claims(more), &settings.unwrap()).map(|person| person.account)
    }

    #[test]
    fn a_claim_is_found_among_the_standard_ones_and_the_others() {
        let more = json!({ "preferred_username": "kim", "iutsai_account": "resident-1203", "age": 40 });
        assert_eq!(of("sub", &more), Ok("7".into()));
        assert_eq!(of("preferred_username", &more), Ok("kim".into()));
        assert_eq!(of("iutsai_account", &more), Ok("resident-1203".into()));
        for missing in ["nickname", "age", "aud", ""] {
            assert_eq!(of(missing, &more), Err(Rejected::NoAccount), "{missing}");
        }
    }

    #[test]
    fn an_address_counts_only_where_the_service_has_verified_it() {
        let with = |verified: Value| json!({ "email": "kim@id.example", "email_verified": verified });
        assert_eq!(of("email", &with(json!(true))), Ok("kim@id.example".into()));
        assert_eq!(of("email", &with(json!(false))), Err(Rejected::NoAccount));
        assert_eq!(of("email", &json!({ "email": "kim@id.example" })), Err(Rejected::NoAccount));
        let phone = json!({ "phone_number": "+821012345678", "phone_number_verified": true });
        assert_eq!(of("phone_number", &phone), Ok("+821012345678".into()));
    }

    #[test]
    fn a_claim_of_another_type_than_the_standard_gives_it_is_named_and_its_value_is_not() {
        let answer = |claims: &Value| {
            let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).unwrap());
            let answer = json!({ "access_token": "a", "id_token": format!("e30.{payload}.c2ln") });
            unreadable_claim(&serde_json::to_vec(&answer).unwrap())
        };
        for (claim, value) in [
            ("email", json!(["kim@id.example"])),
            ("email", json!(7)),
            ("email_verified", json!({})),
            ("exp", json!("soon")),
            ("iss", json!(7)),
            ("name", json!([])),
        ] {
            let claims = json!({ "sub": "7", "iutsai_account": ["own"], claim: value });
            assert_eq!(answer(&claims).as_deref(), Some(claim), "{claims}");
        }
        assert_eq!(answer(&json!({ "sub": "7", "email": "kim@id.example", "age": [40] })), None);
        assert_eq!(answer(&json!(["email"])), None);
        for other in ["", "{}", r#"{"id_token":7}"#, r#"{"id_token":"a.b.c"}"#, r#"{"id_token":"a"}"#] {
            assert_eq!(unreadable_claim(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_token_of_another_time_is_not_taken() {
        for good in [1_000, 1_000 - OLDEST, 1_000 + AHEAD] {
            assert_eq!(is_recent(good, 1_000), Ok(()), "{good}");
        }
        for wrong in [999 - OLDEST, 1_001 + AHEAD, i64::MIN, i64::MAX] {
            assert!(is_recent(wrong, 1_000).is_err(), "{wrong}");
        }
    }
}
