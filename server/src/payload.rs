//! Bodies of requests: JSON or a form, read into one type, with errors that say what to do.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, error::Category};
use url::form_urlencoded;

use crate::problem::{Kind, Problem};

/// A body read into `T`. No body at all reads like an empty object.
pub struct Payload<T> {
    /// What it says.
    pub value: T,
    /// The fields as they were sent, when a form sent them.
    pub form: Option<Vec<(String, String)>>,
}

/// Whether a form sends this: its answer is a page, not JSON.
#[must_use]
pub fn is_form(headers: &HeaderMap) -> bool {
    essence(headers).is_some_and(|essence| essence.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Payload<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await.map_err(|error| {
            if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Kind::TOO_LARGE.because("The body may have at most 64 KiB; a call needs far less.")
            } else {
                Kind::MALFORMED.because(format!("The body broke off: {error}. Send it again."))
            }
        })?;
        if is_form(&headers) {
            let form: Vec<_> = form_urlencoded::parse(&body).into_owned().collect();
            return Ok(Self { value: read_form(&form)?, form: Some(form) });
        }
        let is_json =
            essence(&headers).is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
        if body.is_empty() {
            return Ok(Self { value: read_form(&[])?, form: None });
        }
        if !is_json {
            return Err(Kind::UNSUPPORTED_MEDIA_TYPE
                .because("Send JSON with Content-Type: application/json, or a URL-encoded form."));
        }
        Ok(Self { value: serde_json::from_slice(&body).map_err(|error| unreadable(&error))?, form: None })
    }
}

/// A form has no way to leave a field out, so an empty one counts as absent.
fn read_form<T: DeserializeOwned>(form: &[(String, String)]) -> Result<T, Problem> {
    let filled = form.iter().filter(|(_, value)| !value.is_empty());
    let fields: Map<_, _> = filled.map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    serde_json::from_value(Value::Object(fields)).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Data => Kind::INVALID.because(format!("A field is missing or wrong: {error}.")),
        _ => Kind::MALFORMED.because(format!("The body is not JSON: {error}.")),
    }
}

/// The content type without its parameters.
fn essence(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}
