//! The key of a command, as the header or the form's field has it.

use domain::header;
use http::{HeaderMap, HeaderName};
use uuid::Uuid;

use crate::problem::{Kind, Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static(header::IDEMPOTENCY_KEY);
/// The form's field that stands for the header, which a form cannot send.
pub(super) const KEY_FIELD: &str = "idempotencyKey";

/// Reads the `Idempotency-Key` of the header or of the form's field. A person cannot mend the field, so one that cannot be
/// used counts as none.
pub(super) fn key(headers: &HeaderMap, form: &[(String, String)]) -> Result<Option<Uuid>, Problem> {
    let wrong = || {
        Kind::KEY_INVALID.because(
            "The Idempotency-Key must be one UUID that the client makes new for each command and keeps for its retries. \
             Send such a key, or none.",
        )
    };
    let mut of_header = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (of_header.next(), of_header.next()) {
        (Some(_), Some(_)) => Err(wrong()),
        (Some(value), None) => value.to_str().ok().and_then(usable).ok_or_else(wrong),
        (None, _) => {
            let field = form.iter().find(|(name, _)| name == KEY_FIELD);
            Ok(field.and_then(|(_, value)| usable(value)).flatten())
        }
    }
}

/// Reads a key, with or without the quotes of a structured field (RFC 9651, section 3.3.3). Any UUID is one, except nil
/// and max, which programs without a key write.
fn usable(text: &str) -> Option<Option<Uuid>> {
    let bare = text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text.trim());
    if bare.is_empty() {
        return Some(None);
    }
    let key = Uuid::try_parse(bare).ok()?;
    Some(Some(key).filter(|key| !key.is_nil() && !key.is_max()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_key(value: &str) -> Result<Option<Uuid>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, value.parse().unwrap());
        key(&headers, &[])
    }

    #[test]
    fn a_key_is_any_uuid_quoted_or_bare() {
        for text in [
            "0190f8a0-0000-7000-8000-000000000000",
            "5a0d9d6c-6a5e-4c5a-9d53-0f3f6f1f2a10",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        ] {
            let key: Uuid = text.parse().unwrap();
            assert_eq!(header_key(text), Ok(Some(key)));
            assert_eq!(header_key(&format!("\"{text}\"")), Ok(Some(key)));
            assert_eq!(header_key(&text.to_uppercase()), Ok(Some(key)));
        }
        for wrong in ["1", "a key", "0190f8a0-0000-7000-8000"] {
            assert_eq!(header_key(wrong).unwrap_err().kind, Kind::KEY_INVALID, "{wrong}");
        }
    }

    #[test]
    fn nil_and_max_and_nothing_are_no_key() {
        assert_eq!(key(&HeaderMap::new(), &[]), Ok(None));
        for none in [String::new(), "\"\"".into(), Uuid::nil().to_string(), Uuid::max().to_string()] {
            assert_eq!(header_key(&none), Ok(None), "{none}");
        }
    }

    #[test]
    fn a_form_sends_its_key_in_a_field() {
        let id = Uuid::now_v7();
        let form = [(KEY_FIELD.to_owned(), id.to_string())];
        assert_eq!(key(&HeaderMap::new(), &form), Ok(Some(id)));
        assert_eq!(key(&HeaderMap::new(), &[(KEY_FIELD.to_owned(), String::new())]), Ok(None));
    }

    #[test]
    fn a_field_that_is_no_key_does_not_refuse_a_persons_press() {
        for wrong in ["", "1", "00000000-0000-0000-0000-000000000000"] {
            let form = [(KEY_FIELD.to_owned(), wrong.to_owned())];
            assert_eq!(key(&HeaderMap::new(), &form), Ok(None), "{wrong}");
        }
    }
}
