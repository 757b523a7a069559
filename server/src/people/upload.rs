//! A table as a form or a program sends it, which is a file or text.

use app::pages::people::Wrong;
use axum::{
    body::Bytes,
    extract::{FromRequest, Multipart, Request},
};
use backend::people::import::TABLE_LIMIT;
use http::header;
use url::form_urlencoded;

/// The longest body of a form with a table, in bytes. Letters of Korean take three times their size in one.
pub(crate) const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// A table, and the digest of its preview where its import is confirmed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Upload {
    pub(super) table: Vec<u8>,
    pub(super) digest: Option<String>,
}

/// Reads the form of the import page.
///
/// # Errors
/// [`Wrong::TooLarge`], or [`Wrong::BrokeOff`].
pub(super) async fn read(request: Request) -> Result<Upload, Wrong> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_multipart = content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/"));
    let upload = if is_multipart { of_parts(request).await? } else { of_fields(request).await? };
    if upload.table.len() > TABLE_LIMIT { Err(Wrong::TooLarge) } else { Ok(upload) }
}

async fn of_fields(request: Request) -> Result<Upload, Wrong> {
    let body = Bytes::from_request(request, &()).await.map_err(|error| wrong(error.status()))?;
    let mut upload = Upload::default();
    for (name, value) in form_urlencoded::parse(&body) {
        match &*name {
            "csv" => upload.table = value.into_owned().into_bytes(),
            "digest" if !value.is_empty() => upload.digest = Some(value.into_owned()),
            _ => {}
        }
    }
    Ok(upload)
}

/// A chosen file goes before text, which a form sends as well.
async fn of_parts(request: Request) -> Result<Upload, Wrong> {
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| Wrong::BrokeOff)?;
    let (mut file, mut text) = (Bytes::new(), Bytes::new());
    while let Some(field) = parts.next_field().await.map_err(|error| wrong(error.status()))? {
        let is_file = match field.name() {
            Some("file") => true,
            Some("csv") => false,
            _ => continue,
        };
        let octets = field.bytes().await.map_err(|error| wrong(error.status()))?;
        *(if is_file { &mut file } else { &mut text }) = octets;
    }
    let table = if file.is_empty() { text } else { file };
    Ok(Upload { table: table.to_vec(), digest: None })
}

fn wrong(status: http::StatusCode) -> Wrong {
    if status == http::StatusCode::PAYLOAD_TOO_LARGE { Wrong::TooLarge } else { Wrong::BrokeOff }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    async fn sent(content_type: &str, body: &str) -> Result<Upload, Wrong> {
        let request =
            Request::post("/").header(header::CONTENT_TYPE, content_type).body(Body::from(body.to_owned()));
        read(request.expect("a request")).await
    }

    #[tokio::test]
    async fn a_file_goes_before_text_and_a_confirmed_table_has_a_digest() {
        let part = |name: &str, text: &str| {
            format!(
                "--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.csv\"\r\n\r\n{text}\r\n"
            )
        };
        let type_ = "multipart/form-data; boundary=x";
        let both = format!("{}{}--x--\r\n", part("file", "line\n1"), part("csv", "line\n2"));
        assert_eq!(sent(type_, &both).await.map(|upload| upload.table), Ok(b"line\n1".to_vec()));
        let text = format!("{}{}--x--\r\n", part("file", ""), part("csv", "line\n2"));
        assert_eq!(sent(type_, &text).await.map(|upload| upload.table), Ok(b"line\n2".to_vec()));
        assert_eq!(sent(type_, "--x\r\nbroken").await, Err(Wrong::BrokeOff));
        let confirmed = sent("application/x-www-form-urlencoded", "csv=line%0A1&digest=abc").await;
        assert_eq!(confirmed, Ok(Upload { table: b"line\n1".to_vec(), digest: Some("abc".into()) }));
        let long = format!("csv={}", "x".repeat(TABLE_LIMIT + 1));
        assert_eq!(sent("application/x-www-form-urlencoded", &long).await, Err(Wrong::TooLarge));
    }
}
