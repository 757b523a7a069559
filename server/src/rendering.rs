//! The rendering of a page with the data that was read for it, also as the answer to a form.

mod extras;
mod late;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use app::context::{DemoAccounts, PageContext, PressAsksAfter};
use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use backend::people::accounts::{DEMO_PASSWORD, DEMO_RESIDENTS};
use domain::Resident;
use http::{HeaderName, HeaderValue, Method, header, request::Parts};
use http_body_util::BodyExt;
use leptos::{nonce::Nonce, prelude::provide_context};

pub(crate) use self::{extras::Extras, late::answer as late};
use crate::{
    budgets::Holder,
    headers,
    problem::{Kind, role_absent},
    state::AppState,
};

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
        Err(problem) => return late(&parts, problem),
    };
    parts.method = Method::GET;
    let context = context(&state, viewer);
    let mut page = render(state, context, extras, Request::from_parts(parts, Body::empty())).await;
    page.headers_mut().insert(OWN_ANSWER, HeaderValue::from_static("form"));
    page
}

/// Returns what every page has.
pub(crate) fn context(state: &AppState, viewer: Option<Resident>) -> PageContext {
    let flat = viewer.as_ref().and_then(Resident::flat);
    let keeps_back = |viewer: &Resident| state.backend.privacy.keeps_location_back(&viewer.name);
    PageContext {
        reach: flat.and_then(|(line, house)| state.backend.reach.neighbours(line, Some(house))),
        location_off: viewer.as_ref().is_some_and(keeps_back),
        socket: viewer.as_ref().and_then(|viewer| state.settings.shards.address_for(viewer)),
        viewer,
        ground: state.settings.ground(),
        demo: state.settings.demo.then(|| DemoAccounts {
            names: DEMO_RESIDENTS.iter().map(|(name, _)| (*name).to_owned()).collect(),
            password: DEMO_PASSWORD.to_owned(),
        }),
        now: now(),
    }
}

/// Renders whole, because the page is small, and its rendering must not run where calls are answered.
pub(crate) async fn render(
    state: AppState,
    context: PageContext,
    extras: Extras,
    request: Request,
) -> Response {
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
