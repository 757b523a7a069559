//! Every route, and the layers around them.

use app::page_table::{ME_LEAVE, PAGES};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware,
    response::{IntoResponse, Response},
};
use domain::Progress;
use http::{HeaderName, Method, StatusCode, header};
use tower::{ServiceBuilder, ServiceExt};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    trace::TraceLayer,
};

use crate::{
    asyncapi, audit, auth, board, commands,
    config::{OIDC_CALLBACK, SITE_PLAN_ADDRESS},
    connections, drills, figures, headers, health, me, metrics, my_sign_in, openapi, origin, pages, people,
    problem::{Kind, Problem, role_absent},
    push,
    routes::Routes,
    runtimes::{Handles, RunOn},
    sign_in, site, site_plan, socket,
    state::AppState,
    traces,
};

/// The longest body, in octets. A call of 1 000 characters needs a tenth.
const BODY_LIMIT: usize = 64 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The whole service. Commands run where the router runs, and so does what takes no time.
///
/// Neighbouring layers are added together, the outermost first. Each addition to a router is a box that every request
/// copies with all the boxes behind it.
pub(crate) fn router(state: AppState, runtimes: &Handles) -> Router {
    let (on_sockets, on_pages) = (RunOn(runtimes.sockets.clone()), RunOn(runtimes.pages.clone()));
    let cors = origin::cors_layer(&state.settings.allowed_origins);
    let Groups { commands, others, uploads, sockets, always } = groups();
    let mut commands = commands.into_router();
    if !state.settings.roles.producer {
        commands = commands.route_layer(middleware::from_fn(without_producer));
    }
    if state.settings.traces.is_some() {
        commands = commands.route_layer(middleware::from_fn(traces::trace));
    }
    let others = others
        .into_router()
        .merge(uploads.into_router().layer(DefaultBodyLimit::max(people::UPLOAD_LIMIT)))
        .layer(CompressionLayer::new())
        .layer(on_pages.clone());
    let sockets = sockets.into_router().layer(on_sockets);
    let router = commands
        .merge(others)
        .merge(sockets)
        .merge(always.into_router())
        .fallback_service(elsewhere_files(&state, on_pages))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(
            ServiceBuilder::new()
                .layer(metrics::layer())
                .layer(middleware::from_fn_with_state(state.clone(), auth::renew_cookie))
                .layer(DefaultBodyLimit::max(BODY_LIMIT))
                .layer(middleware::from_fn_with_state(state.origins.clone(), origin::check_origin))
                .layer(CatchPanicLayer::custom(panicked)),
        );
    // Refusals carry the headers as well, because a page that may not read one cannot show its reason.
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn(connections::mark_request))
                .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
                .layer(PropagateRequestIdLayer::new(REQUEST_ID))
                .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
                .layer(middleware::from_fn_with_state(state.clone(), headers::add)),
        )
        .with_state(state)
}

/// Every route, by the layers around it.
struct Groups {
    /// Need the producer.
    commands: Routes,
    /// Pages, sign-in and the office run beside the calls.
    others: Routes,
    /// As the others, with longer bodies.
    uploads: Routes,
    /// Run where the sockets run.
    sockets: Routes,
    /// Take no time.
    always: Routes,
}

fn groups() -> Groups {
    let others = Routes::default()
        .post("/api/session", sign_in::start_session)
        .get("/api/session", sign_in::show_session)
        .delete("/api/session", sign_in::end_session)
        .post("/sign-in", sign_in::form_sign_in)
        .post("/sign-in/code", sign_in::code::form_code)
        .get(sign_in::service::BEGIN, sign_in::service::begin)
        .get(OIDC_CALLBACK, sign_in::service::callback)
        .post("/me/sign-in", my_sign_in::act)
        .post("/sign-out", sign_in::form_sign_out)
        .get(SITE_PLAN_ADDRESS, site_plan::picture)
        .get("/api/statistics", figures::json)
        .get("/api/statistics.csv", figures::table)
        .get("/api/incidents.csv", figures::calls)
        .get("/api/push/key", push::key)
        .get("/api/push/subscriptions", push::list)
        .post("/api/push/subscriptions", push::subscribe)
        .delete("/api/push/subscriptions/{id}", push::remove)
        .post("/api/push/subscriptions/{id}/test", push::test)
        .post("/api/push/subscriptions/{id}/shown", push::shown)
        .get("/me/data.json", me::data)
        .post("/me/location", me::choose)
        .post(ME_LEAVE.path, me::leave)
        .get("/metrics", metrics::for_administrators)
        .get("/openapi.json", openapi::document)
        .get("/asyncapi.json", asyncapi::document);
    Groups {
        commands: commands(),
        others: pages(office(others)),
        uploads: Routes::default()
            .post("/api/people/import", people::import)
            .post("/admin/people/import", people::import_page),
        sockets: Routes::default().get("/an-ws", socket::upgrade),
        always: Routes::default().get("/healthz", health::alive).get("/readyz", health::ready),
    }
}

