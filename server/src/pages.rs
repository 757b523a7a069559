//! The pages, with the data that the server gives them, and the redirects before one is rendered.

mod extras;
mod late;
mod redirects;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use app::{
    context::{DemoAccounts, Ground, PageContext, PressAsksAfter, Tiles},
    page_table::SIGN_IN,
};
use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use backend::people::accounts::{DEMO_PASSWORD, DEMO_RESIDENTS};
use domain::{Resident, statistics::Zone};
use http::{HeaderName, HeaderValue, Method, header, request::Parts};
use http_body_util::BodyExt;
use leptos::{nonce::Nonce, prelude::provide_context};

pub(crate) use self::extras::Extras;
use self::{extras::extras, redirects::elsewhere};
use crate::{
    auth, board,
    budgets::Holder,
    config::{Settings, TileSource},
    headers,
    problem::{Kind, Problem, role_absent},
    state::AppState,
};

/// Renders the page of the address, when it is its turn; an unknown address has a page, too.
pub(crate) async fn page(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let session = match auth::session(&state, &parts).await {
        Ok(credentials) => credentials.map(|credentials| credentials.session),
        // A person who cannot be looked up may still sign in, or read a page that is shown to anybody.
        Err(problem) if SIGN_IN.is_at(parts.uri.path()) => {
            tracing::debug!(problem = problem.detail, "the sign-in page is shown without a look-up");
            None
        }
        Err(problem) => return late::answer(&parts, problem),
    };
    if let Some(board) = board::entrance(&state, &parts) {
        return board;
    }
    let elsewhere = elsewhere(&parts, session.as_ref()).filter(|_| !board::has_display(&parts));
    if let Some(elsewhere) = elsewhere {
        return ([(header::CACHE_CONTROL, "no-store")], Redirect::to(&elsewhere)).into_response();
    }
    let viewer = session.as_ref().map(|session| &session.resident);
    let holder = board::holder(&state, &parts)
        .unwrap_or_else(|| Holder::new(viewer, state.proxies.sender(&parts).network()));
    let _turn = match state.budgets.pages.enter(holder).await {
        Ok(turn) => turn,
        Err(problem) => return late::answer(&parts, problem),
    };
    let extras = match extras(&state, &parts, session.as_ref()).await {
        Ok(extras) => extras,
        Err(problem) => return late::answer(&parts, problem),
    };
    let display_cookie = board::renewed_cookie(&state, &parts, viewer);
    let context = context(&state, session.map(|session| session.resident));
    let mut page = render(state, context, extras, Request::from_parts(parts, body)).await;
    if let Some(cookie) = display_cookie {
        page.headers_mut().append(header::SET_COOKIE, cookie);
    }
    page
}

/// Marks a page that answers a form, whatever its status. The service worker takes an error page without it for one of a
/// proxy, and offers to send the form again.
const OWN_ANSWER: HeaderName = HeaderName::from_static("iutsai-answer");

/// Renders the page of an address to which a form was sent, with what the form led to.
pub(crate) async fn answer(
    state: AppState,
    mut parts: Parts,
    viewer: Option<Resident>,
    extras: Extras,
) -> Response {
    if !state.settings.roles.web {
        return role_absent("show pages", "web");
    }
    let holder = Holder::new(viewer.as_ref(), state.proxies.sender(&parts).network());
    let _turn = match state.budgets.pages.enter(holder).await {
        Ok(turn) => turn,
        Err(problem) => return late::answer(&parts, problem),
    };
    parts.method = Method::GET;
    let context = context(&state, viewer);
    let mut page = render(state, context, extras, Request::from_parts(parts, Body::empty())).await;
    page.headers_mut().insert(OWN_ANSWER, HeaderValue::from_static("form"));
    page
}

/// Answers in the place of a page that cannot be rendered yet.
pub(crate) fn late(parts: &Parts, problem: Problem) -> Response {
    late::answer(parts, problem)
}

/// Returns the complex's time zone.
pub(crate) fn zone(state: &AppState) -> Arc<dyn Zone> {
    Arc::new(state.backend.statistics.zone().clone())
}

fn context(state: &AppState, viewer: Option<Resident>) -> PageContext {
    let flat = viewer.as_ref().and_then(Resident::flat);
    let keeps_back = |viewer: &Resident| state.backend.privacy.keeps_location_back(&viewer.name);
    PageContext {
        reach: flat.and_then(|(line, house)| state.backend.reach.neighbours(line, Some(house))),
        location_off: viewer.as_ref().is_some_and(keeps_back),
        socket: viewer.as_ref().and_then(|viewer| state.settings.shards.address_for(viewer)),
        viewer,
        ground: ground(&state.settings),
        demo: state.settings.demo.then(|| DemoAccounts {
            names: DEMO_RESIDENTS.iter().map(|(name, _)| (*name).to_owned()).collect(),
            password: DEMO_PASSWORD.to_owned(),
        }),
        now: now(),
    }
}

/// Returns the ground under the map's markers. Tiles go before a plan.
pub(crate) fn ground(settings: &Settings) -> Ground {
    match (&settings.tiles, &settings.site_plan) {
        (Some(TileSource { url, attribution, .. }), _) => {
            Ground::Tiles(Tiles { url: url.clone(), attribution: attribution.clone() })
        }
        (None, Some(site_plan)) => Ground::Plan(site_plan.plan.clone()),
        (None, None) => Ground::Paper,
    }
}

/// Renders whole, because the page is small, and its rendering must not run where calls are answered.
async fn render(state: AppState, context: PageContext, extras: Extras, request: Request) -> Response {
    let nonce = Nonce::new();
    let policy = headers::page_policy(&nonce, request.headers(), state.settings.tiles.as_ref());
    let hub = state.backend.hub.clone();
    let asks_after = PressAsksAfter(millis(state.settings.press_asks_after));
    let provide = move || {
        provide_context(nonce.clone());
        provide_context(context.clone());
        provide_context(asks_after);
        provide_context(hub.clone());
        extras.clone().provide();
    };
    let options = state.leptos.clone();
    let handler = leptos_axum::render_app_async_with_context(provide, move || app::shell(options.clone()));
    let (mut parts, body) = handler(request).await.into_parts();
    let Ok(html) = body.collect().await else {
        return Kind::INTERNAL.because("The page broke off while it was made; try again.").into_response();
    };
    parts.headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Response::from_parts(parts, Body::from(html.to_bytes()))
}

fn now() -> domain::Millis {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(duration: Duration) -> domain::Millis {
    domain::Millis::try_from(duration.as_millis()).unwrap_or(domain::Millis::MAX)
}
