//! `GET /site-plan`, the picture of the complex that the configuration names, for people who are signed in.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{auth::SignedIn, problem::Kind, site::PICTURE_POLICY, state::AppState};

/// Answers with the picture, or with 304 to a browser that has it.
pub(crate) async fn picture(_: SignedIn, State(state): State<AppState>, request: HeaderMap) -> Response {
    answer(&state, &request)
}

/// Returns the answer to somebody who may see the picture.
pub(crate) fn answer(state: &AppState, request: &HeaderMap) -> Response {
    let site_plan = state.settings.site_plan.as_ref();
    let Some(picture) = site_plan.and_then(|site_plan| site_plan.picture.as_ref()) else {
        return Kind::NOT_FOUND.because("IUTSAI_SITE_PLAN names no plan of the complex.").into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(picture.content_type)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PICTURE_POLICY)),
        // Nobody sees it after signing out, not even from a cache.
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    // A weak one, because what goes over the network may be compressed.
    let tag = [(header::ETAG, format!("W/{}", picture.tag))];
    if is_known(request, &picture.tag) {
        return (StatusCode::NOT_MODIFIED, headers, tag).into_response();
    }
    (headers, tag, picture.octets.clone()).into_response()
}

/// Returns whether a client has what `tag` names. This compares weakly (RFC 9110, section 13.1.2).
pub(crate) fn is_known(request: &HeaderMap, tag: &str) -> bool {
    let lists = request.get_all(header::IF_NONE_MATCH).into_iter();
    let mut known =
        lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(',')).map(str::trim);
    known.any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}
