//! The pages that may make a browser send commands to this server, which are its own, and the allowed ones. One rule
//! judges commands and the WebSocket upgrade. tower-http's `csrf` layer has a rule like it, but compares hosts octet by
//! octet and knows no schemes of applications.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, uri::Authority};
use tower_http::cors::CorsLayer;

use crate::{
    config::Settings,
    problem::{Kind, Problem},
};

/// Where the page is that asks, as the browser sees it (Fetch Metadata, section 2.3). No script can set it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const OWN_PAGE: &str = "same-origin";
/// The value for a request without a page, when a person typed the address.
const NO_PAGE: &str = "none";
/// The time for which a browser may keep the answer to a preflight.
const PREFLIGHT_LASTS: Duration = Duration::from_secs(60 * 60);

/// The origins whose pages may call.
#[derive(Clone, Debug)]
pub struct Origins(Arc<[String]>);

impl Origins {
    /// Takes the public one and those that were allowed; the server's own (`Host`) is always one.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        settings.public_origin.iter().chain(&settings.allowed_origins).cloned().collect::<Vec<_>>().into()
    }

    /// Refuses a command of another site's page. Where the browser states that the page is of this site, the host does
    /// not matter, because a proxy may have changed it, nor a hidden origin (`null`).
    ///
    /// # Errors
    /// [`Kind::FOREIGN_ORIGIN`], naming what to set.
    pub fn check_command(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let passes = match text(headers, SEC_FETCH_SITE).unwrap_or_default() {
            OWN_PAGE | NO_PAGE => true,
            "" => self.fits(uri, headers),
            _ => self.is_allowed(origin_of(headers)),
        };
        if passes { Ok(()) } else { Err(refusal()) }
    }

    /// Refuses the upgrade of a socket for a page of another site. The browser's word counts only in favour of the page,
    /// because browsers do not agree whether `wss` and `https` are one site.
    ///
    /// # Errors
    /// [`Kind::FOREIGN_ORIGIN`], naming what to set.
    pub fn check_upgrade(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let is_own = matches!(text(headers, SEC_FETCH_SITE), Some(OWN_PAGE | NO_PAGE));
        if is_own || self.fits(uri, headers) { Ok(()) } else { Err(refusal()) }
    }

    /// Returns whether the origin, where one is sent, is that of the host or allowed.
    fn fits(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let origin = origin_of(headers);
        let host = uri.authority().map(Authority::as_str).or_else(|| text(headers, header::HOST));
        origin.is_none()
            || self.is_allowed(origin)
            || origin.zip(host).is_some_and(|(origin, host)| is_of_host(origin, host))
    }

    fn is_allowed(&self, origin: Option<&str>) -> bool {
        origin.is_some_and(|origin| self.0.iter().any(|allowed| allowed == origin))
    }
}

impl From<Vec<String>> for Origins {
    fn from(origins: Vec<String>) -> Self {
        Self(origins.into())
    }
}

/// Returns the layer that answers preflights and lets the pages of `allowed` read answers (Fetch, "CORS protocol"); `None`
/// without such pages.
pub(crate) fn cors_layer(allowed: &[String]) -> Option<CorsLayer> {
    let origins: Vec<_> = allowed.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let idempotency_key = HeaderName::from_static(domain::header::IDEMPOTENCY_KEY);
    let traceparent = HeaderName::from_static(domain::header::TRACEPARENT);
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            idempotency_key,
            traceparent,
        ])
        .expose_headers([header::DATE, header::LOCATION, header::RETRY_AFTER])
        .max_age(PREFLIGHT_LASTS);
    Some(layer)
}

/// Middleware. Checks every method that changes something. The upgrade checks itself.
pub(crate) async fn check_origin(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    match if safe { Ok(()) } else { origins.check_command(request.uri(), request.headers()) } {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn origin_of(headers: &HeaderMap) -> Option<&str> {
    text(headers, header::ORIGIN).filter(|origin| !origin.is_empty())
}

/// Returns a header; one that is not text is as foreign as `null`.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("null"))
}

/// Returns whether an origin is that of the host. Either may name the scheme's usual port, which some proxies add.
fn is_of_host(origin: &str, host: &str) -> bool {
    let (asked_by, port) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(asked_by), _) => (asked_by, ":443"),
        (None, Some(asked_by)) => (asked_by, ":80"),
        (None, None) => return false,
    };
    let bare = |authority: &str| authority.strip_suffix(port).unwrap_or(authority).to_ascii_lowercase();
    !asked_by.is_empty() && bare(asked_by) == bare(host)
}

fn refusal() -> Problem {
    Kind::FOREIGN_ORIGIN.because(
        "The request came from a page of another site. If that site is yours, set IUTSAI_PUBLIC_URL to the address that \
         browsers use, or add its origin to IUTSAI_ALLOWED_ORIGINS.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, origin: Option<&str>, site: Option<&str>) -> [bool; 2] {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        for (name, value) in [(header::ORIGIN, origin), (SEC_FETCH_SITE, site)] {
            value.map(|value| headers.insert(name, value.parse().unwrap()));
        }
        let allowed = vec!["https://iutsai.example".to_owned(), "capacitor://localhost".to_owned()];
        let (origins, uri) = (Origins::from(allowed), Uri::from_static("/alert"));
        [origins.check_command(&uri, &headers).is_ok(), origins.check_upgrade(&uri, &headers).is_ok()]
    }

    fn passes(host: &str, origin: Option<&str>, site: Option<&str>) -> bool {
        let [command, upgrade] = check(host, origin, site);
        assert_eq!(command, upgrade, "{host} {origin:?} {site:?}");
        command
    }

    #[test]
    fn only_the_own_and_the_allowed_origins_pass_and_what_is_no_browser() {
        let host = "127.0.0.1:3000";
        assert!(passes(host, None, None));
        assert!(passes(host, Some("http://127.0.0.1:3000"), None));
        for allowed in ["https://iutsai.example", "capacitor://localhost"] {
            assert!(passes(host, Some(allowed), None) && passes(host, Some(allowed), Some("cross-site")));
        }
        for foreign in
            ["null", "https://iutsai.example.evil", "http://127.0.0.1:3001", "127.0.0.1:3000", "https://"]
        {
            assert!(!passes(host, Some(foreign), None), "{foreign}");
            assert!(!passes(host, Some(foreign), Some("cross-site")), "{foreign}");
        }
    }

    #[test]
    fn the_browsers_header_about_the_page_comes_first() {
        assert!(passes("internal:3000", Some("null"), Some("same-origin")));
        assert!(passes("internal:3000", Some("https://x.example"), Some("same-origin")));
        assert!(passes("x.example", None, Some("none")));
        for site in ["cross-site", "same-site", "nonsense"] {
            assert!(!passes("x.example", Some("https://y.example"), Some(site)), "{site}");
            assert_eq!(check("x.example", Some("https://x.example"), Some(site)), [false, true], "{site}");
            assert_eq!(check("x.example", None, Some(site)), [false, true], "{site}");
        }
    }

    #[test]
    fn the_usual_port_may_be_named() {
        for (host, origin) in [
            ("x:443", "https://x"),
            ("x", "https://x:443"),
            ("X", "https://x"),
            ("x:80", "http://x"),
            ("[::1]:443", "https://[::1]"),
        ] {
            assert!(passes(host, Some(origin), None), "{origin} at {host}");
        }
        for (host, origin) in
            [("x:80", "https://x"), ("x:443", "http://x"), ("x:8443", "https://x"), ("y:443", "https://x")]
        {
            assert!(!passes(host, Some(origin), None), "{origin} at {host}");
        }
    }
}
