//! The public key and the secret of a device, as its browser writes them.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use domain::push::Subscribe;
use openssl::{
    bn::BigNumContext,
    ec::{EcGroup, EcKey, EcPoint},
    error::ErrorStack,
    nid::Nid,
};

use crate::push::PushError;

/// The octets of a public key and of a device's secret (RFC 8291, section 3.1 and 3.2).
const PUBLIC_KEY: usize = 65;
pub(super) const AUTH: usize = 16;

/// URL-safe base64 as browsers write it, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads the keys of a wish.
pub(super) fn check_keys(wish: &Subscribe) -> Result<(Vec<u8>, Vec<u8>), PushError> {
    let (public, auth) = (decoded(&wish.keys.p256dh), decoded(&wish.keys.auth));
    if public.len() != PUBLIC_KEY || !is_point(&public) {
        return Err(PushError::WrongKey("p256dh is not a public key of P-256 in URL-safe base64"));
    }
    if auth.len() != AUTH {
        return Err(PushError::WrongKey("auth is not 16 octets in URL-safe base64"));
    }
    Ok((public, auth))
}

fn is_point(octets: &[u8]) -> bool {
    check_point(octets).is_ok()
}

fn check_point(octets: &[u8]) -> Result<(), ErrorStack> {
    let (group, mut context) = (EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?, BigNumContext::new()?);
    let point = EcPoint::from_bytes(&group, octets, &mut context)?;
    EcKey::from_public_key(&group, &point)?.check_key()
}

pub(super) fn decoded(text: &str) -> Vec<u8> {
    // A text that cannot be read has a wrong length.
    BASE64.decode(text.trim()).unwrap_or_default()
}