/// The commands. Each that reports progress has the path of its progress.
fn commands() -> Routes {
    let commands = Routes::default()
        .post("/alert", commands::press)
        .post("/accept", commands::accept)
        .post("/alert/{id}/location", commands::locate);
    let progress = Progress::ALL.into_iter().filter_map(|progress| Some((progress, progress.path()?)));
    progress.fold(commands, |commands, (progress, path)| {
        let handler = move |state, id, command| commands::progress(state, id, command, progress);
        commands.post(&format!("/alert/{{id}}/{path}"), handler)
    })
}

/// The people of the complex, joining them, and the screens and the board of the office.
fn office(routes: Routes) -> Routes {
    routes
        .get("/api/people", people::list)
        .post("/api/people/{name}/lock", people::lock)
        .post("/api/people/{name}/unlock", people::unlock)
        .post("/api/people/{name}/end-sessions", people::end_sessions)
        .post("/api/people/{name}/role", people::set_role)
        .post("/api/people/{name}/reset", people::reset)
        .post("/api/people/{name}/move-out", people::move_out)
        .post("/api/houses", people::add_house)
        .post("/api/houses/remove", people::remove_house)
        .post("/api/lines/neighbours", people::set_neighbours)
        .post("/api/lines/remove", people::remove_line)
        .post("/api/invitations", people::invite)
        .get("/api/escalation", people::rules)
        .post("/api/escalation", people::set_rules)
        .post("/admin/people/cards", people::cards)
        .post("/api/drills", drills::start)
        .post("/api/audit.csv", audit::table)
        .post("/api/audit/check", audit::check)
        .get("/api/displays", people::list_displays)
        .post("/api/displays", people::make_display)
        .post("/api/displays/{id}/revoke", people::revoke_display)
        .post("/admin/board/displays", people::make_display_page)
        .get("/admin/board/calls", board::calls)
        .get(board::PLAN_ADDRESS, board::picture)
        .post("/join/{code}", people::join)
}

/// Adds the addresses that `app` has pages for. Listing its routes also makes leptos spawn on tokio, without which no
/// page can be rendered.
fn pages(routes: Routes) -> Routes {
    let _ = leptos_axum::generate_route_list(app::App);
    PAGES.iter().fold(routes, |routes, page| routes.get(page.path, show_page))
}

async fn show_page(State(state): State<AppState>, request: Request) -> Response {
    if !state.settings.roles.web {
        return role_absent("show pages", "web");
    }
    pages::page(State(state), request).await
}

/// Returns the answer to an address without a route, which is a file, or that there is none.
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
        .layer(middleware::from_fn_with_state(site::Version::of(&state.settings.site_dir), site::cache))
        .layer(CompressionLayer::new())
        .layer(on_pages)
}

/// People get a page about it, and programs a problem.
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

/// The answer to every command where there is no producer.
async fn without_producer(_: Request, _: middleware::Next) -> Response {
    role_absent("take calls", "producer")
}

/// Neither the query (it may hold what a caller wrote) nor any header goes into the log.
fn span(request: &Request) -> tracing::Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), id)
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    // The panic's own message is in the log, because the panic hook wrote it.
    Kind::INTERNAL
        .because("The server failed at this; try again, and inform the administrator if it fails again.")
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

    #[tokio::test]
    async fn every_route_and_every_destination_has_a_row_in_the_table_of_who_may() {
        let Groups { commands, others, uploads, sockets, always } = groups();
        let all = [commands, others, uploads, sockets, always];
        let routes = all.iter().flat_map(Routes::listed).map(|(method, path)| format!("{method} {path}"));
        let destinations = domain::destination::ALL.map(|(command, name)| format!("{command} {name}"));
        let mut expected: Vec<String> = routes.chain(destinations).collect();
        let table = include_str!("../tests/it/authorization.csv");
        let mut table = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(table.as_bytes());
        let rows = table.records().map(|row| row.map(|row| format!("{} {}", &row[0], &row[1])));
        let mut rows = rows.collect::<Result<Vec<_>, _>>().expect("a table");
        expected.sort();
        rows.sort();
        assert_eq!(rows, expected);
    }
}
