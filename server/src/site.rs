//! The browser's files. They are compressed beforehand where there is a `.br` beside them, and never older than the
//! server.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderValue, header};
use tower_http::services::ServeDir;

/// The policy of a picture. It may use its own styles; an SVG that is opened as a page runs nothing and loads nothing.
pub(crate) const PICTURE_POLICY: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// The files of `directory`; `otherwise` answers for what is not there.
pub(crate) fn files<S>(directory: &Path, otherwise: S) -> ServeDir<S> {
    ServeDir::new(directory)
        .precompressed_br()
        .append_index_html_on_directories(false)
        .call_fallback_on_method_not_allowed(true)
        .fallback(otherwise)
}

/// The version of the site's files, for as long as the list that names it is the one that was there at the start.
#[derive(Clone, Debug)]
pub(crate) struct Version(Arc<Listed>);

#[derive(Debug)]
struct Listed {
    list: PathBuf,
    written: SystemTime,
    query: String,
}

impl Version {
    /// Returns the version of the files of `directory`; none where nothing lists them (`script/site-version.mjs`).
    #[must_use]
    pub(crate) fn of(directory: &Path) -> Option<Self> {
        let list = directory.join("site.json");
        let written = fs::metadata(&list).and_then(|about| about.modified()).ok()?;
        let content: serde_json::Value = serde_json::from_slice(&fs::read(&list).ok()?).ok()?;
        let query = format!("v={}", content.get("version")?.as_str()?);
        Some(Self(Arc::new(Listed { list, written, query })))
    }

    /// Returns whether an address with this query names the version, and the files on the disk are still of it.
    async fn is_named_by(&self, query: Option<&str>) -> bool {
        let Listed { list, written, query: own } = &*self.0;
        if query != Some(own.as_str()) {
            return false;
        }
        let found = tokio::fs::metadata(list).await.and_then(|about| about.modified());
        found.is_ok_and(|found| found == *written)
    }
}

/// Middleware. A file whose address names the version of the files as they are never changes. Other code is asked for
/// anew each time (304 when it is unchanged), so that wasm, script and page always fit together. Pictures may be a day
/// old.
pub(crate) async fn cache(State(version): State<Option<Version>>, request: Request, next: Next) -> Response {
    let query = request.uri().query();
    let stays = match &version {
        Some(version) => version.is_named_by(query).await,
        None => false,
    };
    let path = request.uri().path();
    let lasts =
        [".png", ".svg", ".ico", ".jpg", ".webp", ".woff2"].iter().any(|ending| path.ends_with(ending));
    let is_svg = path.ends_with(".svg");
    let mut response = next.run(request).await;
    if response.status().is_success() || response.status() == http::StatusCode::NOT_MODIFIED {
        let value = HeaderValue::from_static(match (stays, lasts) {
            (true, _) => "public, max-age=31536000, immutable",
            (false, true) => "public, max-age=86400",
            (false, false) => "no-cache",
        });
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(value);
        if is_svg {
            let policy = HeaderValue::from_static(PICTURE_POLICY);
            response.headers_mut().entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
        }
    }
    response
}
