//! Bodies of requests, as JSON or a form, read into one type, with errors that name what to do. A body that careless
//! programs write is read as it was meant, because it may be a call for help.

mod repair;

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
pub(crate) struct Payload<T> {
    /// The value that was read.
    pub value: T,
}

/// A body as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// No body.
    Nothing,
    /// JSON, or text that was announced as JSON.
    Json(Bytes),
    /// The fields of a URL-encoded form.
    Form(Vec<(String, String)>),
    /// Anything else.
    Other,
}

/// Returns whether the headers announce a form. Its answer is a page, not JSON, unless its body is JSON after all.
#[must_use]
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    is_of_type(headers, "application/x-www-form-urlencoded")
}

impl Sent {
    /// Sorts a body. A JSON object is one whatever the content type announces, because `curl -d` announces a form,
    /// `fetch` plain text, and some programs announce nothing. No form of a page begins with a brace.
    fn new(headers: &HeaderMap, body: Bytes) -> Self {
        if repair::is_object(&body) {
            return Self::Json(body);
        }
        if is_form(headers) {
            return Self::Form(form_urlencoded::parse(&body).into_owned().collect());
        }
        if body.is_empty() {
            Self::Nothing
        } else if is_of_type(headers, "application/json") {
            Self::Json(body)
        } else {
            Self::Other
        }
    }

    /// Returns the fields as they were sent, when a form sent them.
    #[must_use]
    pub(crate) fn form(&self) -> Option<&[(String, String)]> {
        if let Self::Form(fields) = self { Some(fields) } else { None }
    }

    /// Reads the body into `T`.
    ///
    /// # Errors
    /// [`Kind::MALFORMED`], [`Kind::INVALID`] or [`Kind::UNSUPPORTED_MEDIA_TYPE`], with what to send.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let value = match self {
            Self::Nothing => object(&[]),
            Self::Form(fields) => object(fields),
            Self::Json(body) => json(body)?,
            Self::Other => {
                return Err(Kind::UNSUPPORTED_MEDIA_TYPE.because(
                    "The body is not a JSON object. Send one with Content-Type: application/json, or a URL-encoded \
                     form.",
                ));
            }
        };
        serde_json::from_value(value).map_err(|error| unreadable(&error))
    }
}

impl<S: Send + Sync> FromRequest<S> for Sent {
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
        Ok(Self::new(&headers, body))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Payload<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let sent = Sent::from_request(request, state).await?;
        Ok(Self { value: sent.read()? })
    }
}

/// Returns the fields of a form as an object. A form has no way to leave a field out, so an empty one counts as absent.
fn object(form: &[(String, String)]) -> Value {
    let filled = form.iter().filter(|(_, value)| !value.is_empty());
    let fields: Map<_, _> = filled.map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    Value::Object(fields)
}

/// Reads JSON, and what almost is JSON after a repair. The error is that of the body as it was sent.
fn json(body: &[u8]) -> Result<Value, Problem> {
    let error = match serde_json::from_slice(body) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    serde_json::from_str(&repair::repaired(body)).map_err(|_| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Data => Kind::INVALID.because(format!("A field is missing or wrong: {error}.")),
        _ => Kind::MALFORMED.because(format!(
            "The body is not JSON: {error}. Send a JSON object, such as {{\"line\":\"101-1\",\"house\":\"1203\"}}."
        )),
    }
}

/// Compares the content type without its parameters.
fn is_of_type(headers: &HeaderMap, wanted: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(content_type: &str, body: &str) -> Sent {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        Sent::new(&headers, Bytes::from(body.to_owned()))
    }

    #[test]
    fn a_json_object_is_read_as_one_under_any_content_type() {
        let forms = "application/x-www-form-urlencoded; charset=UTF-8";
        for content_type in ["", forms, "text/plain;charset=UTF-8", "application/json", "*/*", "nonsense"] {
            for body in ["{\"a\":1}", "\u{feff}{\"a\":1}", " \r\n{\"a\":1}"] {
                let value: Value = sent(content_type, body).read().unwrap();
                assert_eq!(value, serde_json::json!({ "a": 1 }), "{content_type}: {body}");
            }
        }
    }

    #[test]
    fn a_body_that_is_not_an_object_is_read_as_announced() {
        let form = "application/x-www-form-urlencoded";
        assert_eq!(sent(form, "a=1&b=").form().unwrap().len(), 2);
        assert_eq!(sent(form, ""), Sent::Form(Vec::new()));
        assert_eq!(sent("application/json", ""), Sent::Nothing);
        assert_eq!(sent("", "help"), Sent::Other);
        let problem = sent("multipart/form-data; boundary=x", "--x").read::<Value>().unwrap_err();
        assert_eq!(problem.kind, Kind::UNSUPPORTED_MEDIA_TYPE);
        assert!(problem.detail.contains("application/json"));
        assert_eq!(sent("application/json", "{\"a\":").read::<Value>().unwrap_err().kind, Kind::MALFORMED);
    }
}
