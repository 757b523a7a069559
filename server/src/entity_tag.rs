//! Entity tags (RFC 9110, section 8.8.3), by which a client asks whether it has the newest version of something.

use http::{HeaderMap, header};

/// Returns a weak tag, because what goes over the network may be compressed.
pub(crate) fn weak(tag: &str) -> String {
    format!("W/{tag}")
}

/// Returns whether a client has what `tag` names. This compares weakly (RFC 9110, section 13.1.2).
pub(crate) fn is_known(request: &HeaderMap, tag: &str) -> bool {
    let lists = request.get_all(header::IF_NONE_MATCH).into_iter();
    let mut known =
        lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(',')).map(str::trim);
    known.any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}
