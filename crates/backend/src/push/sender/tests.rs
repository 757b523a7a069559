//! The meaning of a push service's answers, and the encryption of the standard.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;

#[test]
fn an_answer_decides_if_another_attempt_is_worth_it() {
    let pause = Some(Duration::from_secs(7));
    for (status, outcome) in [
        (200, Outcome::Accepted),
        (201, Outcome::Accepted),
        (404, Outcome::Gone),
        (410, Outcome::Gone),
        (429, Outcome::Again(pause)),
        (500, Outcome::Again(pause)),
        (503, Outcome::Again(pause)),
        (301, Outcome::Refused(301)),
        (400, Outcome::Refused(400)),
        (403, Outcome::Refused(403)),
        (413, Outcome::Refused(413)),
    ] {
        assert_eq!(Outcome::of(StatusCode::from_u16(status).unwrap(), pause), outcome, "{status}");
    }
}

/// The message of RFC 8291, section 5.
#[test]
fn the_message_of_the_standard_is_read_and_our_own_can_be_read_by_its_device() {
    let octets = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let private = octets("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94");
    let public =
        octets("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
    let auth = octets("BTBZMqHH6r4Tts7J_aSIgg");
    let message = octets(concat!(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz",
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
    ));
    let device = ece::EcKeyComponents::new(private, public.clone());
    let text = ece::decrypt(&device, &auth, &message).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "When I grow up, I want to be a watermelon");
    let ours = ece::encrypt(&public, &auth, b"a call").unwrap();
    assert_eq!(ece::decrypt(&device, &auth, &ours).unwrap(), b"a call");
    assert!(!ours.windows(6).any(|octets| octets == b"a call"));
}
