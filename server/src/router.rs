//! Every route, and the layers around them.

use app::page_table::PAGES;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware,
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use domain::Progress;
use http::{HeaderName, Method, StatusCode, header};
use tower::ServiceExt;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    trace::TraceLayer,
};

use crate::{
    auth, commands,
    config::SITE_PLAN_ADDRESS,
    connections, figures, headers, health, metrics, openapi, origin, pages,
    problem::{Kind, Problem, role_absent},
    push,
    runtimes::{Handles, RunOn},
    sign_in, site, site_plan, socket,
    state::AppState,
};

/// The longest body, in bytes: a call of 1 000 characters needs a tenth.
const BODY_LIMIT: usize = 64 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The whole service. Commands run where the router runs, and so does what takes no time.
pub fn router(state: AppState, runtimes: &Handles) -> Router {
    let (on_sockets, on_pages) = (RunOn(runtimes.sockets.clone()), RunOn(runtimes.pages.clone()));
    let cors = origin::cors_layer(&state.settings.allowed_origins);
    let commands = Router::new()
        .route("/alert", post(commands::press))
        .route("/accept", post(commands::accept))
        .route("/alert/{id}/location", post(commands::locate))
        .merge(progress())
        .route_layer(middleware::from_fn_with_state(state.clone(), needs_producer));
    let others = Router::new()
        .route("/api/session", post(sign_in::start_session))
        .route("/api/session", get(sign_in::tell_session))
        .route("/api/session", delete(sign_in::end_session))
        .route("/sign-in", post(sign_in::form_sign_in))
        .route("/sign-out", post(sign_in::form_sign_out))
        .route(SITE_PLAN_ADDRESS, get(site_plan::picture))
        .route("/api/statistics", get(figures::json))
        .route("/api/statistics.csv", get(figures::table))
        .route("/api/incidents.csv", get(figures::calls))
        .route("/api/push/key", get(push::key))
        .route("/api/push/subscriptions", get(push::list).post(push::subscribe))
        .route("/api/push/subscriptions/{id}", delete(push::remove))
        .route("/api/push/subscriptions/{id}/test", post(push::test))
        .route("/api/push/subscriptions/{id}/shown", post(push::shown))
        .route("/metrics", get(metrics::for_administrators))
        .route("/openapi.json", get(openapi::document))
        .merge(pages())
        .layer(CompressionLayer::new())
        .layer(on_pages.clone());
    let sockets: Router<AppState> = Router::new().route("/an-ws", get(socket::upgrade)).layer(on_sockets);
    let router = commands
        .merge(others)
        .merge(sockets)
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback_service(elsewhere_files(&state, on_pages))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(state.origins.clone(), origin::check_origin))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(state.clone(), auth::renew_cookie))
        .layer(metrics::layer());
    // Refusals carry the headers as well: a page that may not read one cannot show why.
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router
        .layer(middleware::from_fn_with_state(state.clone(), headers::add))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(middleware::from_fn(connections::mark_request))
        .with_state(state)
}

/// Routes each command that says how far a call is to its progress.
fn progress() -> Router<AppState> {
    let commands = Progress::ALL.into_iter().filter_map(|progress| Some((progress, progress.path()?)));
    commands.fold(Router::new(), |router, (progress, path)| {
        let handler = move |state, id, command| commands::progress(state, id, command, progress);
        router.route(&format!("/alert/{{id}}/{path}"), post(handler))
    })
}

/// Routes the addresses that `app` has pages for. Listing its routes also makes leptos spawn on tokio, without which no page
/// can be rendered.
fn pages() -> Router<AppState> {
    let _ = leptos_axum::generate_route_list(app::App);
    PAGES.iter().fold(Router::new(), |router, page| router.route(page.path, get(show_page)))
}

async fn show_page(State(state): State<AppState>, request: Request) -> Response {
    if !state.settings.roles.web {
        return role_absent("show pages", "web");
    }
    pages::page(State(state), request).await
}

/// What no route answers: a file, or that there is none.
fn elsewhere_files(state: &AppState, on_pages: RunOn) -> Router {
    let otherwise = Router::new().fallback(nothing_here).with_state(state.clone());
    let files = site::files(&state.settings.site_dir, otherwise);
    let web = state.settings.roles.web;
    Router::new()
        .fallback(move |request: Request| {
            let files = files.clone();
            async move {
                if !web {
                    return not_found();
                }
                match files.oneshot(request).await {
                    Ok(response) => response.map(axum::body::Body::new),
                    Err(never) => match never {},
                }
            }
        })
        .layer(middleware::from_fn(site::cache))
        .layer(CompressionLayer::new())
        .layer(on_pages)
}

/// People get a page that says so, programs a problem.
async fn nothing_here(State(state): State<AppState>, request: Request) -> Response {
    let accept =
        request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if request.method() == Method::GET && accept.contains("text/html") {
        let mut response = pages::page(State(state), request).await;
        if response.status().is_success() {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        return response;
    }
    not_found()
}

fn not_found() -> Response {
    Kind::NOT_FOUND
        .because("There is nothing at this address; /openapi.json lists what there is.")
        .into_response()
}

async fn method_not_allowed() -> Problem {
    Kind::METHOD_NOT_ALLOWED
        .because("This address does not know the method; the Allow header lists those it knows.")
}

async fn needs_producer(State(state): State<AppState>, request: Request, next: middleware::Next) -> Response {
    if !state.settings.roles.producer {
        return role_absent("take calls", "producer");
    }
    next.run(request).await
}

/// Neither the query (it may hold what a caller wrote) nor any header goes into the log.
fn span(request: &Request) -> tracing::Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), id)
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    // The panic's own message is in the log: the panic hook wrote it.
    Kind::INTERNAL
        .because("The server failed at this; try again, and tell the administrator if it stays so.")
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_page_of_the_table_has_a_route_in_the_application_and_the_other_way_round() {
        let mut listed: Vec<_> =
            leptos_axum::generate_route_list(app::App).iter().map(|page| page.path().to_owned()).collect();
        listed.sort();
        let mut pages: Vec<_> = PAGES.iter().map(|page| page.path.to_owned()).collect();
        pages.sort();
        assert_eq!(listed, pages);
    }
}
