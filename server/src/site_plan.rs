//! `GET /site-plan`, the picture of the complex that the configuration names, for people who are signed in.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{auth::SignedIn, entity_tag, problem::Kind, site::PICTURE_POLICY, state::AppState};

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
    let tag = [(header::ETAG, entity_tag::weak(&picture.tag))];
    if entity_tag::is_known(request, &picture.tag) {
        return (StatusCode::NOT_MODIFIED, headers, tag).into_response();
    }
    (headers, tag, picture.octets.clone()).into_response()
}
