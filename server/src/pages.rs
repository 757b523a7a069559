//! The pages, with the data that the server gives them, and the redirects before one is rendered.

mod reading;
mod redirects;

use std::sync::Arc;

use app::page_table::SIGN_IN;
use axum::{
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::header;

use self::{reading::read, redirects::elsewhere};
use crate::{
    auth, board,
    budgets::Holder,
    rendering::{context, late, render},
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
        Err(problem) => return late(&parts, problem),
    };
    if let Some(board) = board::entrance(&state, &parts) {
        return board;
    }
    let elsewhere = elsewhere(&parts, session.as_ref()).filter(|_| !board::has_display(&parts));
    if let Some(elsewhere) = elsewhere {
        return ([(header::CACHE_CONTROL, "no-store")], Redirect::to(&elsewhere)).into_response();
    }
    let viewer = session.as_ref().map(|session| &*session.resident);
    let holder = board::holder(&state, &parts)
        .unwrap_or_else(|| Holder::new(viewer, state.proxies.sender(&parts).network()));
    let _turn = match state.budgets.pages.enter(holder).await {
        Ok(turn) => turn,
        Err(problem) => return late(&parts, problem),
    };
    let extras = match read(&state, &parts, session.as_ref()).await {
        Ok(extras) => extras,
        Err(problem) => return late(&parts, problem),
    };
    let display_cookie = board::renewed_cookie(&state, &parts, viewer);
    let context = context(&state, session.map(|session| Arc::unwrap_or_clone(session.resident)));
    let mut page = render(state, context, extras, Request::from_parts(parts, body)).await;
    if let Some(cookie) = display_cookie {
        page.headers_mut().append(header::SET_COOKIE, cookie);
    }
    page
}
