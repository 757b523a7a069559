//! The upgrade of a request to a WebSocket (RFC 6455, section 4.2).

use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request};
use hyper::upgrade::OnUpgrade;
use hyper_util::{rt::TokioIo, server::conn::auto::upgrade};
use sha1::{Digest, Sha1};
use stomp::Version;

use crate::connections::ClientStream;

/// A server shows with this that it has understood the key (section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request that can be upgraded.
pub(super) struct Handshake {
    accept: HeaderValue,
    subprotocol: Option<&'static str>,
    on_upgrade: OnUpgrade,
}

impl Handshake {
    /// Takes the upgrade out of a request; `None` if the request asks for no WebSocket, or for another version of it.
    pub(super) fn of(parts: &mut request::Parts) -> Option<Self> {
        let headers = &parts.headers;
        let is_one = parts.method == Method::GET
            && has(headers, header::CONNECTION, "upgrade")
            && has(headers, header::UPGRADE, "websocket")
            && has(headers, header::SEC_WEBSOCKET_VERSION, "13");
        let accept = accept(headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_one)?.as_bytes())?;
        let offers = |subprotocol: &&str| has(headers, header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
        let subprotocol = Version::SUPPORTED.map(Version::subprotocol).into_iter().find(offers);
        Some(Self { accept, subprotocol, on_upgrade: parts.extensions.remove::<OnUpgrade>()? })
    }

    /// Returns the answer.
    pub(super) fn answer(&self) -> Response {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept.clone());
        if let Some(subprotocol) = self.subprotocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
        }
        response
    }

    /// Waits until the answer is written, and returns the connection with what the client has sent behind the request;
    /// `None` if the connection ended before.
    pub(super) async fn finish(self) -> Option<(ClientStream, Bytes)> {
        let upgraded = self.on_upgrade.await;
        let upgraded =
            upgraded.inspect_err(|error| tracing::debug!(%error, "a socket was not upgraded")).ok()?;
        match upgrade::downcast::<TokioIo<ClientStream>>(upgraded) {
            Ok(parts) => Some((parts.io.into_inner(), parts.read_buf)),
            Err(_) => {
                tracing::error!("an upgraded connection is not one of the listener's, so it is closed");
                None
            }
        }
    }
}

/// Returns the proof that the key was understood (section 4.2.2).
fn accept(key: &[u8]) -> Option<HeaderValue> {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    HeaderValue::from_str(&STANDARD.encode(digest)).ok()
}

/// Returns whether a header lists a word, whatever its case.
fn has(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|listed| listed.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_has_its_proof() {
        let proof = accept(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        assert_eq!(proof, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_header_is_a_list_of_words() {
        let mut headers = HeaderMap::new();
        headers.append(header::CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        headers.append(header::CONNECTION, HeaderValue::from_static("x"));
        for (word, expected) in
            [("upgrade", true), ("keep-alive", true), ("x", true), ("up", false), ("", false)]
        {
            assert_eq!(has(&headers, header::CONNECTION, word), expected, "{word}");
        }
        assert!(!has(&headers, header::UPGRADE, "websocket"));
    }
}
