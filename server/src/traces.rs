//! The span of a command, which the rest of its trace is a part of.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use backend::traces;
use domain::header;

/// Middleware of the commands. The span is a part of the trace that the request names, and has no more of the request
/// than its method and its route.
pub(crate) async fn trace(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let traceparent = request.headers().get(header::TRACEPARENT).and_then(|value| value.to_str().ok());
    let begun = traces::Request::begin(request.method().as_str(), route, traceparent);
    let Some(span) = begun else { return next.run(request).await };
    let response = span.trace().scope(next.run(request)).await;
    span.answered(response.status().as_u16());
    response
}
