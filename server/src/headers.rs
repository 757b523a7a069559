//! The headers that limit what a page may do in a browser, to little beyond what it needs.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, header, uri::Authority};

use crate::{auth, client_address::ClientAddress, config::TileSource, state::AppState};

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The policy of answers that are not pages, which load nothing. A service worker is bound by the policy of its own
/// script, hence 'self'.
const FILE_POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Middleware. Adds the headers that every answer carries. A page brings its own Content-Security-Policy.
pub(crate) async fn add(
    State(state): State<AppState>,
    client: ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Tile servers ask for a Referer; the address of a call stays here.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers.insert(
        PERMISSIONS_POLICY,
        HeaderValue::from_static("geolocation=(self), camera=(), microphone=(), payment=(), usb=()"),
    );
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(FILE_POLICY));
    if auth::is_secure(&state, client) {
        let two_years = HeaderValue::from_static("max-age=63072000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, two_years);
    }
    response
}

/// The Content-Security-Policy (CSP Level 3) of a page whose scripts carry `nonce`.
#[must_use]
pub(crate) fn page_policy(nonce: &str, request: &HeaderMap, tiles: Option<&TileSource>) -> HeaderValue {
    // Not every browser takes 'self' for WebSockets of the same host (CSP issue 7), so they are named.
    let host = request.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let sockets = host.map(|host| format!(" ws://{host} wss://{host}")).unwrap_or_default();
    let tiles = tiles.map(|tiles| format!(" {}", tiles.origin)).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:{tiles}; connect-src 'self'{sockets}; font-src 'self'; manifest-src 'self'; \
         media-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         object-src 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(FILE_POLICY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reaches_its_own_host_and_the_tiles_and_nobody_else() {
        let mut request = HeaderMap::new();
        request.insert(header::HOST, "127.0.0.1:3000".parse().unwrap());
        let tiles = TileSource {
            url: "https://{s}.tiles.example/{z}/{x}/{y}.png".into(),
            attribution: String::new(),
            origin: "https://*.tiles.example".into(),
        };
        let policy = page_policy("abc", &request, Some(&tiles));
        let policy = policy.to_str().unwrap();
        assert!(policy.contains("script-src 'self' 'nonce-abc' 'wasm-unsafe-eval';"), "{policy}");
        assert!(policy.contains("connect-src 'self' ws://127.0.0.1:3000 wss://127.0.0.1:3000;"), "{policy}");
        assert!(policy.contains("img-src 'self' data: https://*.tiles.example;"), "{policy}");
    }

    #[test]
    fn a_host_that_is_none_adds_nothing_to_the_policy() {
        let mut request = HeaderMap::new();
        request.insert(header::HOST, "a; script-src *".parse().unwrap());
        let policy = page_policy("abc", &request, None);
        assert!(policy.to_str().unwrap().contains("connect-src 'self';"));
    }
}
