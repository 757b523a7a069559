//! The browser's files. They are compressed beforehand where there is a `.br` beside them, and never older than the
//! server.

use std::path::Path;

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderValue, header};
use tower_http::services::ServeDir;

/// The policy of a picture. It may use its own styles; an SVG that is opened as a page runs nothing and loads nothing.
pub const PICTURE_POLICY: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// The files of `directory`; `otherwise` answers for what is not there.
pub fn files<S>(directory: &Path, otherwise: S) -> ServeDir<S> {
    ServeDir::new(directory)
        .precompressed_br()
        .append_index_html_on_directories(false)
        .call_fallback_on_method_not_allowed(true)
        .fallback(otherwise)
}

/// Middleware. Code is asked for anew each time (304 when it is unchanged), so that wasm, script and page always fit
/// together, because their names carry no version. Pictures may be a day old.
pub async fn cache(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let lasts =
        [".png", ".svg", ".ico", ".jpg", ".webp", ".woff2"].iter().any(|ending| path.ends_with(ending));
    let is_svg = path.ends_with(".svg");
    let mut response = next.run(request).await;
    if response.status().is_success() || response.status() == http::StatusCode::NOT_MODIFIED {
        let value = HeaderValue::from_static(if lasts { "public, max-age=86400" } else { "no-cache" });
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(value);
        if is_svg {
            let policy = HeaderValue::from_static(PICTURE_POLICY);
            response.headers_mut().entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
        }
    }
    response
}
